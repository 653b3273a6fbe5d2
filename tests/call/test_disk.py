"""The disk beneath: frozen under calls, and its database read and written by others beside us."""
import os
import sqlite3
import subprocess
import time

from lib import sound
from lib.server import OUT, Server


class OwnDisk(Server):
    """Its data folder is a small file system of its own that can be frozen."""

    def start(self):
        self.image = os.path.join(OUT, self.name + ".img")
        os.makedirs(self.data, exist_ok=True)
        with open(self.image, "wb") as f:
            f.truncate(300 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)
        subprocess.run(["mount", "-o", "loop", self.image, self.data], check=True)
        try:
            return Server.start(self)
        except BaseException:
            subprocess.run(["umount", "-l", self.data], check=True)
            raise

    def freeze(self, on):
        subprocess.run(["fsfreeze", "-f" if on else "-u", self.data], check=on, capture_output=not on)

    def stop(self, **more):
        self.freeze(False)
        status = Server.stop(self, **more)
        subprocess.run(["umount", "-l", self.data], check=True)
        os.unlink(self.image)
        return status


def world():
    # of a run that was killed
    subprocess.run(["umount", "-l", os.path.join(OUT, "disk", "data")], capture_output=True)
    return OwnDisk("disk")


def test_a_frozen_disk_is_not_felt(s):
    """Six seconds without a write: calls go on without a gap, new ones are answered, phones
    register; after it every step is in the log."""
    a, b = s.phone("8312"), s.phone("8313")
    call = a.call("8313")
    theirs = b.wait_call()
    theirs.answer()
    call.wait_up()
    theirs.rtp.say(sound.tone(700, 9000))
    time.sleep(0.5)
    had = len(call.rtp.packets)
    s.freeze(True)
    try:
        fresh = s.outside("13800021001").call("8000").wait_up(3)
        began = time.monotonic()
        s.phone("8401")
        assert time.monotonic() - began < 1, "a registration waited for the disk"
        time.sleep(5)
    finally:
        s.freeze(False)
    packets = call.rtp.packets[had:]
    gap = max(q[0] - p[0] for p, q in zip(packets, packets[1:]))
    assert gap < 0.25, f"a gap of {gap * 1000:.0f} ms in the sound"
    fresh.hang_up()
    call.hang_up()
    assert s.record("13800021001", timeout=10)["end_reason"] == "caller_hung_up"


def test_others_read_and_write_the_database_beside_us(s):
    """A connection of another process that closes as the last one would delete the write-ahead log,
    if our locks had gone."""
    path = os.path.join(s.data, "zongji.db")
    code = ("import sqlite3,sys; d=sqlite3.connect(sys.argv[1],timeout=5); "
            "d.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall(); d.close()")
    for i in range(5):
        number = f"1380002200{i}"
        call = s.outside(number).call("8000").wait_up(5)
        subprocess.run(["/usr/bin/python3", "-c", code, path], check=True, timeout=20)
        assert os.path.exists(path + "-wal"), "the write-ahead log was deleted under us"
        call.hang_up()
        assert s.record(number)["end_reason"] == "caller_hung_up"
    with sqlite3.connect(path) as d:
        assert d.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
