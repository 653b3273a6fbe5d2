"""Bad days of what lies beneath: a full disk, a locked and a lost database, slow syncs, a clock that is set
back by an hour and forward by a day, the night of a leap day. Calls go on, whoever looks after the
switchboard is told, nothing that was acknowledged is lost, and every figure still adds up."""
import calendar
import mmap
import os
import sqlite3
import struct
import subprocess
import threading
import time

from lib.desk import Desk
from lib.server import ALWAYS, BUILD, OUT, Server
from test_backup import zongji
from test_disk import OwnDisk
from test_postgres import Postgres

HERE = os.path.dirname(os.path.abspath(__file__))
HOUR_MS, DAY_MS = 3600 * 1000, 24 * 3600 * 1000


class Day:
    """The shared file of lib/bad_day.c."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.truncate(4096)
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 4096)

    def set(self, at, value):
        self.map[8 * at:8 * at + 8] = struct.pack("<q", value)

    def ahead_ms(self, value):
        self.set(0, value)

    def sync_ms(self, value):
        self.set(1, value)

    def syncs(self):
        return struct.unpack("<q", self.map[16:24])[0]


def preloaded():
    """The shim, and before it the sanitizer when the server was built with one: it wants to be first."""
    os.makedirs(OUT, exist_ok=True)
    shim = os.path.join(OUT, "bad_day.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shim, os.path.join(HERE, "lib", "bad_day.c")], check=True)
    needs = subprocess.run(["ldd", os.path.join(BUILD, "zongji")], capture_output=True, text=True, check=True).stdout
    first = [line.split("=>")[1].split()[0] for line in needs.splitlines() if "libasan" in line]
    return " ".join([*first, shim])


class BadDay(OwnDisk):
    def start(self):
        self.day_file = os.path.join(OUT, self.name + ".day")
        self.day = Day(self.day_file)
        os.environ.update(LD_PRELOAD=preloaded(), ZONGJI_BAD_DAY=self.day_file)
        try:
            return OwnDisk.start(self)
        finally:
            del os.environ["LD_PRELOAD"], os.environ["ZONGJI_BAD_DAY"]

    def storage(self, *states, timeout=12):
        """Waits for one of the states in /healthz."""
        end = time.monotonic() + timeout
        while (state := self.health()["storage"]["state"]) not in states:
            assert time.monotonic() < end, f"storage is {state}, not {states}: {self.tail()}"
            time.sleep(0.1)


def world():
    subprocess.run(["umount", "-l", os.path.join(OUT, "bad-days", "data")], capture_output=True)  # of a killed run
    s = BadDay("bad-days", office=ALWAYS)
    s.desk = Desk(s, beats=False)
    s.desk.told = []
    theirs = s.desk.on_event
    s.desk.on_event = lambda name, data: (s.desk.told.append((name, data)), theirs(name, data))
    return s


def told(s, test, since=0, timeout=5):
    """Whether the console's page was told something of the storage that passes the test."""
    end = time.monotonic() + timeout
    while not any(name == "storage" and test(data) for name, data in s.desk.told[since:]):
        assert time.monotonic() < end, [x for x in s.desk.told[since:] if x[0] == "storage"]
        time.sleep(0.05)


def calls_go_on(s, number):
    """Phones register, a call is answered, one between phones talks: all at once."""
    for p in s.phones:  # of the time before
        p.close()
    s.phones = []
    began = time.monotonic()
    call = s.outside(number).call("8000").wait_up(3)
    a, b = s.phone("8312"), s.phone("8313")
    inner = a.call("8313")
    theirs = b.wait_call()
    theirs.answer()
    inner.wait_up()
    assert time.monotonic() - began < 3, "calls waited for storage"
    inner.hang_up()
    call.hang_up()


def all_adds_up(s, data=None, config=None):
    out = zongji("reconcile", "--data", data or s.data, "--config", config or os.path.join(s.config, "node.yaml"))
    assert out.count(", 0 differ") == 4, out


