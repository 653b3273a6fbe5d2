"""The twelve steps of a call at a desk, each reached by the operator's own commands, and what its
caller heard while something broke. Used with a phone as headset (tests/call) and with a browser
(tests/browser): whoever speaks says a tone of his own, so each is known by his pitch."""
import time

import numpy as np

from . import sound
from .server import prompt

OPERATOR, TARGET, MANAGER = 1500, 700, 950
TONES = {"operator": OPERATOR, "target": TARGET, "manager": MANAGER, "ringing": 450}
SENTENCES = ("operator.soon", "operator.wait", "through.still_waiting", "attendant.greeting",
             "through.one_moment", "through.no_answer")
STEP_MS = 100
DRAFTS = {
    "screening": {"kind": "screening", "fields": {"surname": {"text": "王", "declined": False},
                                                  "organisation": {"text": "华建工", "declined": False}}},
    "message": {"kind": "message", "fields": {"surname": {"text": "王先生", "declined": False},
                                              "matter": {"text": "请张经理回电，三期材", "declined": False}}},
}
_n = [13900000000]

# What exact state the call is in; the caller is with the operator, or has music (or rings).
STEPS = {
    "ringing at the desk": ("ringing", "ring", False),
    "in hand": ("in_hand", "desk", True),
    "target ringing": ("in_hand", "target", True),
    "let go": ("let_go", "target", False),
    "returned": ("returned", "queue", False),
    "screening form half written": ("in_hand", "desk", True),
    "consultation ringing": ("in_hand", "consult", False),
    "consultation answered": ("in_hand", "consult", False),
    "held": ("held", "held", False),
    "parked": ("parked", None, False),
    "conference": ("in_hand", "three", True),
    "message slip half written": ("in_hand", "desk", True),
}


class Cell:
    """One call in one step. `d` gives commands for the operator's position; `types` writes a form
    (kind), by the API unless the test has a page to type on."""

    def __init__(self, s, d, step, phones, types=None):
        self.s, self.d, self.step, self.phones = s, d, step, phones
        self.draft = None
        self.types = types or self.types_by_api
        self.others = []
        _n[0] += 1
        self.caller = s.outside(str(_n[0]))
        self.call = self.caller.call("8000")
        self.number, self.cut = self.caller.user, None
        try:
            self.row = d.wait_row(self.number, timeout=10)
            getattr(self, "to_" + step.replace(" ", "_"))()
            d.wait(self.there, 8, f"{step}: {STEPS[step]}")
            self.row = d.from_number(self.number)
        except BaseException:
            self.end()
            raise

    def there(self):
        bay, state, _ = STEPS[self.step]
        row = self.d.from_number(self.number) or {}
        if state == "ring" and self.cut and row.get("bay") == "attendant":
            return True  # its rings were over; it keeps its row
        return row.get("bay") == bay and (state is None or row.get("state") == state)

    @property
    def together(self):
        return STEPS[self.step][2]

    def types_by_api(self, kind):
        self.draft = DRAFTS[kind]
        self.d.ask("PUT", f"/api/v1/desk/drafts/{self.row['no']}", self.draft)

    # the way to each step
    def take(self):
        self.d.command("answer", self.d.from_number(self.number))
        self.d.wait_row(self.number, "in_hand")
        self.call.wait_up()
        self.row = self.d.from_number(self.number)

    def say(self, call, hz):
        call.rtp.say(sound.tone(hz, 60000))
        self.others.append(call)
        return call

    def rings(self, number, hz, answers=False):
        call = self.phones[number].wait_call(8)
        call.ring()
        self.others.append(call)
        if answers:
            call.answer()
            self.say(call, hz)
        return call

    def to_ringing_at_the_desk(self):
        self.call.wait_status(180)

    def to_in_hand(self):
        self.take()

    def to_target_ringing(self):
        self.take()
        self.d.command("put_through", target={"number": "8312"})
        return self.rings("8312", TARGET)

    def to_let_go(self):
        theirs = self.to_target_ringing()
        self.d.command("let_go", self.row)
        return theirs

    def to_returned(self):
        theirs = self.to_let_go()
        theirs.refuse(480)

    def to_screening_form_half_written(self):
        self.take()
        self.types("screening")

    def to_consultation_ringing(self, answers=False):
        self.take()
        self.d.command("screen", value={"surname": True, "organisation": True, "matter": True})
        self.d.command("consult", target={"number": "8801"})
        self.rings("8801", MANAGER, answers)

    def to_consultation_answered(self):
        self.to_consultation_ringing(True)
        self.d.wait(lambda: self.d.from_number(self.number)["consulted"], what="consulted")

    def to_held(self):
        self.take()
        self.d.command("hold")

    def to_parked(self):
        self.take()
        self.d.command("park")

    def to_conference(self):
        self.take()
        self.d.command("consult", target={"number": "8312"})
        self.rings("8312", TARGET, True)
        self.d.wait(lambda: self.d.from_number(self.number)["consulted"], what="consulted")
        self.d.command("conference")

    def to_message_slip_half_written(self):
        self.take()
        self.types("message")

    # what was heard
    def breaks(self):
        self.cut = time.monotonic()

    def heard(self):
        """Until our first sound a caller who isn't answered hears the 180: his own line's ringing."""
        parts = heard(self.call.rtp, self.cut)
        if self.step == "ringing at the desk" and parts and parts[0][0] == "silence":
            parts[0] = ("ringing", parts[0][1])
        return parts

    def hears(self, who, timeout=10):
        """Waits until the caller hears the one of that tone; when it was."""
        end = time.monotonic() + timeout
        while True:
            x = self.call.rtp.samples(200)
            if who in tones(x):
                return time.monotonic()
            assert time.monotonic() < end, f"{self.step}: the caller doesn't hear {who}: {text(self.heard())}"
            time.sleep(0.02)

    def drafts(self):
        return self.d.ask("GET", "/api/v1/desk")["drafts"].get(str(self.row["no"]))

    def end(self):
        """The caller hangs up, and so does whoever is still there."""
        for c in [self.call, *self.others]:
            if c.state not in ("ended", "new"):
                c.hang_up()
            c.rtp.close()
        self.d.wait(lambda: self.d.from_number(self.number) is None, 8, "no call")
        self.caller.close()
        if self.caller in self.s.phones:
            self.s.phones.remove(self.caller)


