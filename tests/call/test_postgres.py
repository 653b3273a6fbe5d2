"""The whole program on PostgreSQL, by one line of configuration: a call with a message, a kill, the
record and the message are there. The server is started and ended by the test."""
import glob
import os
import shutil
import subprocess
import tempfile
import time

from lib import sound
from lib.server import ALWAYS, BUILD, ROOT, Server, hears, hears_all
from test_directory_api import Client
from test_mailbox import set_pin
from test_recording import opened


class Postgres:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="zongji-pg-")
        shutil.chown(self.dir, "postgres")
        self.bin = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.run("initdb", "-D", f"{self.dir}/data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8")
        self.run("pg_ctl", "-D", f"{self.dir}/data", "-w", "-l", f"{self.dir}/log", "-o",
                 f"-k {self.dir} -h ''", "start")

    def run(self, program, *args):
        r = subprocess.run(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                            f"{self.bin}/{program}", *args], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=self.dir, timeout=60)
        assert r.returncode == 0, f"{program}: {r.stderr}"

    def ask(self, sql):
        r = subprocess.run([f"{self.bin}/psql", "-h", self.dir, "-U", "postgres", "-Atc", sql], capture_output=True,
                           text=True, timeout=30)
        return [line.split("|") for line in r.stdout.splitlines()]

    def stop(self):
        self.run("pg_ctl", "-D", f"{self.dir}/data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.dir, ignore_errors=True)


class OnPostgres(Server):
    def stop(self, *args, **more):
        status = super().stop(*args, **more)
        self.postgres.stop()
        return status


def world():
    pg = Postgres()
    OnPostgres.postgres = pg
    return OnPostgres("postgres", office=ALWAYS, measures={"recording": {"lines": ["8312"], "keep_lines_days": 30}},
                      node={"store": {"postgres": f"host={pg.dir} user=postgres dbname=postgres"}})


def test_a_message_and_its_record_survive_a_kill(s):
    c = s.outside("13855556666")
    call = c.call("8000").wait_up()
    call.digits("8271")
    hears(call, "through.no_answer_choice")
    call.digits("1")
    hears_all(call, "message.ask")
    call.rtp.say(sound.tone(500, 2200, 0.5))
    time.sleep(2.4)
    call.digits("#")
    hears(call, "message.choice")
    call.digits("1")
    hears(call, "message.kept", timeout=20)
    s.kill()
    s.phones = []
    rows = s.postgres.ask("SELECT recording, for_person FROM messages WHERE from_number = '13855556666'")
    assert len(rows) == 1, rows
    assert len(sound.read_wav(f"{s.data}/sounds/{rows[0][0]}")) > 8000
    s.start()
    rows = s.postgres.ask("SELECT end_reason, ended_ms > 0 FROM calls WHERE caller_number = '13855556666'")
    assert rows and rows[0][1] == "t", rows
    assert not os.path.exists(f"{s.data}/zongji.db")


def asked(s, sql, timeout=10):
    """The first row, once there is one."""
    end = time.monotonic() + timeout
    while not (rows := s.postgres.ask(sql)):
        assert time.monotonic() < end, sql
        time.sleep(0.1)
    return rows[0]


def test_the_mailbox_and_its_pin(s):
    """The message of the last test, by the phone of whom it is for."""
    person = asked(s, "SELECT for_person FROM messages WHERE from_number = '13855556666'")[0]
    set_pin(s, person, "70529")
    call = s.phone("8271").call("*98").wait_up()
    hears(call, "mailbox.pin")
    call.digits("1111#")
    hears(call, "mailbox.wrong")
    hears(call, "mailbox.pin", since_ms=len(call.rtp.samples()) // 8)
    call.digits("70529#")
    hears(call, "mailbox.choice", timeout=25)
    call.digits("#")
    call.wait_ended(8)
    assert asked(s, "SELECT kind FROM receipts WHERE channel = 'phone'") == ["heard"]
    assert asked(s, f"SELECT wrong, locks FROM pins WHERE person = {person}") == ["0", "0"]


def test_a_tape_figures_and_reconciliation(s):
    call = s.outside("13855550009").call("02155508312").wait_up()
    hears_all(call, "attendant.recording_notice")
    call.rtp.say(sound.tone(620, 1500))
    time.sleep(1.8)
    call.hang_up()
    no, item = asked(s, "SELECT call_no, id FROM recordings WHERE state = 'whole'")
    m = Client(s, "manager")
    said, _, state = opened(m, no, item)
    assert state == "whole" and len(said) > 8000
    assert m.ask("GET", f"/records/{no}")["recordings"][0]["openings"][0]["by"] == "manager"
    span = f"from_ms={int(time.time() - 86400) * 1000}&to_ms={int(time.time() + 86400) * 1000}"
    assert m.ask("GET", f"/figures?{span}")["total"]["calls"] >= 2
    for what in ("figures", "records"):
        status, _, raw = m.send("GET", f"/reports/{what}?{span}")
        assert status == 200 and raw[:2] == b"PK", (status, raw[:200])
    r = subprocess.run([os.path.join(BUILD, "zongji"), "reconcile", "--data", s.data, "--config",
                        os.path.join(s.config, "node.yaml")], env=dict(os.environ, ZONGJI_ROOT=ROOT, LANG="en"),
                       capture_output=True, text=True, timeout=60)
    assert r.returncode == 0 and r.stdout.count(", 0 differ") == 4, r.stdout + r.stderr


def test_a_leaver(s):
    m = Client(s, "manager")
    set_pin(s, 17, "61407")
    slip = Client(s, "operator1").ask("POST", "/messages", {"for_person": 17, "from_name": "王先生", "matter": "回电"})["id"]
    lines = m.send("GET", "/directory/export?file=people")[2].decode().splitlines()
    m.ask("POST", "/directory/import", {"people": "\n".join(x for x in lines if not x.startswith("17,")) + "\n",
                                        "leavers": True, "apply": True})
    assert s.postgres.ask("SELECT 1 FROM pins WHERE person = 17") == []
    assert asked(s, f"SELECT note FROM receipts WHERE message = {slip} AND kind = 'returned'") == ["no_way"]
