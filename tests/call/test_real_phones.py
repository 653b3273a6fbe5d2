"""Phones that nobody here wrote (Done 3): Debian's baresip and linphone in a network namespace that
stands for the LAN, over UDP, TCP and TLS; a carrier in another, on an interface of its own that
advertises another address. Every sentence below is proved by the tone that the far end hears."""
import os
import subprocess
import time

from lib import netns, phone, sound
from lib.desk import Client
from lib.server import ALWAYS, OUT, Server
from lib.softphone import Baresip, Linphone

ADVERTISED = "203.0.113.8"  # what a cloud's one-to-one NAT would show of the carrier's interface
TONE = {"8312": 440, "8313": 700, "8314": 1000}


def certificate(address):
    """A self-signed certificate for the LAN's address; both phones verify it. The address is there
    as a name too: linphone's mbedtls looks at names only."""
    pem, key = os.path.join(OUT, "real_phones.pem"), os.path.join(OUT, "real_phones.key")
    os.makedirs(OUT, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", pem, "-days", "30", "-subj", f"/CN={address}",
                    "-addext", f"subjectAltName=IP:{address},DNS:{address}"], check=True, capture_output=True)
    with open(pem) as crt, open(key) as k, open(pem + ".both", "w") as both:
        both.write(crt.read() + k.read())
    return pem


class World(Server):
    def __init__(self):
        self.lan = self.carrier = None
        try:
            self.lan, self.carrier = netns.Net("l", 0, more=2), netns.Net("c", 1)
            self.ca = certificate(self.lan.here)
            node = {
                "interfaces": [
                    {"name": "lan", "address": self.lan.here, "udp_port": 5060, "tcp_port": 5060,
                     "tls_port": 5061, "certificate": self.ca + ".both"},
                    {"name": "carrier", "address": self.carrier.here, "advertised": ADVERTISED,
                     "udp_port": 5060, "tcp_port": 0}],
                "trunks": [{"id": "sample", "name": "运营商", "interface": "carrier", "transport": "udp",
                            "peers": [f"{self.carrier.there}:5060"], "domain": "carrier.example",
                            "proxy": f"{self.carrier.there}:5060", "channels": 4, "codecs": ["pcma"],
                            "first_response": "2s", "options_interval": "0s",
                            "shown_number": "02155508000", "from": "<sip:{shown}@{domain}>",
                            "identity": "<sip:{shown}@{domain}>"}],
            }
            super().__init__("real_phones", office=ALWAYS, node=node)
        except BaseException:
            self.remove_nets()
            raise

    def remove_nets(self):
        for net in (self.lan, self.carrier):
            if net:
                net.close()

    def stop(self, *args, **more):
        try:
            return super().stop(*args, **more)
        finally:
            self.remove_nets()

    def soft(self, kind, number, transport, **more):
        # each at an address of its own: RTP ports and control sockets never meet
        at = list(TONE).index(number)
        address = ([self.lan.there] + self.lan.more)[at]
        user = "mc" + number
        if kind is Baresip:
            more.update(control=4444 + at, local_port=5060 + 2 * at)
        else:
            more.update(sip_port=5070 + 2 * at, rtp=7078 + 100 * at)
        p = kind(self.lan, os.path.join(self.dir, f"{kind.__name__}-{number}"), user, self.secrets[user],
                 self.lan.here, self.sip_port + (transport == "tls"), transport, address, TONE[number],
                 cafile=self.ca if transport == "tls" else "", **more)
        self.phones.append(p)
        return p


def world():
    return World()


def hears(p, hz, timeout=6):
    """Waits until the last third of a second of what `p` hears is that tone."""
    end = time.monotonic() + timeout
    while not sound.hears_tone(p.heard()[-2400:], hz):
        assert time.monotonic() < end, \
            f"{p.user} doesn't hear {hz} Hz but {sound.pitch(p.heard()[-2400:])}\n{p.tail()}"
        time.sleep(0.1)


def hears_music(p, not_hz, timeout=6):
    end = time.monotonic() + timeout
    while True:
        x = p.heard()[-2400:]
        if sound.level(x) > -50 and not sound.hears_tone(x, not_hz):
            return
        assert time.monotonic() < end, f"{p.user} hears no music but {sound.pitch(x)}, {sound.level(x):.0f} dB"
        time.sleep(0.1)


def wait_no_calls(s, timeout=5):
    end = time.monotonic() + timeout
    while s.health()["calls"]:
        assert time.monotonic() < end, f"calls still up: {s.health()}"
        time.sleep(0.1)


def all_of_it(s, transport):
    """Register, call both ways, hold both ways, blind transfer by baresip."""
    b, l, c = s.soft(Baresip, "8312", transport), s.soft(Linphone, "8313", transport), s.soft(Baresip, "8314", transport)
    for p in (b, l, c):
        p.wait_registered()
    b.call("8313")
    b.wait_event("CALL_ESTABLISHED")
    hears(b, 700)
    hears(l, 440)
    l.type("pause")
    l.wait_state("LinphoneCallPaused")
    hears_music(b, 700)
    l.type("resume 1")
    hears(b, 700)
    hears(l, 440)
    n = b.mark()
    l.type("terminate")
    b.wait_event("CALL_CLOSED", n)
    n, m = b.mark(), l.mark()
    l.call("8312")
    l.wait_state("LinphoneCallStreamsRunning", m)
    hears(l, 440)
    hears(b, 700)
    b.command("hold")
    hears_music(l, 440)
    b.command("resume")
    hears(l, 440)
    b.command("transfer", b.uri("8314"))
    c.wait_event("CALL_ESTABLISHED")
    hears(c, 700)
    hears(l, 1000)
    b.wait_event("CALL_CLOSED", n)
    n = c.mark()
    l.type("terminate all")
    c.wait_event("CALL_CLOSED", n)
    wait_no_calls(s)


