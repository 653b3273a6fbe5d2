"""A switchboard of one's own for a test: the sample company on free ports, with short timers, in a
folder of its own; started and ended by its process id."""
import csv
import datetime
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
import wave

import yaml

from . import phone, sound

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
BUILD = os.environ.get("ZONGJI_BUILD", os.path.join(ROOT, "build"))
OUT = os.path.join(ROOT, "tests", "out", "call")
SPOKEN = os.path.join(ROOT, "tests", "out", "prompts", ".cache")  # `zongji prompts` filled it
ALWAYS = {"mon-sun": ["00:00-24:00"]}
NEVER = {"mon-sun": ["00:00-00:01"]}

# The same measures with short timers: a test waits for seconds, not minutes.
SHORT = {
    "ringing": {"rings": 3, "ring_on": "1s", "ring_off": "4s", "target": "4s"},
    "attendant": {"first_digit": "2s", "next_digit": "1500ms", "attempts": 2, "choice": "3s",
                  "directory_hits": 4, "wait_word": "5s", "operator_wait": "6s", "free_wait": "20s",
                  "consult_wait": "20s", "customer_wait": "8s"},
    "screening": {"longest": "4s"},
    "messages": {"longest": "8s", "shortest": "1s", "silence": "3s"},
    "calls": {"silent_line": "4s"},
    "parking": {"return_after": "4s"},
}


def free_ports(*kinds):
    """The first of some ports in a row, each free for its kind (None: for UDP and TCP). They lie below the
    range that connections are given: nobody takes one while its server is started again."""
    while True:
        p = random.randrange(30200, 32760)
        try:
            for i, kind in enumerate(kinds):
                for k in [kind] if kind else [socket.SOCK_DGRAM, socket.SOCK_STREAM]:
                    with socket.socket(socket.AF_INET, k) as s:
                        s.bind(("127.0.0.1", p + i))
            return p
        except OSError:
            continue


def free_port(kind=socket.SOCK_DGRAM):
    return free_ports(kind)


def certificate():
    """A self-signed certificate with its key in one PEM file, made once."""
    path = os.path.join(OUT, "tls.pem")
    if not os.path.exists(path):
        os.makedirs(OUT, exist_ok=True)
        mine = f"{path}.{os.getpid()}"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-nodes", "-keyout", mine + ".key", "-out", mine + ".crt", "-days", "30",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                       check=True, capture_output=True)
        with open(mine, "w") as out:
            for part in (".crt", ".key"):
                with open(mine + part) as f:
                    out.write(f.read())
        os.rename(mine, path)
    return path


class Plain(yaml.SafeDumper):
    """Without aliases: the product refuses them."""

    def ignore_aliases(self, data):
        return True


def dump(value, to):
    yaml.dump(value, to, Dumper=Plain, allow_unicode=True, sort_keys=False)


def merge(to, more):
    for k, v in more.items():
        if isinstance(v, dict) and isinstance(to.get(k), dict) and k not in ("office",):
            merge(to[k], v)
        else:
            to[k] = v


