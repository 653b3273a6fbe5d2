"""Article 4 by a person, with nothing of ours at the ends (issue 3, Done 2): the operator's headset is
a nailed-up baresip, targets are baresip and linphone, callers are sipp in the carrier's network. Every
sentence is proved by the tone that the far end hears."""
import os
import re
import socket
import struct
import subprocess
import threading
import time

import numpy as np

from lib import netns, sound
from lib.desk import Desk
from lib.server import ALWAYS, Server, has_steps
from lib.softphone import Baresip, Linphone

TONE = {"8602": 1000, "8312": 440, "8801": 700}
CALLER = 600
MEDIA = 17000  # sipp's port

SIPP = """<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:%(number)s@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:%(number)s@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:%(number)s@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
[routes]
Max-Forwards: 70
Content-Length: 0

]]></send>
<nop><action><exec rtp_stream="%(say)s,-1,8,PCMA/8000"/></action></nop>
<recv request="BYE"/>
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
</scenario>
"""


class Ear:
    """What arrives at sipp's media port, read beside it: it keeps nothing itself."""

    def __init__(self, net):
        with net.inside():
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
        self.frames = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                data = self.sock.recv(4096)
            except OSError:
                return
            udp = data[(data[0] & 15) * 4:]
            if len(udp) > 20 and struct.unpack("!H", udp[2:4])[0] == MEDIA and udp[9] & 0x7F == 8:
                self.frames.append(sound.from_alaw(udp[20:]))

    def heard(self):
        return np.concatenate(self.frames[-200:]) if self.frames else np.zeros(0, np.int16)

    def close(self):
        self.sock.close()


class Sipp:
    """One caller outside; ended by the other side."""
    n = 0

    def __init__(self, s):
        Sipp.n += 1
        self.number, self.user = f"1350000{Sipp.n:04d}", f"sipp {Sipp.n}"
        say, path = os.path.join(s.dir, "say.alaw"), os.path.join(s.dir, f"caller{Sipp.n}.xml")
        with open(say, "wb") as f:
            f.write(sound.alaw(sound.tone(CALLER, 10000)))
        with open(path, "w") as f:
            f.write(SIPP % {"number": self.number, "say": say})
        self.log = open(path + ".log", "w+b")
        self.ear = Ear(s.carrier)
        self.process = subprocess.Popen(
            s.carrier.run("sipp", f"{s.carrier.here}:5060", "-sf", path, "-s", "02155508000", "-i", s.carrier.there,
                          "-p", "5060", "-mp", str(MEDIA), "-m", "1", "-nostdin", "-timeout", "90"),
            stdout=self.log, stderr=self.log, cwd=s.dir)
        s.phones.append(self)

    def heard(self):
        return self.ear.heard()

    def tail(self):
        self.log.seek(0)
        return "\n".join(re.findall(r".*(?:nexpected|abort|Abort).*", self.log.read().decode(errors="replace"))[-5:])

    def ended(self):
        assert self.process.wait(10) == 0, f"{self.user}: {self.process.returncode} {self.tail()}"

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.ear.close()
        self.log.close()


class World(Server):
    def __init__(self):
        self.lan = self.carrier = None
        try:
            self.lan, self.carrier = netns.Net("d", 3, more=2), netns.Net("e", 4)
            node = {
                "interfaces": [
                    {"name": "lan", "address": self.lan.here, "udp_port": 5060, "tcp_port": 5060},
                    {"name": "carrier", "address": self.carrier.here, "udp_port": 5060, "tcp_port": 0}],
                "trunks": [{"id": "sample", "name": "运营商", "interface": "carrier", "transport": "udp",
                            "peers": [f"{self.carrier.there}:5060"], "domain": "carrier.example",
                            "channels": 4, "codecs": ["pcma"], "options_interval": "0s",
                            "shown_number": "02155508000"}],
            }
            super().__init__("desk_real_phones", office=ALWAYS, node=node, measures={"calls": {"silent_line": "60s"}})
        except BaseException:
            self.remove_nets()
            raise

    def write_config(self, *args):
        super().write_config(*args)
        path = os.path.join(self.config, "node.yaml")
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:  # no TLS on these
            f.write(re.sub(r"\n +(tls_port|certificate): .*", "", text))

    def remove_nets(self):
        for net in (self.lan, self.carrier):
            if net:
                net.close()

    def stop(self, *args, **more):
        try:
            return super().stop(*args, **more)
        finally:
            self.remove_nets()

    def soft(self, kind, number, **more):
        at = list(TONE).index(number)
        address = ([self.lan.there] + self.lan.more)[at]
        more.update({"control": 4454 + at, "local_port": 5060 + 2 * at} if kind is Baresip
                    else {"sip_port": 5070 + 2 * at, "rtp": 7078 + 100 * at})
        user = "mc" + number
        p = kind(self.lan, os.path.join(self.dir, f"{kind.__name__}-{number}"), user, self.secrets[user],
                 self.lan.here, self.sip_port, "udp", address, TONE[number], **more)
        self.phones.append(p)
        return p.wait_registered()


def world():
    return World()


