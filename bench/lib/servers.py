"""The product and its peers, each started by itself on one core, with a configuration made here."""
import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import yaml

from . import load

ORDER = ["asterisk", "kamailio", "rtpengine", "zongji"]
HERE = load.HERE
ROOT = os.path.dirname(HERE)
SID = "/var/tmp/zongji-bench-sid"
PHONES, FIRST = 8000, 30000
HTTP, NG = 39080, 39081
MEDIA = (40000, 59998)


def available(work, build):
    there = {}
    if os.path.exists(os.path.join(build, "zongji")):
        there["zongji"] = Zongji(work, build)
    if os.path.exists(f"{SID}/usr/sbin/asterisk"):
        there["asterisk"] = Asterisk(work)
    if shutil.which("kamailio"):
        there["kamailio"] = Kamailio(work)
    if shutil.which("rtpengine"):
        there["rtpengine"] = Rtpengine(work)
    return there


def answers(port, kind="OPTIONS"):
    """Whether something answers SIP there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.2)
        s.bind(("127.0.0.1", 0))
        own = s.getsockname()[1]
        s.sendto((f"{kind} sip:127.0.0.1:{port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKp{time.time()}\r\n"
                  f"Max-Forwards: 70\r\nFrom: <sip:p@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: p{time.time()}\r\n"
                  f"CSeq: 1 {kind}\r\nContent-Length: 0\r\n\r\n").encode(), ("127.0.0.1", port))
        try:
            return s.recv(4096).startswith(b"SIP/2.0")
        except OSError:
            return False


def wait_for(check, process, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            if check():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"a server didn't come up: {' '.join(map(str, process.args[5:]))}")


def write_users(path, users):
    with open(path, "w") as f:
        f.writelines(f"{u},{p}\n" for u, p in users)


class Server:
    shared = ()
    channels = 20000  # calls at once that one line takes
    phones_needed = False

    def __init__(self, work):
        self.work = os.path.join(work, self.name)
        os.makedirs(self.work)
        self.users = os.path.join(work, f"{self.name}.users")
        self.process, self.out = None, open(os.path.join(self.work, "log"), "ab")

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        raise NotImplementedError

    def stop(self):
        load.end(self.process, signal.SIGTERM)
        self.process = None


class Zongji(Server):
    name, does = "zongji", {"attendant", "held", "bridged", "registrations", "memory", "answer"}
    channels = 2000

    def __init__(self, work, build):
        super().__init__(work)
        self.build, self.config = build, os.path.join(self.work, "config")
        self.data = os.path.join(self.work, "data")
        shutil.copytree(os.path.join(ROOT, "config", "sample"), self.config)
        self.write_node()
        self.write_measures()
        self.write_phones()

    def write_node(self):
        path = os.path.join(self.config, "node.yaml")
        with open(path) as f:
            n = yaml.safe_load(f)
        n["log"] = "warn"
        n["media"] = {"ports": f"{MEDIA[0]}-{MEDIA[1]}", "threads": 1}
        n["limits"] = {"calls": 18000, "legs": 20000, "registrations": 20000}
        # A line a group of callers: a line has 2,000 channels at the most.
        n["trunks"] = [{"id": f"line{i}", "interface": "lan", "peers": [f"127.0.0.{10 + i}"], "domain": "carrier.example",
                        "channels": 2000, "codecs": ["pcma"]} for i in range(8)]
        n["organisations"] = n["organisations"][:1]
        n["organisations"][0].update(numbers=[{"number": "8000", "to": "8000"}], routes=["line0"])
        with open(path, "w") as f:
            yaml.safe_dump(n, f, allow_unicode=True, sort_keys=False)

    def write_measures(self):
        path = os.path.join(self.config, "mou-cheng", "measures.yaml")
        with open(path) as f:
            m = yaml.safe_load(f)
        m["numbers"]["extension_digits_max"] = 5
        m.setdefault("calls", {})["silent_line"] = "0s"  # callers only listen
        with open(path, "w") as f:
            yaml.safe_dump(m, f, allow_unicode=True, sort_keys=False)

    def write_phones(self):
        path = os.path.join(self.config, "mou-cheng", "extensions.csv")
        with open(path, newline="") as f:
            rows = list(csv.DictReader(f))
        rows += [dict.fromkeys(rows[0], "") | {"id": 1000 + i, "number": FIRST + i, "user": f"b{FIRST + i}", "class": "inside",
                                               "call_waiting": 0, "algorithm": "md5"} for i in range(PHONES)]
        with open(path, "w", newline="") as f:
            w = csv.DictWriter(f, rows[0].keys())
            w.writeheader()
            w.writerows(rows)

    def start(self):
        env = dict(os.environ, ZONGJI_ROOT=ROOT, ZONGJI_SPEECH_CACHE=os.path.join(os.path.dirname(self.work), "speech"))
        self.process = load.start([os.path.join(self.build, "zongji"), "serve", "--data", self.data, "--config",
                                   os.path.join(self.config, "node.yaml"), "--sip-port", load.SIP, "--http-port", HTTP],
                                  load.SERVER_CORE, out=self.out, env=env)
        wait_for(self.healthy, self.process, 300)
        with open(os.path.join(self.data, "phones.csv")) as f:
            users = [(r["user"], r["password"]) for r in csv.DictReader(f) if r["user"].startswith("b3")]
        write_users(self.users, users)
        self.settle()

    def settle(self):
        """Until it is quiet: prompts and names are still being spoken into files after it takes calls."""
        for _ in range(120):
            was = load.cpu_s(self.pid)
            time.sleep(0.5)
            if load.cpu_s(self.pid) - was < 0.02:
                return

    @staticmethod
    def healthy():
        with urllib.request.urlopen(f"http://127.0.0.1:{HTTP}/healthz", timeout=2) as r:
            return r.status == 200


class Asterisk(Server):
    name, does = "asterisk", {"attendant", "held", "bridged", "registrations", "memory", "answer"}

    def __init__(self, work):
        super().__init__(work)
        self.etc = f"{SID}/bench/etc"
        shutil.rmtree(f"{SID}/bench", ignore_errors=True)
        os.makedirs(f"{SID}/bench/var/cdr-csv")
        shutil.copytree(os.path.join(HERE, "peers", "asterisk"), self.etc)
        for name in ("pjsip.conf", "extensions.conf"):
            path = os.path.join(self.etc, name)
            with open(path) as f:
                text = f.read().replace("@SIP@", str(load.SIP)).replace("@UAS@", str(load.UAS))
            if name == "pjsip.conf":
                text += "".join(f"[b{n}](user)\nauth=b{n}\naors=b{n}\n[b{n}](secret)\nusername=b{n}\npassword=bench\n[b{n}](place)\n"
                                for n in range(FIRST, FIRST + PHONES // 2))
            with open(path, "w") as f:
                f.write(text)
        # Sound that needs no transcoding: two minutes of A-law.
        with open(f"{SID}/bench/announcement.alaw", "wb") as f:
            f.write(bytes((0xD5, 0x55, 0x54, 0xD4) * 2000) * 120)
        write_users(self.users, [(f"b{n}", "bench") for n in range(FIRST, FIRST + PHONES // 2)])

    def start(self):
        self.process = load.start(["chroot", SID, "asterisk", "-f", "-C", "/bench/etc/asterisk.conf"], load.SERVER_CORE, out=self.out,
                                  env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"})
        wait_for(lambda: answers(load.SIP), self.process)
        time.sleep(1)


class Kamailio(Server):
    name, does = "kamailio", {"registrations"}

    def __init__(self, work):
        super().__init__(work)
        with open(os.path.join(HERE, "peers", "kamailio.cfg")) as f:
            text = f.read().replace("@SIP@", str(load.SIP))
        with open(os.path.join(self.work, "kamailio.cfg"), "w") as f:
            f.write(text)
        write_users(self.users, [(f"b{n}", "bench") for n in range(FIRST, FIRST + PHONES)])

    def start(self):
        self.process = load.start(["kamailio", "-DD", "-E", "-m", 256, "-M", 16, "-b", 4194304, "-f", f"{self.work}/kamailio.cfg",
                                   "-Y", self.work, "-P", f"{self.work}/pid"], load.SERVER_CORE, out=self.out)
        wait_for(lambda: answers(load.SIP), self.process)


def bencode(v):
    if isinstance(v, dict):
        return b"d" + b"".join(bencode(k) + bencode(v[k]) for k in sorted(v)) + b"e"
    if isinstance(v, list):
        return b"l" + b"".join(map(bencode, v)) + b"e"
    b = v.encode()
    return str(len(b)).encode() + b":" + b


class Rtpengine(Server):
    name, does = "rtpengine", {"bridged"}

    def start(self):
        self.process = load.start(["rtpengine", "--foreground", "--table=-1", "--interface=127.0.0.1", f"--listen-ng=127.0.0.1:{NG}",
                                   f"--port-min={MEDIA[0]}", f"--port-max={MEDIA[1]}", "--log-level=3", "--log-stderr", "--num-threads=2",
                                   "--delete-delay=0", f"--pidfile={self.work}/pid"], load.SERVER_CORE, out=self.out)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(2)
        self.socket.connect(("127.0.0.1", NG))
        self.serial = 0
        wait_for(lambda: b"pong" in self.ask({"command": "ping"}), self.process, 20)

    def ask(self, what):
        self.serial += 1
        self.socket.send(f"{self.serial} ".encode() + bencode(what))
        return self.socket.recv(65536)

    def bridge(self, first, calls):
        """Calls between the legs first, first + 1 …; where each leg speaks to."""
        legs = []
        for i in range(calls):
            a, b = first + 2 * i, first + 2 * i + 1
            common = {"call-id": f"bench{first}.{i}", "from-tag": "a", "ICE": "remove", "flags": ["trust-address"]}
            to_b = self.ask({"command": "offer", "sdp": sdp(a), **common})
            to_a = self.ask({"command": "answer", "sdp": sdp(b), "to-tag": "b", **common})
            legs += [(load.address(b), port_of(to_b)), (load.address(a), port_of(to_a))]
        return legs


def sdp(leg):
    ip = load.address(leg)
    return (f"v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {load.RTP} RTP/AVP 8\r\n"
            "a=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n")


def port_of(reply):
    found = re.search(rb"m=audio (\d+)", reply)
    if not found:
        raise SystemExit(f"rtpengine: {reply[:200]!r}")
    return int(found.group(1))


def install(script):
    subprocess.run([script], check=True)
