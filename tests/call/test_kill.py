"""`kill -9` at random moments (Done 7), under a supervisor like ./run's: calls that are up, calls that
ring, callers who leave messages. After each: healthy by itself, bindings there, dialogs ended in 2 s,
records closed, no message lost for which “kept” was heard, and each that was kept arrives by mail; one that
comes twice has the same Message-ID. 20 kills; 1,000 with ZONGJI_TIER=full; ZONGJI_KILLS for another number."""
import os
import random
import subprocess
import threading
import time

import yaml

from lib import phone, sound
from lib.reached import Mailbox, columns
from lib.server import NEVER, OUT, ROOT, Server, dump
from lib.softphone import write_wav

KILLS = int(os.environ.get("ZONGJI_KILLS", 1000 if os.environ.get("ZONGJI_TIER") == "full" else 20))
ENGINEERING = 3, "engineering@example.com"
ENDED_MS = 2000         # what a restart may take until each dialog has been ended
WORKERS = 4
# What a person “recorded” instead of the sentences: short, and each told by its pitch.
PITCH = {"message.ask": 1500, "message.choice": 1750, "message.kept": 1234, "message.not_kept": 2100}
BEEP = 1000


def recordings():
    """A folder of very short recordings, so that a message takes seconds, not half a minute."""
    folder = os.path.join(OUT, "kill-recordings")
    os.makedirs(os.path.join(folder, "zh-CN"), exist_ok=True)
    for name in os.listdir(os.path.join(ROOT, "tests", "out", "prompts", "zh-CN")):
        hz = PITCH.get(name[:-4], 350)
        write_wav(os.path.join(folder, "zh-CN", name), sound.tone(hz, 30 if hz == 350 else 200))
    return folder


class Supervised(Server):
    """Started again when a signal ended it, as ./run does."""

    def start(self):
        super().start()
        self.ending, self.starts, self.began = False, 1, time.monotonic()
        threading.Thread(target=self.watch, daemon=True).start()
        return self

    def watch(self):
        while True:
            status = self.process.wait()
            if self.ending or status >= 0:
                return
            time.sleep(0.1)
            self.began = time.monotonic()
            self.process = self.spawn()
            self.starts += 1

    def spawn(self):
        env = dict(os.environ, ZONGJI_ROOT=ROOT,
                   ZONGJI_SPEECH_CACHE=os.path.join(ROOT, "tests", "out", "speech"))
        command = self.process.args
        return subprocess.Popen(command, stdout=self.log, stderr=self.log, env=env)

    def kill_and_wait(self):
        """Kills it, waits for its return by itself; when it was killed, began and was healthy."""
        n, killed = self.starts, time.monotonic()
        self.process.kill()
        while time.monotonic() < killed + 30:
            try:
                if self.starts > n and self.health()["ok"]:
                    return killed, self.began, time.monotonic()
            except OSError:
                pass
            time.sleep(0.02)
        raise AssertionError(f"not healthy 30 s after a kill: {self.tail()}")

    def stop(self, *args, **more):
        self.ending = True
        try:
            return super().stop(*args, **more)
        finally:
            self.mail.stop()


def direct_number(config):
    """A number outside that goes straight to the closed department."""
    path = os.path.join(config, "node.yaml")
    with open(path) as f:
        n = yaml.safe_load(f)
    n["organisations"][0]["numbers"].append({"number": "02155508310", "to": "8310"})
    with open(path, "w") as f:
        dump(n, f)


def world():
    mail = Mailbox()

    def edit(config):
        direct_number(config)
        columns(config, departments={ENGINEERING[0]: {"mail": ENGINEERING[1]}})
        path = os.path.join(config, "node.yaml")
        with open(path) as f:
            n = yaml.safe_load(f)
        n["delivery"] = {"retry_first": "1s", "retry_longest": "2s", "attempts": 50, "mail": mail.node(config)}
        with open(path, "w") as f:
            dump(n, f)

    s = Supervised("kill", office=NEVER, csv_edit=edit, node={"speech": {"recordings": recordings()}},
                   measures={"messages": {"longest": "8s", "shortest": "300ms", "silence": "3s"},
                             "ringing": {"target": "30s"}, "calls": {"silent_line": "1min"}})
    s.mail = mail
    return s


