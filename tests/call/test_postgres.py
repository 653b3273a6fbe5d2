"""The whole program on PostgreSQL, by one line of configuration: a call with a message, a kill, the
record and the message are there. The server is started and ended by the test."""
import glob
import os
import shutil
import subprocess
import tempfile
import time

from lib import sound
from lib.server import ALWAYS, Server, hears, hears_all


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
    return OnPostgres("postgres", office=ALWAYS,
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