class Server:
    http_host = "127.0.0.1"  # where the console is found
    next_media_port = 12000 + (os.getpid() % 90) * 200

    def __init__(self, name, office=ALWAYS, measures=None, node=None, csv_edit=None, start=True, more=()):
        self.name, self.more = name, list(more)  # of the command line
        self.dir = os.path.join(OUT, name)
        shutil.rmtree(self.dir, ignore_errors=True)
        os.makedirs(self.dir)
        self.config = os.path.join(self.dir, "config")
        shutil.copytree(os.path.join(ROOT, "config", "sample"), self.config)
        self.data = os.path.join(self.dir, "data")
        # SIP by UDP and TCP, by TLS, and HTTP
        self.sip_port = free_ports(None, socket.SOCK_STREAM, socket.SOCK_STREAM)
        self.http_port = self.sip_port + 2
        self.process, self.phones, self.log = None, [], open(os.path.join(self.dir, "log"), "ab")
        self.write_config(office, measures or {}, node or {}, csv_edit)
        if start:
            self.start()

    def write_config(self, office, measures, node, csv_edit):
        for org in ("mou-cheng", "bei-po"):
            path = os.path.join(self.config, org, "measures.yaml")
            with open(path) as f:
                m = yaml.safe_load(f)
            for k in ("holidays", "make_up_days"):
                m.pop(k, None)
            merge(m, json.loads(json.dumps(SHORT)))
            for k in list(m["hours"]):
                m["hours"][k] = office
            merge(m, json.loads(json.dumps(measures)))
            with open(path, "w") as f:
                dump(m, f)
        path = os.path.join(self.config, "node.yaml")
        with open(path) as f:
            n = yaml.safe_load(f)
        first = Server.next_media_port
        Server.next_media_port = 12000 + (first - 12000 + 200) % 18000
        n["media"]["ports"] = f"{first}-{first + 199}"
        n["log"] = "debug"
        n["interfaces"][0].update(tls_port=5061, certificate=certificate())
        merge(n, node)
        with open(path, "w") as f:
            dump(n, f)
        self.announce_few(os.path.join(self.config, "mou-cheng", "departments.csv"))
        if csv_edit:
            csv_edit(self.config)

    @staticmethod
    def announce_few(path):
        """Two departments in the announcement, not twelve: it is heard to its end in seconds."""
        with open(path, newline="") as f:
            rows = list(csv.DictReader(f))
        for r in rows:
            r["announce"] = r["announce"] if r["announce"] in ("1", "2") else "0"
        with open(path, "w", newline="") as f:
            w = csv.DictWriter(f, rows[0].keys())
            w.writeheader()
            w.writerows(rows)

    def start(self):
        env = dict(os.environ, ZONGJI_ROOT=ROOT,
                   ZONGJI_SPEECH_CACHE=SPOKEN)
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "zongji"), "serve", "--data", self.data, "--sip-port", str(self.sip_port), "--http-port",
             str(self.http_port), "--config", os.path.join(self.config, "node.yaml"), *self.more],
            stdout=self.log, stderr=self.log, env=env)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended at once: {self.tail()}")
            try:
                if self.health()["ok"]:
                    break
            except OSError:
                pass
            time.sleep(0.05)
        else:
            raise AssertionError(f"not healthy after 120 s: {self.tail()}")
        with open(os.path.join(self.data, "phones.csv")) as f:
            rows = list(csv.DictReader(f))
        self.secrets = {r["user"]: r["password"] for r in rows}
        return self

    def tail(self, lines=15):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return "\n".join(f.read().splitlines()[-lines:])

    def health(self):
        with urllib.request.urlopen(f"http://{self.http_host}:{self.http_port}/healthz", timeout=5) as r:
            return json.load(r)

    def stop(self, sig=signal.SIGTERM, timeout=20):
        """Ends the server; the exit status. Sanitizers make a status of their own."""
        for p in self.phones:
            p.close()
        self.phones = []
        if not self.process or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(sig)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the server didn't end in order") from None

    def kill(self):
        self.process.kill()
        self.process.wait()

    # phones
    def phone(self, number, org="mc", register=True, transport="udp", **more):
        user = f"{org}{number}"
        if user not in self.secrets:
            raise AssertionError(f"no such extension: {user}")
        port = self.sip_port + (1 if transport == "tls" else 0)
        p = phone.Phone(port=port, user=user, password=self.secrets[user], transport=transport, **more)
        self.phones.append(p)
        if register:
            status = p.register()
            assert status == 200, f"{user}: REGISTER was answered {status}"
        return p

    def outside(self, number="13800001111", **more):
        """Somebody outside, who comes in over the sample trunk."""
        p = phone.Phone(port=self.sip_port, user=number, **more)
        self.phones.append(p)
        return p

    # what was kept
    def query(self, sql, *args):
        with sqlite3.connect(f"file:{self.data}/zongji.db?mode=ro", uri=True, timeout=5) as db:
            db.row_factory = sqlite3.Row
            return [dict(r) for r in db.execute(sql, args)]

    def wait_query(self, sql, *args, count=1, timeout=5):
        end = time.monotonic() + timeout
        while True:
            rows = self.query(sql, *args)
            if len(rows) >= count:
                return rows
            if time.monotonic() > end:
                raise AssertionError(f"{sql} {args}: {rows}")
            time.sleep(0.05)

    def record(self, caller, dialled="%", timeout=5):
        """The last ended call of that caller's number (to what was dialled), with its steps."""
        row = self.wait_query("SELECT * FROM calls WHERE caller_number = ? AND dialled LIKE ? "
                              "AND ended_ms > 0 ORDER BY call_no DESC LIMIT 1", caller, dialled,
                              timeout=timeout)[0]
        row["steps"] = self.query("SELECT * FROM steps WHERE call_no = ? ORDER BY seq", row["call_no"])
        return row


# ---- sentences, recognised in what was heard ----

_prompts = {}


def prompt(name):
    """The samples of a sentence of the attendant, as the product wrote it for recording anew."""
    if name not in _prompts:
        path = os.path.join(ROOT, "tests", "out", "prompts", "zh-CN", name + ".wav")
        _prompts[name] = sound.read_wav(path)
    return _prompts[name]


def hears(call, name, timeout=12, least=0.5, since_ms=0):
    """Waits until the sentence has been heard; the offset in ms at which it began."""
    end = time.monotonic() + timeout
    clip = prompt(name)
    while True:
        heard = call.rtp.samples()[8 * since_ms:]
        hit = sound.find(heard, clip, least)
        if hit:
            return hit[0] + since_ms
        if time.monotonic() > end or call.rtp.closed:
            path = os.path.join(OUT, f"missed-{name}-{os.getpid()}.wav")
            with wave.open(path, "wb") as w:
                w.setparams((1, 2, 8000, 0, "NONE", ""))
                w.writeframes(heard.tobytes())
            raise AssertionError(f"{name} was not heard within {timeout} s ({len(heard) / 8000:.1f} s of sound: {path})")
        time.sleep(0.1)


def hears_all(call, name, **more):
    """The same, and until the sentence (and a beep after it) is over."""
    start = hears(call, name, **more)
    end = start + len(prompt(name)) / 8 + 700
    call.wait(lambda: heard_until_now(call) >= end or call.rtp.closed, 20, f"the end of {name}")
    return start


def heard_until_now(call):
    return len(call.rtp.samples()) // 8


def not_heard(call, name, least=0.5, since_ms=0):
    hit = sound.find(call.rtp.samples()[8 * since_ms:], prompt(name), least)
    assert not hit, f"{name} was heard at {hit[0]:.0f} ms"


def steps(record):
    return [(s["kind"], s["clause"]) for s in record["steps"]]


def has_steps(record, *wanted):
    """The steps, each ('kind', 'clause' or None for any), stand in the record in this order."""
    have = steps(record)
    at = 0
    for w in wanted:
        while at < len(have) and not (have[at][0] == w[0] and w[1] in (have[at][1], None)):
            at += 1
        assert at < len(have), f"{w} is missing in {have}"
        at += 1


def now():
    return datetime.datetime.now()