def ended_whole(s, number):
    """The call's record is closed and its steps are there without a gap."""
    r = s.record(number, timeout=15)
    assert r["end_reason"] == "caller_hung_up" and [x["seq"] for x in r["steps"]] == list(range(1, len(r["steps"]) + 1))
    return r


def test_a_full_disk(s):
    s.outside("13700001000").call("8000").wait_up().hang_up()
    s.record("13700001000")
    with sqlite3.connect(os.path.join(s.data, "zongji.db"), timeout=5) as d:  # no room left in the log of writes
        d.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    filler, since = os.path.join(s.data, "filler"), len(s.desk.told)
    with open(filler, "wb") as f:
        for size in (1 << 20, 4096):
            try:
                while True:
                    os.write(f.fileno(), b"x" * size)
            except OSError:
                pass
    try:
        for n in range(3):
            calls_go_on(s, f"1370000101{n}")
        s.storage("full")
        told(s, lambda d: d["state"] == "full" and d["since_ms"] > 0, since)
        assert "storage" in s.health()["reasons"] and s.health()["ok"]
        assert s.desk.ask("GET", "/api/v1/switchboard")["storage"]["state"] == "full"
    finally:
        os.unlink(filler)
    s.storage("well")
    told(s, lambda d: d["state"] == "well", since)
    for n in range(3):
        ended_whole(s, f"1370000101{n}")
    assert s.health()["storage"]["lost_steps"] == 0
    assert "No space left" in open(os.path.join(s.dir, "log"), errors="replace").read()
    all_adds_up(s)


def test_a_database_that_somebody_locks(s):
    since = len(s.desk.told)
    with sqlite3.connect(os.path.join(s.data, "zongji.db"), timeout=5, isolation_level=None) as d:
        d.execute("BEGIN IMMEDIATE")
        calls_go_on(s, "13700002001")
        s.storage("late", "gone")
        told(s, lambda x: x["state"] in ("late", "gone"), since)
        d.execute("ROLLBACK")
    s.storage("well")
    ended_whole(s, "13700002001")
    all_adds_up(s)


def test_a_slow_disk(s):
    """Each sync takes 50 to 500 ms: nothing of it is felt or lost."""
    before = s.day.syncs()
    stop = threading.Event()

    def sway():
        for n in range(10 ** 6):
            if stop.wait(0.1):
                return
            s.day.sync_ms(50 + n * 137 % 450)

    t = threading.Thread(target=sway)
    t.start()
    try:
        for n in range(6):
            calls_go_on(s, f"1370000301{n}")
            time.sleep(0.6)
    finally:
        stop.set()
        t.join()
        s.day.sync_ms(0)
    assert s.day.syncs() > before + 5, "the shim isn't in use"
    for n in range(6):
        ended_whole(s, f"1370000301{n}")
    all_adds_up(s)


def set_during_a_call(s, number, ahead_ms, was_ms=0):
    """A call that talks two seconds before, and two after, the clock is set."""
    since = len(s.desk.told)
    for p in s.phones:
        p.close()
    s.phones = []
    out, b = s.outside(number), s.phone("8314")
    call = out.call("8000").wait_up()
    call.digits("8314")
    theirs = b.wait_call(15)
    theirs.answer()
    time.sleep(1.5)
    s.day.ahead_ms(ahead_ms)
    time.sleep(1.5)
    call.hang_up()
    r = ended_whole(s, number)
    times = [x["at_ms"] for x in r["steps"]]
    assert times == sorted(times), "steps aren't in the order of their times"
    assert 2500 < r["talk_ms"] < 6000, f"talked for {r['talk_ms']} ms"
    told(s, lambda d: abs(d["clock_by_s"] - (ahead_ms - was_ms) / 1000) < 5, since)
    assert "clock" in s.health()["reasons"] and s.health()["ok"]
    return r


