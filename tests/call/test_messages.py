"""Storage stalled and storage full under calls: calls go on and /healthz says so; nothing that was
told is lost, and when there is room again every step is there. A caller whose message can't be kept
is told that, not “kept”."""
import os
import sqlite3
import subprocess
import time

from lib import sound
from lib.server import NEVER, OUT, Server
from test_kill import BEEP, PITCH, direct_number, hears, recordings

SIZE_MB = 96


class World(Server):
    """The data folder is a small file system of its own."""

    def __init__(self):
        if os.geteuid():
            raise AssertionError("a file system of its own needs root: run the tests as root or with sudo")
        folder = os.path.join(OUT, "messages", "data")
        self.mounted = None
        if os.path.ismount(folder):
            subprocess.run(["umount", "-l", folder], check=True)
        super().__init__("messages", office=NEVER, csv_edit=direct_number, start=False,
                         node={"speech": {"recordings": recordings()}},
                         measures={"messages": {"longest": "8s", "shortest": "300ms", "silence": "3s"},
                                   "calls": {"silent_line": "1min"}})
        os.makedirs(self.data)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m,mode=700", "zongji-test", self.data], check=True)
        self.mounted = self.data
        try:
            self.start()
        except BaseException:
            self.unmount()
            raise

    def unmount(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.mounted])
            self.mounted = None

    def stop(self, *args, **more):
        try:
            return super().stop(*args, **more)
        finally:
            self.unmount()

    def fill(self):
        """Leaves no room at all."""
        with open(os.path.join(self.data, "filler"), "wb", buffering=0) as f:
            for block in (1 << 20, 1 << 12, 1):
                try:
                    while f.write(b"\0" * block) == block:
                        pass
                except OSError:
                    pass

    def free(self):
        os.unlink(os.path.join(self.data, "filler"))

    def wait_storage(self, well, timeout=10):
        end = time.monotonic() + timeout
        while True:
            h = self.health()
            if ("storage" not in h["reasons"]) == well:
                return h
            assert time.monotonic() < end, f"storage well={well} was waited for: {h}"
            time.sleep(0.1)


def world():
    return World()


def talk_for(s, a, b, number, hz):
    """A call between two phones with sound; it stays up."""
    call = a.call(number)
    theirs = b.wait_call()
    theirs.ring()
    theirs.answer()
    call.wait_up()
    still_hears(call, theirs, hz)
    return call, theirs


def still_hears(call, theirs, hz):
    call.rtp.say(sound.tone(hz, 900))
    time.sleep(0.7)
    assert sound.hears_tone(theirs.rtp.samples(300), hz), sound.pitch(theirs.rtp.samples(300))


def leave(s, number):
    """Leaves a message; the pitch of what was said at the end: kept, not kept, or None."""
    p = s.outside(number)
    call = p.call("02155508310").wait_up()
    assert hears(call, PITCH["message.ask"], 6) and hears(call, BEEP, 4), "not asked for a message"
    time.sleep(0.35)
    call.rtp.say(sound.tone(500, 600, 0.5))
    time.sleep(0.6)
    call.digits("#")
    end, asked = time.monotonic() + 20, False
    while time.monotonic() < end and call.state == "up":
        x = call.rtp.samples(240)
        for hz in (PITCH["message.kept"], PITCH["message.not_kept"]):
            if any(sound.hears_tone(x[at:at + 800], hz, 12) for at in range(0, len(x) - 799, 400)):
                call.wait_ended(5)
                return hz
        if not asked and any(sound.hears_tone(x[at:at + 800], PITCH["message.choice"], 12) for at in range(0, len(x) - 799, 400)):
            asked = True
            call.digits("1")
        time.sleep(0.05)
    return None


def check_steps(s, numbers):
    """Each call's steps are whole: numbered without a hole, begun and ended."""
    for n in numbers:
        r = s.record(n, timeout=15)
        seq = [k["seq"] for k in r["steps"]]
        assert seq == list(range(1, len(seq) + 1)), (n, seq)
        assert r["steps"][0]["kind"] == "arrived" and r["steps"][-1]["kind"] == "ended", r["steps"]


def test_a_message_is_kept(s):
    assert leave(s, "13700000001") == PITCH["message.kept"]
    m = s.wait_query("SELECT * FROM messages WHERE from_number = '13700000001'")[0]
    x = sound.read_wav(os.path.join(s.data, "sounds", m["recording"]))
    assert sound.hears_tone(x[:3200], 500, 12), sound.pitch(x[:3200])


def test_stalled_for_four_seconds(s):
    """Somebody else holds the database: calls go on, nothing is said to be kept, then all is there."""
    a, b = s.phone("8312"), s.phone("8313")
    db = sqlite3.connect(os.path.join(s.data, "zongji.db"), timeout=5, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        start = time.monotonic()
        call, theirs = talk_for(s, a, b, "8313", 600)
        h = s.wait_storage(False, 8)
        assert h["ok"], h
        still_hears(call, theirs, 800)
        call.hang_up()
        theirs.wait_ended()
        time.sleep(max(0, 4 - (time.monotonic() - start)))
    finally:
        db.execute("ROLLBACK")
        db.close()
    s.wait_storage(True, 10)
    check_steps(s, ["8312"])


def test_full_under_calls(s):
    a, b = s.phone("8314"), s.phone("8315")
    before = leave(s, "13700000002")
    assert before == PITCH["message.kept"]
    call, theirs = talk_for(s, a, b, "8315", 600)
    s.fill()
    try:
        numbers = [f"1360000{i:04d}" for i in range(12)]
        for n in numbers:  # arrive and go: each leaves steps that can't be written
            p = s.outside(n)
            c = p.call("8000").wait_up()
            c.hang_up()
        h = s.wait_storage(False, 20)
        assert h["ok"], h
        told = leave(s, "13700000003")
        assert told == PITCH["message.not_kept"], f"with no room the caller heard {told}, not “not kept”"
        c, d = s.phone("8401"), s.phone("8420")
        more, far = talk_for(s, c, d, "8420", 700)  # registers and calls anew
        still_hears(call, theirs, 800)
        more.hang_up()
        assert s.process.poll() is None, s.tail()
    finally:
        s.free()
    s.wait_storage(True, 20)
    call.hang_up()
    theirs.wait_ended()
    check_steps(s, numbers + ["13700000002", "13700000003", "8314", "8401"])
    kept = [r["from_number"] for r in s.query("SELECT from_number FROM messages")]
    assert "13700000002" in kept, kept
    assert s.health()["storage"]["lost_steps"] == 0, s.health()
    assert leave(s, "13700000004") == PITCH["message.kept"]
    s.wait_query("SELECT * FROM messages WHERE from_number = '13700000004'")