class Ledger:
    """What callers were told, by number."""

    def __init__(self):
        self.lock, self.said, self.left, self.tried = threading.Lock(), [], [], 0
        self.stop = False

    def number(self):
        with self.lock:
            self.tried += 1
            return f"139{self.tried:08d}"


def hears(call, hz, timeout):
    """Whether the tone comes before the time or the call is over."""
    end = time.monotonic() + timeout
    while time.monotonic() < end and call.state == "up":
        x = call.rtp.samples(240)
        for at in range(0, len(x) - 799, 400):
            if sound.hears_tone(x[at:at + 800], hz, 12):
                return True
        time.sleep(0.08)
    return False


def leave_a_message(s, ledger, hang_up):
    """A caller of the closed engineering department; notes it when “kept” is heard."""
    p = phone.Phone(port=s.sip_port, user=ledger.number())
    call = p.call("02155508310")
    try:
        call.wait_up(1.5)
        if not hears(call, PITCH["message.ask"], 5) or not hears(call, BEEP, 3):
            return
        time.sleep(0.35)  # the tone's end
        call.rtp.say(sound.tone(500, 600, 0.5))
        time.sleep(0.6)
        if hang_up:
            call.hang_up()
            with ledger.lock:
                ledger.left.append(p.user)
            return
        call.digits("#")
        if not hears(call, PITCH["message.choice"], 4):
            return
        call.digits("1")
        if hears(call, PITCH["message.kept"], 4):
            with ledger.lock:
                ledger.said.append(p.user)
            call.wait(lambda: call.state == "ended", 2)
    except AssertionError:
        pass  # the kill came in between
    finally:
        if call.state not in ("ended", "new"):
            call.hang_up()
        time.sleep(0.3)
        p.close()


def worker(s, ledger, seed):
    r = random.Random(seed)
    while not ledger.stop:
        try:
            leave_a_message(s, ledger, r.random() < 0.25)
        except OSError:
            pass  # its socket has just been closed


class Open:
    """The calls of known phones: one up between two, one up from outside, one that rings."""

    def __init__(self, s):
        self.s = s
        self.a, self.b = s.phone("8313"), s.phone("8314")
        self.home, self.ringing, self.waits = s.phone("8312"), s.phone("8315"), s.phone("8401")
        for p in (self.a, self.b, self.home, self.ringing, self.waits):
            p.register(expires=3600)  # 200 kills last longer than a usual binding
        self.calls = []

    def connect(self, frm, number, to):
        call = frm.call(number)
        theirs = to.wait_call(5)
        theirs.ring()
        theirs.answer()
        call.wait_up()
        return call, theirs

    def begin(self, i):
        """A call rings the registered phones, which never register again."""
        out = self.out = self.s.outside(f"137{i:08d}")
        self.calls = [*self.connect(self.a, "8314", self.b), *self.connect(out, "02155508312", self.home)]
        self.calls += [self.waits.call("8315")]
        theirs = self.ringing.wait_call(5)
        theirs.ring()
        self.callee = theirs

    def ended(self):
        return all(c.state == "ended" for c in self.calls[:4]) and self.callee.state == "ended"

    def finish(self):
        self.calls[4].state = "ended"  # a caller who was never answered: nothing to end
        self.out.close()
        self.s.phones.remove(self.out)
        for p in (self.a, self.b, self.home, self.ringing, self.waits):
            for c in p.calls.values():
                c.rtp.close()
            p.calls.clear()


