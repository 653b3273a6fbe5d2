"""Phones among themselves: registration, hold, transfer, forwarding, groups, pick-up, park, classes
of service, emergency numbers, trunks outwards."""
import re
import time

from lib import phone, sound
from lib.server import dump, ALWAYS, Server, free_port, has_steps, hears


PORTS = type("Ports", (), {})()


def world(name="phones", **more):
    def carrier(config):
        import os, yaml
        path = os.path.join(config, "node.yaml")
        n = yaml.safe_load(open(path))
        PORTS.carrier, PORTS.silent = free_port(), free_port()
        common = {"interface": "lan", "transport": "udp", "domain": "carrier.example", "channels": 2,
                  "codecs": ["pcma"], "first_response": "1s", "options_interval": "0s",
                  "shown_number": "02155508000", "from": "<sip:{shown}@{domain}>",
                  "identity": "<sip:{shown}@{domain}>"}
        n["trunks"] += [dict(common, id="dead", name="哑中继", peers=[f"127.0.0.3:{PORTS.silent}"]),
                        dict(common, id="out", name="外线", peers=[f"127.0.0.2:{PORTS.carrier}"])]
        n["organisations"][0]["routes"] = ["dead", "out"]
        dump(n, open(path, "w"))
    return Server(name, office=ALWAYS, csv_edit=carrier, **more)


def carrier(s):
    p = phone.Phone(port=s.sip_port, user="carrier", ip="127.0.0.2", local_port=PORTS.carrier)
    s.phones.append(p)
    return p


def talk(a, b, hz=700):
    """What one says the other hears, both ways."""
    a.rtp.say(sound.tone(hz, 1300))
    b.rtp.say(sound.tone(hz + 250, 1300))
    time.sleep(1.1)
    assert sound.hears_tone(b.rtp.samples(400), hz), sound.pitch(b.rtp.samples(400))
    assert sound.hears_tone(a.rtp.samples(400), hz + 250), sound.pitch(a.rtp.samples(400))


def connect(a, b, number):
    call = a.call(number)
    theirs = b.wait_call()
    theirs.ring()
    call.wait_status(180)
    theirs.answer()
    call.wait_up()
    return call, theirs


def test_registration(s):
    p = s.phone("8312", register=False)
    assert p.register() == 200
    assert "expires" in p.registered.get("contact").lower()
    p.password = "wrong"
    assert p.register() in (401, 403)
    p.password = s.secrets["mc8312"]
    assert p.register(expires=0) == 200
    assert p.register(expires=5) == 423, "shorter than the limit"
    nobody = phone.Phone(port=s.sip_port, user="nobody", password="x")
    s.phones.append(nobody)
    assert nobody.register() in (401, 403)


def test_sha256_digest(s):
    p = s.phone("8902")
    assert p.registered.status == 200


def test_phone_to_phone_both_ways(s):
    a, b = s.phone("8312", display="张三丰"), s.phone("8313")
    call, theirs = connect(a, b, "8313")
    assert "8312" in theirs.invite.get("from"), theirs.invite.get("from")
    talk(call, theirs)
    call.hang_up()
    theirs.wait_ended()


def test_over_tcp_and_tls(s):
    a, b = s.phone("8312", transport="tcp"), s.phone("8313", transport="tls")
    call, theirs = connect(a, b, "8313")
    talk(call, theirs)
    theirs.hang_up()
    call.wait_ended()
    call, theirs = connect(b, a, "8312")
    talk(call, theirs)
    call.hang_up()


def test_transcoding(s):
    a, b = s.phone("8312", codec=8), s.phone("8313", codec=0)
    call, theirs = connect(a, b, "8313")
    talk(call, theirs)
    call.hang_up()


def test_caller_cancels(s):
    a, b = s.phone("8312"), s.phone("8313")
    call = a.call("8313")
    theirs = b.wait_call()
    theirs.ring()
    call.wait_status(180).hang_up()
    theirs.wait_ended()
    call.wait_ended()
    assert call.final == 487, call.final


