#!/usr/bin/python3
"""The switchboard of bench/desk and the people around it: 5,000 in the directory, calls that stay with
the attendant, clients that follow the events, a caller with a tone. Says where it is, then does what
each line of stdin asks (a JSON list) and answers with a line. Ends with stdin.

usage: ZONGJI_BUILD=DIR desk_world.py WORK-DIR PEOPLE
"""
import csv
import http.client
import importlib.util
import json
import multiprocessing
import os
import select
import shutil
import signal
import sys
import time

import numpy as np
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
import desk_people  # noqa: E402

sys.path[0] = os.path.join(HERE, "..", "tests", "call")  # in the place of our own lib
from lib import commands, server as call_server, sound  # noqa: E402
from lib.server import Server  # noqa: E402

_spec = importlib.util.spec_from_file_location("bench_load", os.path.join(HERE, "lib", "load.py"))
load = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(load)

FIRST_NUMBER = 20000
LINE = "127.0.0.10"     # the carrier of the calls that stay
CALLER_HZ, OPERATOR_HZ = 620, 1480
TONE_DB = -40           # ours arrives at about -12; weaker isn't speech yet
MEASURES = {
    "numbers": {"extension_digits_max": 5},
    "ringing": {"target": "20s"},
    # who says nothing hears the announcement again and again
    "attendant": {"first_digit": "60s", "attempts": 10, "operator_wait": "2min"},
    "calls": {"silent_line": "0s"},
    "desk": {"answer_strategy": "in_order", "wrap_up": "0s", "grace": "20s"},
}


def write_csv(path, rows):
    with open(path, "w", newline="") as f:
        w = csv.DictWriter(f, rows[0].keys())
        w.writeheader()
        w.writerows(rows)