# ---- sound, told apart ----

def tones(x):
    """Who is heard in this stretch."""
    if len(x) < 400 or sound.level(x) < -50:
        return []
    power = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    hz = np.fft.rfftfreq(len(x), 1 / sound.RATE)
    total = power.sum()
    return [who for who, f in TONES.items() if power[np.abs(hz - f) < 35].sum() > 0.3 * total]


def timeline(rtp, since):
    """All sound since then, by its time of arrival: what didn't come is silence. And what came."""
    frames = [(p[0], f) for p, f in zip([p for p in list(rtp.packets) if p[1] in (0, 8)], list(rtp.heard))]
    out, at = [], 0
    for t, f in frames:
        if t < since:
            continue
        due = int((t - since) * sound.RATE)
        if due - at > 0.25 * sound.RATE:
            out.append(np.zeros(due - at, np.int16))
            at = due
        out.append(f)
        at += len(f)
    missing = int((time.monotonic() - since) * sound.RATE) - at
    if missing > 0.25 * sound.RATE:
        out.append(np.zeros(missing, np.int16))
    return np.concatenate(out) if out else np.zeros(0, np.int16)


def heard(rtp, since):
    """[(what, ms)…]: operator, target, manager, ringing, music, silence, “name of a sentence”."""
    x = timeline(rtp, since)
    n = sound.RATE * STEP_MS // 1000
    what = []
    for i in range(0, len(x) - n + 1, n):
        piece = x[i:i + n]
        who = tones(piece)
        what.append("+".join(who) if who else "silence" if sound.level(piece) < -50 else "music")
    for name in SENTENCES:
        sentence(x, name, what, n)
    smooth(what)
    return runs(what)


def sentence(x, name, what, n):
    """Marks where it was said; one that was broken off is known by its first second."""
    try:
        clip = prompt(name)
    except OSError:
        return
    for piece, least in ((clip, 0.45), (clip[:sound.RATE], 0.7)):
        at = 0
        while len(x) - at >= len(piece):
            hit = sound.find(x[at:], piece, least)
            if not hit:
                break
            first = int(at + hit[0] * sound.RATE / 1000)
            mark(what, first // n, (first + len(clip)) // n + 1, f"“{name}”")
            at = first + len(piece)


def mark(what, first, last, name):
    """Speech has its pitches too: only three stretches of somebody's tone break a sentence off."""
    for i in range(first, min(len(what), last)):
        if all(w not in ("music", "silence", name) for w in what[i:i + 3]):
            return
        what[i] = name


def runs(what):
    out = []
    for w in what:
        if out and out[-1][0] == w:
            out[-1][1] += STEP_MS
        else:
            out.append([w, STEP_MS])
    return [(w, ms) for w, ms in out]


def smooth(what):
    """The pause of a ringing tone belongs to it, as do a melody's; a lone stretch is no run."""
    i = 0
    while i < len(what):
        j = i
        while j < len(what) and what[j] == what[i]:
            j += 1
        before, after = what[i - 1] if i else None, what[j] if j < len(what) else None
        pause = what[i] == "silence" and (
            (before == "ringing" and j - i <= 50)
            or (after == "ringing" and i == 0)
            or (before == after and before is not None and j - i <= 5))
        note = what[i] == "ringing" and j - i < 9 and "music" in (before, after)  # a melody has 440 Hz too
        if pause or note:
            what[i:j] = ["music" if note else before or after] * (j - i)
        elif j - i == 1 and before is not None and after is not None:
            what[i] = before
        i = j


def text(parts):
    return ", ".join(f"{w} {ms / 1000:.1f} s" for w, ms in parts) or "nothing"


def longest(parts, what):
    return max([ms for w, ms in parts if w == what], default=0)


def tell(step, kind, back_ms, parts):
    """A row of the table: step, breakage, back after, what the caller heard."""
    back = "–" if back_ms is None else f"{back_ms:.0f} ms"
    print(f"     {step:28} {kind:14} {back:>8}  {text(parts)}", flush=True)