def check_records(s, i):
    """Records of what was open are closed as restarted, none is left open from before."""
    rows = s.wait_query("SELECT * FROM calls WHERE caller_number = ?", f"137{i:08d}")
    assert rows[0]["ended_ms"] and rows[0]["end_reason"] == "restarted", rows[0]
    last = s.query("SELECT kind FROM steps WHERE call_no = ? ORDER BY seq", rows[0]["call_no"])
    assert last[-1]["kind"] == "restarted" and [k["kind"] for k in last].count("connected") == 1, last


def check_messages(s, ledger):
    """The table said / kept / lost / doubled; each kept message's sound can be read."""
    rows = s.query("SELECT * FROM messages")
    kept = [r["from_number"] for r in rows]
    lost = [n for n in ledger.said if n not in kept]
    doubled = sorted({n for n in kept if kept.count(n) > 1})
    unreadable = []
    for r in rows:
        try:
            x = sound.read_wav(os.path.join(s.data, "sounds", r["recording"]))
            # anywhere: a busy machine sends the test's own tone with gaps
            if len(x) < 2400 or not any(sound.hears_tone(x[i:i + 800], 500, 12) for i in range(0, len(x) - 799, 400)):
                unreadable.append((r["from_number"], len(x), sound.pitch(x[:4000])))
        except Exception as e:
            unreadable.append((r["from_number"], str(e)))
    mails = [m["message-id"] for _, m in s.mail.of(ENGINEERING[1])]
    print(f"     messages: {ledger.tried} callers, {len(ledger.said)} heard “kept”, {len(kept)} kept, "
          f"{len(set(mails))} delivered, {len(lost)} lost, {len(doubled)} doubled, {len(unreadable)} unreadable; "
          f"{len(mails) - len(set(mails))} mails came once more, with the same Message-ID", flush=True)
    assert not lost and not doubled and not unreadable, (lost, doubled, unreadable)
    assert len(set(mails)) == len(kept), (len(set(mails)), len(kept))
    return len(rows)


def test_kill_at_random_moments(s):
    seed = int(os.environ.get("ZONGJI_SEED", time.time_ns() % 1000000))
    print(f"     seed {seed}", flush=True)
    r, ledger, open_calls = random.Random(seed), Ledger(), Open(s)
    threads = [threading.Thread(target=worker, args=(s, ledger, seed + i), daemon=True) for i in range(WORKERS)]
    for t in threads:
        t.start()
    healthy_ms, ended_ms = [], []
    for i in range(KILLS):
        open_calls.begin(i)
        # what is kept is what is durable: the call thread doesn't wait for the disk, so the test does
        s.wait_query("SELECT seq FROM steps JOIN calls USING (call_no) WHERE caller_number = ? AND "
                     "kind = 'connected'", f"137{i:08d}", timeout=15)
        time.sleep(0.3 + r.random() * 3.2)
        killed, began, healthy = s.kill_and_wait()
        while not open_calls.ended():
            assert time.monotonic() < healthy + 5, \
                f"kill {i}: not ended: {[c.state for c in open_calls.calls]} {open_calls.callee.state}\n{s.tail()}"
            time.sleep(0.02)
        ended_ms.append((time.monotonic() - healthy) * 1000)
        healthy_ms.append((healthy - began) * 1000)
        assert ended_ms[-1] <= ENDED_MS, f"kill {i}: dialogs ended {ended_ms[-1]:.0f} ms after healthy"
        open_calls.finish()
        check_records(s, i)
    ledger.stop = True
    for t in threads:
        t.join(20)
    time.sleep(1)
    s.wait_query("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE state = 0)", timeout=20)
    print(f"     {KILLS} kills: healthy again after {sorted(healthy_ms)[KILLS // 2]:.0f} ms in the median, "
          f"{max(healthy_ms):.0f} ms at most; dialogs ended {max(ended_ms):.0f} ms later at most", flush=True)
    assert check_messages(s, ledger) >= KILLS // 4, "too few messages for a test"
    still = s.query("SELECT caller_number, started_ms FROM calls WHERE ended_ms = 0")
    assert not still, f"records still open: {still}"