def test_answer_crossing_cancel(s):
    a, b = s.phone("8312"), s.phone("8313")
    for _ in range(5):
        call = a.call("8313")
        theirs = b.wait_call()
        theirs.ring()
        call.wait_status(180)
        theirs.reply(theirs.invite, 200, "OK", body=theirs.sdp())
        theirs.state = "answering"
        call.hang_up()
        end = time.monotonic() + 4
        while time.monotonic() < end and theirs.state != "ended":
            if call.state == "up":
                call.hang_up()
            time.sleep(0.05)
        assert theirs.state == "ended", theirs.state


def test_busy_and_call_waiting_off(s):
    a, b, c = s.phone("8312"), s.phone("8313"), s.phone("8314")
    call, theirs = connect(a, b, "8313")
    second = c.call("8313")
    second.wait_ended(10)
    assert second.final in (486, 200), second.final
    b.no_call(0.3)
    call.hang_up()


def test_hold_in_both_styles(s):
    a, b = s.phone("8312"), s.phone("8313")
    call, theirs = connect(a, b, "8313")
    for style in ("sendonly", "zero"):
        at = len(theirs.rtp.samples())
        call.hold(style)
        time.sleep(1)
        assert sound.level(theirs.rtp.samples()[at + 4000:]) > -50, "no music on hold"
        call.retrieve()
        time.sleep(0.2)
        talk(call, theirs)
    call.hang_up()


def test_blind_transfer(s):
    a, b, c = s.phone("8312"), s.phone("8313"), s.phone("8314")
    call, theirs = connect(a, b, "8313")
    theirs.refer("8314")
    third = c.wait_call()
    third.ring()
    time.sleep(0.3)
    third.answer()
    talk(call, third)
    theirs.wait(lambda: any("200" in x for x in theirs.refer_status) or theirs.state == "ended", 5, "NOTIFY 200")
    call.hang_up()
    third.wait_ended()


def test_attended_transfer(s):
    a, b, c = s.phone("8312"), s.phone("8313"), s.phone("8314")
    call, theirs = connect(a, b, "8313")
    theirs.hold()
    second, third = connect(b, c, "8314")
    theirs.refer("8314", replaces=second)
    time.sleep(0.5)
    talk(call, third)
    call.hang_up()
    third.wait_ended()


def test_forwarding_and_dnd_by_feature_code(s):
    a, b, c = s.phone("8312"), s.phone("8313"), s.phone("8314")
    b.call("*728314").wait_up().wait_ended(10)
    call = a.call("8313")
    c.wait_call().answer()
    b.no_call(0.2)
    call.wait_up().hang_up()
    b.call("*73").wait_up().wait_ended(10)
    b.call("*78").wait_up().wait_ended(10)
    call = a.call("8313")
    b.no_call(0.5)
    call.hang_up()
    b.call("*79").wait_up().wait_ended(10)
    call = a.call("8313")
    b.wait_call().answer()
    call.wait_up().hang_up()


def test_group_pick_up(s):
    a, b, c = s.phone("8231"), s.phone("8312"), s.phone("8313")
    call = a.call("8312")
    b.wait_call().ring()
    grab = c.call("*8").wait_up()
    call.wait_up()
    talk(call, grab)
    call.hang_up()


def test_pick_up_is_by_group(s):
    a, b, c = s.phone("8231"), s.phone("8312"), s.phone("8271")
    call = a.call("8312")
    theirs = b.wait_call()
    theirs.ring()
    grab = c.call("**8312")
    time.sleep(0.8)
    assert call.state == "ringing", call.state
    grab.hang_up()
    call.hang_up()


def test_park_and_retrieve(s):
    a, b, c = s.phone("8312"), s.phone("8313"), s.phone("8314")
    call, theirs = connect(a, b, "8313")
    theirs.refer("*70")
    time.sleep(0.8)
    got = c.call("7101").wait_up()
    talk(call, got)
    got.hang_up()


def test_parked_call_returns(s):
    a, b = s.phone("8312"), s.phone("8313")
    call, theirs = connect(a, b, "8313")
    theirs.refer("*70")
    back = b.wait_call(10)
    back.answer()
    talk(call, back)
    call.hang_up()