def read_csv(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def fill_directory(folder, count):
    """The sample company grows: its own forty people stay."""
    paths = {n: os.path.join(folder, f"{n}.csv") for n in ("people", "departments", "extensions")}
    people, departments, extensions = (read_csv(paths[n]) for n in ("people", "departments", "extensions"))
    made = desk_people.people(count, FIRST_NUMBER)
    ids = {}
    for i, name in enumerate(desk_people.DEPARTMENTS):
        ids[name] = 1000 + i
        departments.append(dict.fromkeys(departments[0], "") | {
            "id": ids[name], "name": name, "number": 7300 + i, "strategy": "in_turn", "hours": 0, "announce": 0,
            "disclosure": "all", "members": next(20000 + k for k, p in enumerate(made) if p["department"] == name)})
    for i, p in enumerate(made):
        people.append(dict.fromkeys(people[0], "") | {
            "id": 10000 + i, "name": p["name"], "title": p["title"], "department": ids[p["department"]],
            "extension": 20000 + i, "post": "employee", "disclosure": "all"})
        extensions.append(dict.fromkeys(extensions[0], "") | {
            "id": 20000 + i, "number": p["number"], "user": f"mc{p['number']}", "person": 10000 + i, "class": "inside",
            "call_waiting": 0, "algorithm": "md5"})
    for name, rows in (("people", people), ("departments", departments), ("extensions", extensions)):
        write_csv(paths[name], rows)


def drain(where, accounts, each, counts, ready):
    """A process of its own: follows the events of that many clients and throws them away."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    streams = []
    for (name, password), n in zip(accounts, each):
        for _ in range(n):
            c = http.client.HTTPConnection(*where, timeout=20)
            c.request("POST", "/api/v1/session", json.dumps({"name": name, "password": password}),
                      {"Content-Type": "application/json"})
            r = c.getresponse()
            r.read()
            cookie = r.headers["Set-Cookie"].split(";")[0]
            c.request("GET", "/api/v1/desk" if name.startswith("operator") else "/api/v1/switchboard", headers={"Cookie": cookie})
            after = json.loads(c.getresponse().read())["event_id"]
            c.request("GET", f"/api/v1/events?after={after}", headers={"Cookie": cookie})
            r = c.getresponse()
            if r.status != 200:
                raise SystemExit(f"{name}: no event stream, {r.status}")
            c.sock.setblocking(False)
            streams.append((c, r))
    socks = {c.sock.fileno(): i for i, (c, _) in enumerate(streams)}
    poll = select.epoll()
    for fd in socks:
        poll.register(fd, select.EPOLLIN)
    ready.set()
    while True:
        for fd, _ in poll.poll():
            data = os.read(fd, 65536)
            if not data:
                poll.unregister(fd)
                counts[socks[fd]] = -1
                continue
            counts[socks[fd]] += data.count(b"\nid:") + data.count(b"event: desk_call")


class World:
    def __init__(self, work, people):
        self.work, self.held, self.streams, self.calls, self.phones = work, None, None, {}, {}
        os.makedirs(work, exist_ok=True)
        call_server.OUT = work
        call_server.ROOT = self.own_root(os.path.join(work, "root"))
        call_server.SPOKEN = os.path.join("/var/tmp", "zongji-bench-spoken")
        self.server = Server("server", measures=MEASURES, start=False, more=["--sample"],
                             csv_edit=lambda config: self.configure(config, people))
        self.server.start()
        with open(os.path.join(self.server.data, "first-accounts.txt")) as f:
            self.accounts = {line.split()[0]: line.split()[1] for line in f if len(line.split()) > 1}

    @staticmethod
    def own_root(to):
        """The sources with a copy of the console's build: who builds it anew meanwhile disturbs nothing."""
        root = call_server.ROOT
        os.makedirs(os.path.join(to, "console"))
        for name in os.listdir(root):
            if name != "console":
                os.symlink(os.path.join(root, name), os.path.join(to, name))
        shutil.copytree(os.path.join(root, "console", "dist"), os.path.join(to, "console", "dist"))
        return to

    @staticmethod
    def configure(config, people):
        path = os.path.join(config, "node.yaml")
        with open(os.path.join(call_server.ROOT, "config", "sample", "node.yaml")) as f:
            sample = yaml.safe_load(f)
        with open(path) as f:
            n = yaml.safe_load(f)
        first = 24000
        n["log"], n["media"]["ports"] = "info", f"{first}-{first + 3999}"
        n["trunks"] = [sample["trunks"][0],
                       {"id": "line", "interface": "lan", "peers": [LINE], "domain": "carrier.example", "channels": 1000,
                        "codecs": ["pcma"]}]
        n["limits"] = {"calls": 2000, "registrations": 8000}
        n["organisations"] = n["organisations"][:1]
        n["organisations"][0]["numbers"] = [{"number": "8000", "to": "8000"}]
        with open(path, "w") as f:
            call_server.dump(n, f)
        shutil.copy(os.path.join(call_server.ROOT, "config", "sample", "mou-cheng", "departments.csv"),
                    os.path.join(config, "mou-cheng", "departments.csv"))
        fill_directory(os.path.join(config, "mou-cheng"), people)

    def where(self):
        return {"base": f"http://127.0.0.1:{self.server.http_port}", "accounts": self.accounts,
                "caller_hz": CALLER_HZ, "operator_hz": OPERATOR_HZ}

    def settle(self, most_s=300):
        """Until it is quiet: prompts and names are spoken into files after it takes calls. Seconds waited."""
        began = time.monotonic()
        while time.monotonic() - began < most_s:
            was = load.cpu_s(self.server.process.pid)
            time.sleep(1)
            if load.cpu_s(self.server.process.pid) - was < 0.04:
                break
        return round(time.monotonic() - began, 1)

    # ---- load ----
    def hold(self, count):
        """That many calls come in and stay with the attendant, who speaks to each. How many are up."""
        load.SIP, load.RTP = self.server.sip_port, 23900
        load.build_tools(self.work)
        self.sink = load.start([os.path.join(self.work, "rtp"), "far", load.RTP, 3000, 0], "0,1")
        self.held = load.Sipp(self.work, "hold.xml", [(load.address(2 + i),) for i in range(count)], "hold",
                              ["-r", 20, "-m", count, "-d", 3000000, "-key", "called", 8000], ip=LINE, port=23100)
        end = time.monotonic() + count / 20 + 20
        while time.monotonic() < end and len(self.held.legs()) < count:
            time.sleep(0.2)
        time.sleep(1)
        return self.still_held()

    def still_held(self):
        return self.held.counts()["current"] if self.held else 0

    def release(self):
        if self.held:
            load.end(self.held.process, signal.SIGUSR1, 1)  # hangs up, then ends
            load.end(self.sink, patience=1)
            self.held = None

    def follow(self, count):
        """Signed-in clients of both operators and of the manager, each with its event stream."""
        names = ("operator1", "operator2", "manager")
        each = [count // 3 + (1 if i < count % 3 else 0) for i in range(3)]
        self.counts = multiprocessing.Array("q", count)
        ready = multiprocessing.Event()
        self.streams = multiprocessing.Process(target=drain, daemon=True, args=(
            ("127.0.0.1", self.server.http_port), [(n, self.accounts[n]) for n in names], each, self.counts, ready))
        self.streams.start()
        if not ready.wait(60):
            raise AssertionError("the clients could not sign in")
        return count

    def followed(self):
        """The fewest and the most events that one of them had; -1: it was cut off."""
        return [min(self.counts), max(self.counts)] if self.streams else [0, 0]

    def leave(self):
        if self.streams:
            self.streams.terminate()
            self.streams.join()
            self.streams = None

    def cpu(self):
        return load.cpu_s(self.server.process.pid)

    # ---- the caller ----
    def call(self, number):
        """Somebody outside calls the main number and speaks a tone; when the INVITE left."""
        phone = self.server.outside(number)
        tone = sound.tone(CALLER_HZ, 60000, 0.3)
        sent = time.time() * 1000
        c = phone.call("8000")
        c.rtp.say(tone)
        self.calls[number] = c
        return sent

    def heard_at(self, number, after_ms, timeout=8, gone_first=False):
        """When the first packet with the operator's tone came in, after that moment; `gone_first`: after
        it had stopped for 60 ms."""
        rtp = self.calls[number].rtp
        skew = time.time() - time.monotonic()
        end, i, silent, last = time.monotonic() + timeout, 0, not gone_first, 0.0
        while time.monotonic() < end:
            while i < len(rtp.heard):
                at = (rtp.packets[i][0] + skew) * 1000
                if has_tone(rtp.heard[i], OPERATOR_HZ):
                    silent = silent or at > after_ms and at - last > 60
                    if silent and at >= after_ms:
                        return at
                    last = at
                i += 1
            time.sleep(0.005)
        raise AssertionError(f"{number}: doesn't hear the operator")

    def back_at(self, number, after_ms):
        """The same once the operator's page has gone and come again."""
        return self.heard_at(number, after_ms, 10, gone_first=True)

    def hang_up(self, number):
        c = self.calls.pop(number)
        c.hang_up()
        c.rtp.close()
        phone = c.phone
        time.sleep(0.05)
        if phone in self.server.phones:
            self.server.phones.remove(phone)
        phone.link.closed = True
        self.late = getattr(self, "late", [])
        self.late.append((time.monotonic(), phone))
        while self.late and time.monotonic() - self.late[0][0] > 2:
            self.late.pop(0)[1].link.close()  # it has answered what was repeated

    def answering(self, number):
        """A phone that answers at once."""
        p = self.phones[number] = self.server.phone(number)
        p.auto = lambda c: (c.ring(), time.sleep(0.3), c.answer())

    def record(self, number):
        return self.server.record(number)["steps"]


def has_tone(x, hz):
    if len(x) < 80 or sound.level(x) < TONE_DB:
        return False
    t = np.arange(len(x)) / sound.RATE
    f = x.astype(np.float64)
    p = np.abs(np.sum(f * np.exp(-2j * np.pi * hz * t))) ** 2 / len(x) * 2
    return p > 0.5 * np.sum(f * f)


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the end of stdin ends it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    world = World(os.path.abspath(sys.argv[1]), int(sys.argv[2]))
    commands.serve(world, lambda: leave(world))


def leave(world):
    world.leave()
    load.end_all()
    return world.server.stop()


main()