def hears(p, hz, timeout=8):
    """Waits until the last third of a second of what `p` hears is that tone."""
    end = time.monotonic() + timeout
    while not sound.hears_tone(p.heard()[-2400:], hz):
        assert time.monotonic() < end, f"{p.user} hears {sound.pitch(p.heard()[-2400:])}, not {hz} Hz\n{p.tail()}"
        time.sleep(0.1)


def hears_not(p, *hz, ms=700):
    """Not the last second: what was on its way may still have come."""
    time.sleep(0.4)
    end = time.monotonic() + ms / 1000
    while time.monotonic() < end:
        for f in hz:
            assert not sound.hears_tone(p.heard()[-1600:], f), f"{p.user} hears {f} Hz"
        time.sleep(0.1)


def music(p, timeout=6):
    end = time.monotonic() + timeout
    while True:
        x = p.heard()[-2400:]
        if sound.level(x) > -50 and not any(sound.hears_tone(x, f) for f in (CALLER, *TONE.values())):
            return
        assert time.monotonic() < end, f"{p.user} hears no music but {sound.pitch(x)}, {sound.level(x):.0f} dB"
        time.sleep(0.1)


def on_duty(s):
    phone = s.soft(Baresip, "8602")
    d = Desk(s, "operator1")
    d.duty("on", sound="phone", extension="8602", nailed=True)
    phone.wait_event("CALL_ESTABLISHED")
    d.wait(lambda: d.me() and d.me()["state"] == "on" and d.me()["sound"], what="on duty")
    return d, phone


def taken(s, d, phone):
    caller = Sipp(s)
    d.take_call(caller.number, timeout=10)
    hears(phone, CALLER)
    hears(caller, TONE["8602"])
    return caller


def finish(d, caller):
    d.command("hang_up", value="done")
    caller.ended()
    d.close()


def test_straight_through(s):
    (d, phone), t = on_duty(s), s.soft(Baresip, "8312", answer="manual")
    caller = taken(s, d, phone)
    n = t.mark()
    d.command("put_through", target={"number": "8312"})
    t.wait_event("CALL_INCOMING", n)
    hears(phone, CALLER)  # while it rings the operator still speaks
    t.command("accept")
    t.wait_event("CALL_ESTABLISHED", n)
    hears(t, CALLER)
    hears(caller, TONE["8312"])
    hears_not(phone, CALLER, TONE["8312"])
    t.hang_up()
    caller.ended()
    has_steps(s.record(caller.number), ("answered_operator", "A4.1.1"), ("target", "A4.1.2"), ("connected", "A4.1.2"))
    d.close()


def test_no_answer_comes_back(s):
    (d, phone), t = on_duty(s), s.soft(Baresip, "8312", answer="manual")
    caller = taken(s, d, phone)
    d.command("put_through", target={"number": "8312"})
    t.wait_event("CALL_INCOMING")
    d.command("let_go", d.from_number(caller.number))
    row = d.wait_row(caller.number, "returned", timeout=12)
    assert row["outcome"] == "no_answer" and row["sentence"] == "through.no_answer", row
    t.wait_event("CALL_CLOSED")
    d.command("answer", row)
    hears(phone, CALLER)
    hears(caller, TONE["8602"])
    finish(d, caller)


def test_refused_is_told_the_operator_only(s):
    (d, phone), t = on_duty(s), s.soft(Baresip, "8312", answer="manual")
    caller = taken(s, d, phone)
    d.command("put_through", target={"number": "8312"})
    t.wait_event("CALL_INCOMING")
    d.wait(lambda: any(x["step"] == "target_ringing" for x in d.from_number(caller.number)["steps"]), what="ringing")
    t.hang_up()
    row = d.wait_outcome(caller.number, "refused")
    assert row["bay"] == "in_hand" and row["sentence"] == "through.no_answer", row
    hears(caller, TONE["8602"])
    finish(d, caller)


def test_the_general_manager_agrees(s):
    (d, phone), gm = on_duty(s), s.soft(Linphone, "8801")
    caller = taken(s, d, phone)
    d.refused("put_through", target={"number": "8801"}, code="screening", clause="A4.1.3")
    d.command("screen", value={"surname": True, "organisation": True, "matter": True})
    d.command("consult", target={"number": "8801"})
    d.wait(lambda: d.from_number(caller.number)["consulted"], 10, "consulted")
    hears(gm, TONE["8602"])
    hears(phone, TONE["8801"])
    music(caller)
    hears_not(gm, CALLER)
    hears_not(caller, TONE["8602"], TONE["8801"])
    d.command("outcome", value="agreed")
    hears(gm, CALLER)
    hears(caller, TONE["8801"])
    hears_not(phone, CALLER, TONE["8801"])
    gm.type("terminate all")
    caller.ended()
    has_steps(s.record(caller.number), ("consultation", "A4.1.3"), ("consent", "A4.1.3"), ("connected", "A4.1.3"))
    d.close()


def test_hold_and_retrieve(s):
    d, phone = on_duty(s)
    caller = taken(s, d, phone)
    d.command("hold")
    row = d.wait_row(caller.number, "held")
    music(caller)
    hears_not(phone, CALLER)
    d.command("retrieve", row)
    hears(phone, CALLER)
    hears(caller, TONE["8602"])
    finish(d, caller)