def test_a_clock_set_back_and_forward(s):
    s.desk.ask("POST", "/api/v1/messages", {"for_person": person(s), "from_name": "王", "number": "13700004000",
                                            "matter": "回电"}, {"Idempotency-Key": "bad-day-1"})
    had = s.wait_query("SELECT id, deadline_ms - kept_at_ms AS patience, deadline_ms FROM messages")[0]
    set_during_a_call(s, "13700004001", -HOUR_MS)
    assert abs(s.query("SELECT deadline_ms FROM messages")[0]["deadline_ms"] - had["deadline_ms"] + HOUR_MS) < 5000
    r = s.record("13700004001")
    calls_go_on(s, "13700004002")
    later = ended_whole(s, "13700004002")
    assert later["started_ms"] < r["started_ms"] - HOUR_MS + 60000, "a new call has the new time"
    set_during_a_call(s, "13700004003", DAY_MS, -HOUR_MS)
    assert abs(s.query("SELECT deadline_ms FROM messages")[0]["deadline_ms"] - had["deadline_ms"] - DAY_MS) < 5000
    assert s.query("SELECT stage FROM messages")[0]["stage"] == 0, "a clock that was set made a message late"
    all_adds_up(s)


def person(s):
    return s.query("SELECT id FROM people WHERE org = 1 AND extension > 0 ORDER BY id LIMIT 1")[0]["id"]


def test_the_night_of_a_leap_day(s):
    """A call from 28 February 2028, into the 29th, another from the 29th into March."""
    for n, (month, day) in enumerate(((2, 28), (2, 29))):
        local = time.mktime((2028, month, day, 23, 59, 57, 0, 0, -1))
        s.day.ahead_ms(int((local - time.time()) * 1000))
        time.sleep(0.6)
        number = f"1370000501{n}"
        call = s.outside(number).call("8000").wait_up()
        time.sleep(3.2)
        call.hang_up()
        r = ended_whole(s, number)
        began, ended = (time.localtime(r[k] / 1000) for k in ("started_ms", "ended_ms"))
        assert (began.tm_mon, began.tm_mday) == (month, day), began
        assert (ended.tm_mon, ended.tm_mday) == ((2, 29) if day == 28 else (3, 1)), ended
    assert calendar.isleap(2028)
    all_adds_up(s)
    out = zongji("export", "--data", s.data, "--config", os.path.join(s.config, "node.yaml"), "--from", "2028-02-29",
                 "--to", "2028-02-29", "calls")
    assert "13700005011" in out and "13700005010" not in out, out
    s.day.ahead_ms(0)


def test_a_database_gone_and_back(s):
    pg = Postgres()
    on = Server("bad-days-pg", office=ALWAYS, start=False,
                node={"store": {"postgres": f"host={pg.dir} user=postgres dbname=postgres"}})
    try:
        on.start()
        call = on.outside("13700006001").call("8000").wait_up()
        pg.run("pg_ctl", "-D", f"{pg.dir}/data", "-m", "immediate", "-w", "stop")
        calls_go_on(on, "13700006002")
        BadDay.storage(on, "gone", "late")
        time.sleep(1)
        call.hang_up()
        assert on.health()["ok"] and "storage" in on.health()["reasons"]
        pg.run("pg_ctl", "-D", f"{pg.dir}/data", "-w", "-l", f"{pg.dir}/log", "-o", f"-k {pg.dir} -h ''", "start")
        BadDay.storage(on, "well")
        rows = pg.ask("SELECT caller_number, end_reason, step_count, (SELECT COUNT(*) FROM steps s WHERE s.call_no = "
                      "c.call_no) FROM calls c WHERE caller_number LIKE '1370000600%' ORDER BY 1")
        assert [r[0] for r in rows] == ["13700006001", "13700006002"], rows
        assert all(r[1] == "caller_hung_up" and r[2] == r[3] for r in rows), rows
        all_adds_up(on)
        assert on.stop() == 0
    finally:
        on.stop()
        pg.stop()