def test_over_udp(s):
    all_of_it(s, "udp")


def test_over_tcp(s):
    all_of_it(s, "tcp")


def test_over_tls(s):
    all_of_it(s, "tls")


def test_linphone_transfers_blind(s):
    b, l, c = s.soft(Baresip, "8312", "udp"), s.soft(Linphone, "8313", "tcp"), s.soft(Baresip, "8314", "tls")
    for p in (b, l, c):
        p.wait_registered()
    l.call("8312")
    l.wait_state("LinphoneCallStreamsRunning")
    hears(b, 700)
    l.type(f"transfer 1 {l.uri('8314')}")
    c.wait_event("CALL_ESTABLISHED")
    hears(b, 1000)
    hears(c, 440)
    l.wait_state("LinphoneCallReleased")
    b.hang_up()
    wait_no_calls(s)


def test_linphone_transfers_attended(s):
    b, l, c = s.soft(Baresip, "8312", "tls"), s.soft(Linphone, "8313", "tls"), s.soft(Baresip, "8314", "udp")
    for p in (b, l, c):
        p.wait_registered()
    b.call("8313")
    b.wait_event("CALL_ESTABLISHED")
    hears(b, 700)
    l.type("pause")
    l.wait_state("LinphoneCallPaused")
    hears_music(b, 700)
    m = l.mark()
    l.call("8314")
    l.wait_state("LinphoneCallStreamsRunning", m)
    hears(c, 700)
    l.type("transfer 1 --to-call 2")
    hears(b, 1000)
    hears(c, 440)
    l.wait_state("LinphoneCallReleased")
    c.hang_up()
    b.wait_event("CALL_CLOSED")
    wait_no_calls(s)


def carrier(s):
    with s.carrier.inside():
        p = phone.Phone(server=s.carrier.here, port=5060, user="13800009000", ip=s.carrier.there,
                        local_port=5060)
    s.phones.append(p)
    return p


def behind_nat(s, call):
    """What the switchboard says of itself is the advertised address; the NAT in between is ours."""
    assert call.rtp.remote[0] == ADVERTISED, call.rtp.remote
    call.rtp.remote = (s.carrier.here, call.rtp.remote[1])


def test_a_call_from_the_carriers_network(s):
    b, c = s.soft(Baresip, "8312", "udp"), carrier(s)
    b.wait_registered()
    with s.carrier.inside():
        call = c.call("02155508312")
    call.wait_up()
    answer = call.responses[-1]
    assert ADVERTISED in answer.get("contact"), answer.get("contact")
    assert s.carrier.here.encode() not in answer.body, answer.body
    behind_nat(s, call)
    call.rtp.say(sound.tone(600, 6000))
    hears(b, 600)
    end = time.monotonic() + 5
    while not sound.hears_tone(call.rtp.samples(400), 440):
        assert time.monotonic() < end, sound.pitch(call.rtp.samples(400))
        time.sleep(0.1)
    call.hang_up()
    wait_no_calls(s)


def test_a_call_to_the_carriers_network(s):
    b, c = s.soft(Baresip, "8312", "tcp"), carrier(s)
    b.wait_registered()
    b.call("913912345678")
    theirs = c.wait_call(6)
    via, contact = theirs.invite.get("via"), theirs.invite.get("contact")
    assert ADVERTISED in via and ADVERTISED in contact, (via, contact)
    assert s.lan.here not in str(theirs.invite.headers), "the LAN's address is shown to the carrier"
    assert "sip:02155508000@carrier.example" in theirs.invite.get("from"), theirs.invite.get("from")
    behind_nat(s, theirs)
    theirs.ring()
    theirs.answer()
    theirs.rtp.say(sound.tone(600, 6000))
    hears(b, 600)
    theirs.hang_up()
    b.wait_event("CALL_CLOSED")
    wait_no_calls(s)


def test_the_message_lamp_of_a_real_phone(s):
    """RFC 3842: baresip subscribes by itself; its lamp goes on with a message and out when it is read."""
    p = s.soft(Baresip, "8312", "udp", modules=["mwi"]).wait_registered()

    def says(words, times=1):
        p.wait(lambda: p.tail(400).count(words) >= times, 8, words)

    says("Messages-Waiting: no")
    operator = Client(s, "operator1")
    m = operator.ask("POST", "/api/v1/messages", {"for_person": 16, "from_name": "王先生", "urgency": "urgent"})["id"]
    began = time.monotonic()
    says("Messages-Waiting: yes")
    assert time.monotonic() - began < 1.5, "the lamp is late"
    says("Voice-Message: 1/0 (1/0)")
    operator.ask("POST", f"/api/v1/messages/{m}/receipts", {"kind": "told"})
    says("Messages-Waiting: no", 2)
