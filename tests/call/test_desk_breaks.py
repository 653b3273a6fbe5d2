"""A call breaks off at the desk in each of its twelve steps (issue 3, Done 3): the server is killed
and started again; the operator is gone for good. A reloaded, killed, cut off or sleeping browser is
tests/browser/breaks.mjs. Prints what each caller heard. One cell of each kind; all with
ZONGJI_TIER=full."""
import os
import time

from lib import breaks
from lib.breaks import STEPS, Cell
from lib.desk import Desk
from lib.server import Server, hears

FULL = os.environ.get("ZONGJI_TIER") == "full"
ENDED_MS, AGAIN_MS = 2000, 3000
SILENCE_MS = 4500   # until what is lost is noticed, on a sanitized program whose cores are shared
MEASURES = {"ringing": {"target": "30s"}, "calls": {"silent_line": "60s"}, "parking": {"return_after": "60s"},
            "desk": {"grace": "3s", "returned": "30s"}, "attendant": {"wait_word": "20s", "operator_wait": "40s"}}


def world():
    s = Server("desk_breaks", measures=MEASURES, start=False)
    return s.start()


class Around:
    """The operator, a colleague, and the phones that calls are put through to."""

    def __init__(self, s, colleague):
        self.s = s
        self.d = Desk(s, "operator1").on_duty()
        self.e = Desk(s, "operator2").on_duty() if colleague else None
        self.phones = {n: s.phone(n) for n in ("8312", "8801")}
        self.d.headset.rtp.say(breaks.sound.tone(breaks.OPERATOR, 600000))

    def close(self):
        for d in (self.d, self.e):
            if d:
                d.close()
        for p in self.s.phones:
            p.close()
        self.s.phones = []


# ---- the server is killed ----

def ended_in_order(cell, healthy):
    """BYE or CANCEL for all that was up or rang; a caller who wasn't answered runs out by himself."""
    waits = [c for c in [cell.call, *cell.others] if c.state in ("up", "ringing", "answering") and
             not (c is cell.call and cell.step == "ringing at the desk")]
    for c in waits:
        c.wait(lambda c=c: c.state == "ended", max(0.1, healthy + ENDED_MS / 1000 - time.monotonic()) + 1,
               "the dialog's end")
    return [c.requests[-1].method for c in waits]


def called_again(s, healthy):
    """The number answers; ms since the server was healthy, and the call."""
    call = s.outside("13700000001").call("8000").wait_up(6)
    return (time.monotonic() - healthy) * 1000, call


def killed(s, step):
    w = Around(s, colleague=False)
    cell = Cell(s, w.d, step, w.phones)
    draft, no, cookie = cell.draft, cell.row["no"], w.d.cookie
    s.wait_query("SELECT seq FROM steps WHERE call_no = ?", no, timeout=15)
    cell.breaks()
    w.d.closed = True
    s.kill()
    s.start()
    healthy = time.monotonic()
    again_ms, again = called_again(s, healthy)
    ended_in_order(cell, healthy)
    heard = cell.heard()
    hears(again, "attendant.greeting")
    again.hang_up()
    assert again_ms <= AGAIN_MS, f"{step}: called again after {again_ms:.0f} ms"
    page = Desk(s, "operator1", beats=False)
    page.cookie = cookie  # the page's own session lives on
    kept = page.ask("GET", "/api/v1/desk")["drafts"].get(str(no))
    assert kept == draft, f"{step}: the half-written form is {kept}"
    row = s.wait_query("SELECT * FROM calls WHERE call_no = ?", no)[0]
    assert row["end_reason"] == "restarted", row
    page.closed = True
    for c in [cell.call, *cell.others]:
        c.rtp.close()
    w.close()
    return again_ms, heard


def test_killed_server(s):
    """The time is from healthy until the number answers again."""
    only = os.environ.get("STEP")
    for step in [only] if only else STEPS if FULL else ["screening form half written"]:
        breaks.tell(step, "killed server", *killed(s, step))


# ---- the operator is gone for good ----

def gone(s, step):
    """After the grace a colleague has it; what needs no operator goes its way."""
    w = Around(s, colleague=True)
    cell = Cell(s, w.d, step, w.phones)
    cell.breaks()
    w.d.vanish()
    if step == "ringing at the desk":
        w.e.wait(lambda: w.e.me()["no"] in w.e.from_number(cell.number)["ringing"], 9, "ringing at the colleague's")
    elif step in ("let go", "parked"):
        w.e.wait(lambda: any(p["state"] == "lost" for p in w.e.desk["positions"]), 9, "the desk lost")
        assert cell.there(), w.d.from_number(cell.number)
    else:
        w.e.wait(lambda: ready(w.e, cell), 15, "the call at the colleague's")
    assert cell.call.state != "ended", f"{step}: the caller was lost"
    if step != "parked":
        what = "pull_back" if step == "let go" else "answer"
        if what == "answer":
            w.e.command("answer", w.e.from_number(cell.number))
            w.e.wait_row(cell.number, "in_hand")
            w.e.headset.rtp.say(breaks.sound.tone(breaks.OPERATOR, 5000))
            cell.hears("operator")
    heard = cell.heard()
    if cell.draft:
        kept = w.e.ask("GET", "/api/v1/desk")["drafts"].get(str(cell.row["no"]))
        assert kept == cell.draft, f"{step}: the colleague sees {kept}"
    w.d.beats, w.d.closed = False, True
    cell.d = w.e
    cell.end()
    w.close()
    silent = breaks.longest(heard, "silence")
    assert silent <= SILENCE_MS, f"{step}: {silent} ms of silence: {breaks.text(heard)}"
    return heard


def ready(e, cell):
    row = e.from_number(cell.number)
    return row and row["bay"] == "returned" and (not row["ringing"] or e.me()["no"] in row["ringing"])


def test_gone_for_good(s):
    only = os.environ.get("STEP")
    for step in [only] if only else STEPS if FULL else ["conference"]:
        breaks.tell(step, "gone for good", None, gone(s, step))


def test_gone_for_good_and_nobody_else(s):
    """After the grace, with no colleague: the attendant has the caller."""
    w = Around(s, colleague=False)
    cell = Cell(s, w.d, "in hand", w.phones)
    cell.breaks()
    w.d.vanish()
    hears(cell.call, "attendant.greeting", timeout=25)
    breaks.tell("in hand", "nobody else", None, cell.heard())
    cell.call.hang_up()
    w.close()
