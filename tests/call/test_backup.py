"""Everything out of a switchboard that runs and into another one: backup, restore, move and export, from
SQLite to PostgreSQL and back; figures and records reconcile before and after."""
import csv
import io
import json
import os
import shutil
import subprocess
import time

import yaml

from lib import sound
from lib.desk import password
from lib.server import ALWAYS, BUILD, OUT, ROOT, Server, dump, hears, hears_all
from test_directory_api import Client
from test_postgres import Postgres
from test_recording import opened

SECRET = "正确的口令 horse"


class Pair(Server):
    """The sample company on SQLite, an empty PostgreSQL beside it."""

    def stop(self, *args, **more):
        status = super().stop(*args, **more)
        self.postgres.stop()
        return status


def world():
    s = Pair("backup", office=ALWAYS, measures={"recording": {"lines": ["8312"], "keep_lines_days": 30}})
    s.postgres = Postgres()
    return s


def zongji(*args, status=0, stdin=None, kill_after=None):
    """The command's output; its exit status is looked at."""
    env = dict(os.environ, ZONGJI_ROOT=ROOT, LANG="en")
    p = subprocess.Popen([os.path.join(BUILD, "zongji"), *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, env=env, text=True)
    if kill_after is not None:
        time.sleep(kill_after)
        p.kill()
    out = p.communicate(SECRET + "\n" if stdin is None else stdin, timeout=60)[0]
    if status is not None and kill_after is None:
        assert p.returncode == status, f"{args}: status {p.returncode}: {out}"
    return out


def place(s, data=None, config=None):
    return ["--data", data or s.data, "--config", config or os.path.join(s.config, "node.yaml")]


def on_postgres(s, name):
    """A configuration that names a database of the test's PostgreSQL, made empty."""
    s.postgres.ask(f"CREATE DATABASE {name}")
    path = os.path.join(s.config, f"{name}.yaml")
    with open(os.path.join(s.config, "node.yaml")) as f:
        n = yaml.safe_load(f)
    n["store"] = {"postgres": f"host={s.postgres.dir} user=postgres dbname={name}"}
    with open(path, "w") as f:
        dump(n, f)
    return path


def figures(s, data=None, config=None):
    """Both reports of `reconcile`, all equal: how many records and figures."""
    out = zongji("reconcile", *place(s, data, config))
    assert out.count(", 0 differ") == 4, out
    return out


def leave_a_message(s, number):
    call = s.outside(number).call("8000").wait_up()
    call.digits("8271")
    hears(call, "through.no_answer_choice")
    call.digits("1")
    hears_all(call, "message.ask")
    call.rtp.say(sound.tone(500, 1500, 0.5))
    time.sleep(1.6)
    call.digits("#")
    hears(call, "message.choice")
    call.digits("1")
    hears(call, "message.kept", timeout=20)
    call.hang_up()


def be_recorded(s, number):
    """A call on a line that is recorded: its tape's place and both its sides."""
    call = s.outside(number).call("02155508312").wait_up()
    hears_all(call, "attendant.recording_notice")
    call.rtp.say(sound.tone(620, 1500))
    time.sleep(1.8)
    call.hang_up()
    row = s.wait_query("SELECT call_no, id FROM recordings WHERE state = 'whole'", timeout=10)[0]
    return row["call_no"], row["id"], opened(Client(s, "manager"), row["call_no"], row["id"])


def fresh(s, name):
    path = os.path.join(s.dir, name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def test_a_backup_while_calls_go_on(s):
    leave_a_message(s, "13855550001")
    s.tape = be_recorded(s, "13855550009")
    call = s.outside("=cmd|1").call("8000").wait_up()  # a formula for a number
    s.full = os.path.join(s.dir, "full.backup")
    out = zongji("backup", *place(s), s.full)
    assert "backup written" in out, out
    call.hang_up()
    assert os.stat(s.full).st_mode & 0o777 == 0o600 and not os.path.exists(s.full + ".part")
    with open(s.full, "rb") as f:
        raw = f.read()
    for word in (b"13855550001", b"mc8312", b"CREATE", b"SQLite format"):
        assert word not in raw, f"{word} is readable in the backup"
    assert "the backup is whole" in zongji("restore", "--check", s.full)


def test_what_is_wrong_with_a_backup_is_said(s):
    with open(s.full, "rb") as f:
        raw = f.read()
    bad = os.path.join(s.dir, "bad.backup")
    for change, why in ((lambda b: b[:len(b) // 2], "cut off"), (lambda b: b[:40], "cut off in its first"),
                        (lambda b: b[:len(b) // 2] + bytes([b[len(b) // 2] ^ 1]) + b[len(b) // 2 + 1:], "damaged"),
                        (lambda b: b + b"x", "damaged"), (lambda b: b"PK" + b[2:], "not a backup"),
                        (lambda b: b[:30] + bytes([b[30] ^ 1]) + b[31:], "another passphrase")):
        with open(bad, "wb") as f:
            f.write(change(raw))
        to = fresh(s, "nothing")
        out = zongji("restore", "--data", to, bad, status=1)
        assert why in out, f"{why}: {out}"
        assert not os.path.exists(to), "something was made from a bad backup"
    assert "another passphrase" in zongji("restore", "--check", s.full, status=1, stdin="wrong\n")
    assert "with a passphrase" in zongji("restore", "--check", "--key-file", s.full, s.full, status=1)
    assert "isn't empty" in zongji("restore", "--data", s.config, s.full, status=1)
    assert "is running" in zongji("restore", "--data", s.data, s.full, status=1)
    assert "No such file" in zongji("backup", "--data", fresh(s, "none"), "--config",
                                    os.path.join(s.config, "node.yaml"), bad, status=1)
    assert "empty" in zongji("backup", *place(s), bad, status=1, stdin="\n")


def test_a_broken_off_backup_leaves_no_file(s):
    to = os.path.join(s.dir, "killed.backup")
    key = os.path.join(s.dir, "key")
    with open(key, "wb") as f:
        f.write(os.urandom(32))
    for ms in (100, 250, 400):
        zongji("backup", *place(s), "--key-file", key, to, kill_after=ms / 1000)
        if os.path.exists(to):  # it was quicker: then it is whole
            zongji("restore", "--check", "--key-file", key, to)
            os.unlink(to)
    zongji("backup", *place(s), "--key-file", key, to)
    before = open(to, "rb").read()
    zongji("backup", *place(s), "--key-file", key, to, kill_after=0.1)
    if open(to, "rb").read() != before:
        zongji("restore", "--check", "--key-file", key, to)
    # The folder it should go to has no room.
    out = zongji("backup", *place(s), "--key-file", key, "/dev/full/x", status=1)
    assert "can't be written" in out, out


def test_restored_it_is_the_same_switchboard(s):
    data = fresh(s, "restored")
    zongji("restore", "--data", data, s.full)
    assert os.path.exists(os.path.join(data, "node.yaml")) and os.path.exists(os.path.join(data, "link.key"))
    assert not [n for n in os.listdir(s.dir) if "restoring" in n]
    figures(s, data, os.path.join(data, "node.yaml"))
    row = s.query("SELECT recording FROM messages WHERE from_number = '13855550001'")[0]
    with open(os.path.join(data, "sounds", row["recording"]), "rb") as a, \
            open(os.path.join(s.data, "sounds", row["recording"]), "rb") as b:
        assert a.read() == b.read(), "the message's sound differs"
    again = Server("backup-again", office=ALWAYS, start=False)
    again.data = data
    again.start()
    try:
        assert again.query("SELECT COUNT(*) AS n FROM messages")[0]["n"] == 1
        no, item, (said, heard, state) = s.tape
        mine, theirs, now = opened(Client(again, "manager", password(s, "manager")), no, item)
        assert now == state == "whole" and (mine == said).all() and (theirs == heard).all(), "the tape sounds otherwise"
        assert again.phone("8312").registered
        again.outside("13855550002").call("8000").wait_up().hang_up()
        assert again.record("13855550002")["end_reason"] == "caller_hung_up"
    finally:
        assert again.stop() == 0
    figures(s, data, os.path.join(data, "node.yaml"))


def test_restored_into_postgresql_and_back(s):
    config = on_postgres(s, "fromsqlite")
    data = fresh(s, "onpg")
    zongji("restore", "--data", data, "--config", config, s.full)
    assert not os.path.exists(os.path.join(data, "zongji.db"))
    there = figures(s, data, config)
    out = zongji("restore", "--data", fresh(s, "onpg2"), "--config", config, s.full, status=1)
    assert "isn't empty" in out, out
    back = os.path.join(s.dir, "pg.backup")
    zongji("backup", *place(s, data, config), back)
    lite = fresh(s, "lite")
    zongji("restore", *place(s, lite), back)
    assert figures(s, lite) == there


def test_moved_to_postgresql_and_back(s):
    assert "is running" in zongji("move", *place(s), "--to-sqlite", fresh(s, "x.db"), status=1)
    Server.stop(s)
    before = figures(s)
    config = on_postgres(s, "moved")
    where = f"host={s.postgres.dir} user=postgres dbname=moved"
    zongji("move", *place(s), "--to-postgres", where, kill_after=0.35)
    zongji("move", *place(s), "--to-postgres", where, status=None)  # when the kill came in time
    assert figures(s, config=config) == before
    assert "isn't empty" in zongji("move", *place(s), "--to-postgres", where, status=1)
    lite = os.path.join(s.dir, "back.db")
    zongji("move", *place(s, config=config), "--to-sqlite", lite)
    with open(os.path.join(s.config, "node.yaml")) as f:
        n = yaml.safe_load(f)
    n["store"] = {"sqlite": lite}
    config = os.path.join(s.config, "back.yaml")
    with open(config, "w") as f:
        dump(n, f)
    assert figures(s, config=config) == before
    # Numbers given from now on follow those that there are.
    r = subprocess.run([f"{s.postgres.bin}/psql", "-h", s.postgres.dir, "-U", "postgres", "-d", "moved", "-Atc",
                        "SELECT nextval(pg_get_serial_sequence('steps', 'id')) > (SELECT MAX(id) FROM steps)"],
                       capture_output=True, text=True, timeout=30)
    assert r.stdout.strip() == "t", r


def test_exported_without_formulas(s):
    text = zongji("export", *place(s), "calls")
    assert text.startswith("\ufeffcall_no,org,"), text[:80]
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    numbers = [r["caller_number"] for r in rows if r["caller_number"]]
    assert "13855550001" in numbers
    assert not [v for r in rows for v in r.values() if v and v[0] in "=+-@\t\r"], rows
    out = os.path.join(s.dir, "out.jsonl")
    for what, column in (("calls", "outcome"), ("messages", "heard_at_ms"), ("figures", "offered")):
        zongji("export", *place(s), "--json", "--output", out, what)
        with open(out) as f:
            rows = [json.loads(line) for line in f]
        assert rows and column in rows[0], (what, rows[:1])
    zongji("export", *place(s), "--json", "--output", out, "openings")
    for wrong, why in ((["--from", "2026-02-30", "calls"], "is no day"), (["secrets"], "nothing to export"),
                       (["--from", "2026-02-02", "--to", "2026-01-01", "calls"], "before"), (["--org", "x", "calls"], "usage")):
        assert why in zongji("export", *place(s), *wrong, status=2), wrong
    s.start()
