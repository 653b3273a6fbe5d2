#!/usr/bin/env python3
"""The world of breaks.mjs: the real program on a cable of its own, the operator's colleague, callers
and phones, each step of a call reached by commands of the operator's account. Says where it is, then
does what each line of stdin asks (a JSON list) and answers with a line. Ends with stdin."""
import os
import stat
import sys
import time

import yaml

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "call"))
from lib import breaks, commands, netns, sound  # noqa: E402
from lib.breaks import STEPS, Cell  # noqa: E402
from lib.desk import Desk  # noqa: E402
from lib.server import Server, dump  # noqa: E402

CALLER = 600
MEASURES = {"ringing": {"rings": 8, "target": "60s"}, "calls": {"silent_line": "5min"},
            "parking": {"return_after": "5min"}, "desk": {"grace": "60s", "returned": "5min", "hold_remind": "5min"}}


class OnACable(Server):
    """The console and the browser's sound at the cable's address; phones at this machine's own."""

    def __init__(self, net):
        self.net, self.http_host = net, net.here

        def edit(config):
            path = os.path.join(config, "node.yaml")
            with open(path) as f:
                n = yaml.safe_load(f)
            n["interfaces"].append({"name": "cable", "address": net.here, "udp_port": 5060, "tcp_port": 0})
            n["http"]["address"] = net.here
            with open(path, "w") as f:
                dump(n, f)
        super().__init__("breaks", measures=MEASURES, node={"log": "info"}, csv_edit=edit)


class World:
    def __init__(self):
        self.net = netns.Net("b", 2)
        try:
            self.server = s = OnACable(self.net)
            self.d = Desk(s, "operator1", beats=False)  # gives commands; the page is the browser's
            self.e = Desk(s, "operator2").on_duty()
            self.phones = {n: s.phone(n) for n in ("8312", "8801")}
        except BaseException:
            self.net.close()
            raise
        self.cell = self.returned = None

    def where(self):
        with open(os.path.join(self.server.data, "first-accounts.txt")) as f:
            accounts = {line.split()[0]: line.split()[1] for line in f if len(line.split()) > 1}
        chromium = os.path.join(self.server.dir, "chromium")
        with open(chromium, "w") as f:
            f.write(f"#!/bin/sh\nexec {' '.join(self.net.enter)} /usr/bin/chromium \"$@\"\n")
        os.chmod(chromium, os.stat(chromium).st_mode | stat.S_IXUSR)
        return {"base": f"http://{self.server.http_host}:{self.server.http_port}", "accounts": accounts,
                "chromium": chromium, "steps": list(STEPS)}

    def on_duty(self):
        self.d.take(self.d.ask("GET", "/api/v1/desk"))
        self.wait_state("on")

    def wait_state(self, state):
        self.d.wait(lambda: self.d.me() and self.d.me()["state"] == state and (state != "on" or self.d.me()["sound"]),
                    20, state)

    def begin(self, step):
        """Brings a call into the step; a form is left to the page. The call's number."""
        for p in self.phones.values():
            p.register()  # all steps together last longer than a binding
        self.cell = Cell(self.server, self.d, step, self.phones, types=lambda kind: None)
        self.cell.call.rtp.say(sound.tone(CALLER, 300000))
        return {"caller": self.cell.number, "together": self.cell.together}

    def typed(self, name, text):
        """Waits until the server has what was typed."""
        end = time.monotonic() + 8
        while True:
            got = ((self.draft() or {}).get("fields", {}).get(name) or {}).get("text")
            if got == text:
                return got
            if time.monotonic() > end:
                raise AssertionError(f"{name} is {got}")
            time.sleep(0.1)

    def draft(self):  # asked by the colleague: the operator's own question would be a sign of life
        return self.e.ask("GET", "/api/v1/desk")["drafts"].get(str(self.cell.row["no"]))

    def breaks(self):
        self.cell.breaks()

    def link(self, how):
        netns.ip("link", "set", self.net.cable, how)

    def returns(self):
        self.returned = time.monotonic()

    def back(self):
        """The same call in the same step, with sound; how long it took, what the caller heard."""
        c = self.cell
        if c.together:
            c.hears("operator", 20)
        elif c.step == "consultation answered":
            end = time.monotonic() + 20
            while "operator" not in breaks.tones(c.others[0].rtp.samples(200)):
                assert time.monotonic() < end, "the general manager doesn't hear the operator"
                time.sleep(0.02)
        self.wait_state("on")
        ms = (time.monotonic() - self.returned) * 1000
        self.d.wait(c.there, 5, f"{c.step} again")
        assert c.call.state != "ended", "the caller was lost"
        return ms

    def heard(self):
        time.sleep(0.5)  # what comes after the return is told too
        parts = self.cell.heard()
        wrong = [w for w, _ in parts if "manager" in w or ("target" in w and self.cell.step != "conference")]
        return {"text": breaks.text(parts), "silence": breaks.longest(parts, "silence"), "wrong": wrong}

    def end(self):
        cell, self.cell = self.cell, None
        if cell:
            cell.end()

    def close(self):
        try:
            return self.server.stop()
        finally:
            self.net.close()


world = World()
commands.serve(world, world.close)