def test_vacant_number(s):
    call = s.phone("8312").call("8999")
    call.wait(lambda: call.state in ("up", "ended"), 5)
    if call.state == "up":
        hears(call, "inside.vacant_number")
        call.wait_ended(10)
    else:
        assert call.final == 404, call.final


def test_out_over_the_next_trunk_when_the_first_is_silent(s):
    far, a = carrier(s), s.phone("8312")
    start = time.monotonic()
    call = a.call("902162220000")
    theirs = far.wait_call(6)
    assert time.monotonic() - start < 4
    assert "02162220000" in theirs.invite.first, theirs.invite.first
    assert "02155508000" in theirs.invite.get("from") or "02155508312" in theirs.invite.get("from"), theirs.invite.get("from")
    theirs.ring()
    theirs.answer()
    call.wait_up()
    talk(call, theirs)
    theirs.hang_up()
    call.wait_ended()
    r = s.record("8312", "902162220000")
    has_steps(r, ("trunk_next", "house"))


def test_class_of_service_is_told(s):
    far, a = carrier(s), s.phone("8951")  # city only
    call = a.call("9008613800000000")
    hears(call, "inside.not_permitted")  # as early media: the phone's call isn't charged
    call.wait_ended(10)
    assert call.final == 403, call.final
    far.no_call(0.2)


def test_emergency_with_and_without_prefix_from_the_lowest_class(s):
    far, a = carrier(s), s.phone("8233")  # inside only
    for number in ("110", "9119"):
        call = a.call(number)
        theirs = far.wait_call(6)
        assert re.search(r"sip:(110|119)@", theirs.invite.first), theirs.invite.first
        theirs.answer()
        call.wait_up().hang_up()
        theirs.wait_ended()


def test_emergency_displaces_a_lesser_call(s):
    far = carrier(s)
    first, second, a = s.phone("8312"), s.phone("8313"), s.phone("8314")
    calls = []
    for p in (first, second):
        call = p.call("902162220000")
        theirs = far.wait_call(6)
        theirs.answer()
        calls.append((call.wait_up(), theirs))
    call = a.call("119")
    theirs = far.wait_call(6)
    theirs.answer()
    call.wait_up()
    time.sleep(0.5)
    assert sum(c.state == "ended" for c, _ in calls) == 1, [c.state for c, _ in calls]
    for c, _ in calls + [(call, None)]:
        c.hang_up()


def test_redirect_is_never_followed(s):
    far, a = carrier(s), s.phone("8312")
    call = a.call("902162220001")
    theirs = far.wait_call(6)
    theirs.reply(theirs.invite, 302, "Moved", headers="Contact: <sip:900@127.0.0.1:9>\r\n")
    theirs.state = "ended"
    call.wait(lambda: call.state in ("up", "ended"), 8)
    far.no_call(0.5)
    call.hang_up()


def test_no_trunk_to_trunk_by_forwarding(s):
    far, p, c = carrier(s), s.phone("8312"), s.outside("13800009001")
    p.call("*72902162220000").wait_up().wait_ended(10)
    call = c.call("02155508312")
    far.no_call(1)
    call.hang_up()
    p.call("*73").wait_up().wait_ended(10)


def test_session_timer_and_options(s):
    a = s.phone("8312")
    a.link.send(f"OPTIONS sip:{a.domain} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{a.link.port};branch=z9hG4bKo1;rport\r\n"
                f"From: <sip:x@y>;tag=1\r\nTo: <sip:z@y>\r\nCall-ID: o1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n")
    b = s.phone("8313")
    call = a.call("8313", headers="Session-Expires: 90\r\nMin-SE: 90\r\n")
    theirs = b.wait_call()
    theirs.answer()
    call.wait_up()
    final = [r for r in call.responses if r.status == 200][0]
    assert final.get("session-expires") or final.get("x"), "the session timer isn't answered"
    call.hang_up()


def test_t38_is_answered_488(s):
    a, b = s.phone("8312"), s.phone("8313")
    call, theirs = connect(a, b, "8313")
    call.sdp_version += 1
    call.reinvite(f"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=image 4000 udptl t38\r\n".encode())
    assert any(r.status == 488 for r in call.responses), [r.status for r in call.responses]
    talk(call, theirs)
    call.hang_up()
