"""The program as a service: zongji call and sipp as callers, IPv6, SIGHUP, a refused configuration,
the end in order, the API's sight of a call."""
import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request

import yaml

from lib import phone, sound
from lib.server import ALWAYS, BUILD, OUT, ROOT, Server, dump, free_ports, hears, prompt

V6 = type("V6", (), {})()


def world():
    def six(config):
        path = os.path.join(config, "node.yaml")
        n = yaml.safe_load(open(path))
        V6.port = free_ports(None, socket.SOCK_STREAM)
        n["interfaces"].append({"name": "six", "address": "::1", "udp_port": V6.port, "tcp_port": V6.port})
        dump(n, open(path, "w"))
    return Server("service", office=ALWAYS, csv_edit=six)


def zongji(*args, timeout=60):
    return subprocess.run([os.path.join(BUILD, "zongji"), *args], capture_output=True, text=True,
                          timeout=timeout, env=dict(os.environ, ZONGJI_ROOT=ROOT))


def test_zongji_call_hears_three_parts(s):
    wav = os.path.join(OUT, "heard.wav")
    r = zongji("call", "8000", "--sip-port", str(s.sip_port), "--record", wav, "--seconds", "14")
    assert r.returncode == 0 and "answered" in r.stdout, r.stdout + r.stderr
    x = sound.read_wav(wav)
    # writing down begins when the answer has come: the first syllable may be over by then
    places = [sound.find(x, prompt(p)[4800:]) for p in ("attendant.greeting", "attendant.dial", "attendant.listen")]
    assert all(places) and places == sorted(places), places


def test_zongji_call_as_a_phone_with_digits_and_speech(s):
    b = s.phone("8313")
    say = os.path.join(OUT, "say.wav")
    import wave
    with wave.open(say, "wb") as w:
        w.setparams((1, 2, 8000, 0, "NONE", ""))
        w.writeframes(sound.tone(650, 3000).tobytes())
    p = subprocess.Popen([os.path.join(BUILD, "zongji"), "call", "8313", "--sip-port", str(s.sip_port), "--user",
                          "mc8312", "--password", s.secrets["mc8312"], "--say", say, "--seconds", "4"],
                         stdout=subprocess.PIPE, text=True, env=dict(os.environ, ZONGJI_ROOT=ROOT))
    theirs = b.wait_call(15)
    theirs.answer()
    time.sleep(1.2)
    assert sound.hears_tone(theirs.rtp.samples(400), 650), sound.pitch(theirs.rtp.samples(400))
    out = p.communicate(timeout=20)[0]
    assert p.returncode == 0 and "registered as mc8312" in out, out


def test_a_refused_call_is_a_failure(s):
    r = zongji("call", "8000", "--sip-port", str(s.sip_port), "--user", "mc8312", "--password", "wrong")
    assert r.returncode == 1, r.stdout
    r = zongji("call")
    assert r.returncode == 2 and "usage" in r.stderr


SIPP = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="attendant">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:139[call_number]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:139@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
]]></send>
<recv response="100" optional="true"/><recv response="180" optional="true"/>
<recv response="200" rtd="true"/>
<send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:139[call_number]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
<pause milliseconds="1500"/>
<send retrans="500"><![CDATA[
BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:139[call_number]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
</scenario>
"""


def test_sipp_calls_over_udp_and_tcp(s):
    path = os.path.join(OUT, "attendant.xml")
    with open(path, "w") as f:
        f.write(SIPP)
    for transport in ("u1", "t1"):
        before = len(s.query("SELECT call_no FROM calls"))
        r = subprocess.run(["sipp", f"127.0.0.1:{s.sip_port}", "-sf", path, "-s", "8000", "-i", "127.0.0.1",
                            "-t", transport, "-m", "60", "-r", "12", "-l", "25", "-nostdin", "-timeout", "30"],
                           capture_output=True, text=True, timeout=60, cwd=OUT)
        assert r.returncode == 0, (transport, r.returncode, re.findall(r".*(?:Failed call|Unexpected|unexpected|Abort).*", r.stdout + r.stderr)[:6], r.stderr[-600:])
        s.wait_query("SELECT call_no FROM calls WHERE ended_ms > 0", count=before + 60)
    rows = s.query("SELECT DISTINCT end_reason FROM calls WHERE caller_number LIKE '139%'")
    assert [r["end_reason"] for r in rows] == ["caller_hung_up"], rows


def test_ipv6(s):
    a = phone.Phone(server="::1", port=V6.port, user="mc8314", password=s.secrets["mc8314"], ip="::1")
    s.phones.append(a)
    assert a.register() == 200
    b = s.phone("8313")
    call = a.call("8313")
    theirs = b.wait_call()
    theirs.answer()
    call.wait_up()
    call.rtp.say(sound.tone(600, 1200))
    theirs.rtp.say(sound.tone(850, 1200))
    time.sleep(1)
    assert sound.hears_tone(theirs.rtp.samples(400), 600) and sound.hears_tone(call.rtp.samples(400), 850)
    call.hang_up()


def test_api_shows_a_call_live_and_its_record(s):
    lines = open(os.path.join(s.data, "first-accounts.txt")).read().splitlines()
    password = next(l.split()[1] for l in lines if l.startswith("operator1"))
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    base = f"http://127.0.0.1:{s.http_port}/api/v1"

    def ask(method, path, body=None):
        q = urllib.request.Request(base + path, method=method, data=json.dumps(body).encode() if body else None,
                                   headers={"Content-Type": "application/json"} if body else {})
        with opener.open(q, timeout=10) as r:
            return json.load(r)
    ask("POST", "/session", {"name": "operator1", "password": password})
    c = s.outside("13811112222")
    call = c.call("8000").wait_up()
    time.sleep(0.3)
    live = ask("GET", "/switchboard")
    mine = [x for x in live["calls"] if x["caller"]["number"] == "13811112222"]
    assert mine and mine[0]["attendant"] and live["state"] == "automatic", live["calls"]
    assert [t for t in live["trunks"] if t["id"] == "sample" and t["in_use"] >= 1], live["trunks"]
    call.hang_up()
    s.record("13811112222")


def test_sighup_whole_or_not_at_all(s):
    path = os.path.join(s.config, "mou-cheng", "measures.yaml")
    good = open(path).read()
    c = s.outside("13822223333")
    call = c.call("8000").wait_up()
    with open(path, "w") as f:
        f.write(good.replace("attempts: 2", "attempts: zwei"))
    s.process.send_signal(signal.SIGHUP)
    time.sleep(1.5)
    assert "zwei" in s.tail(30), s.tail(30)
    m = yaml.safe_load(good)
    m["company"]["name"] = "某城新集团"
    with open(path, "w") as f:
        dump(m, f)
    s.process.send_signal(signal.SIGHUP)
    time.sleep(1.5)
    assert "in force" in s.tail(30), s.tail(30)
    assert call.state == "up", "a call was touched"
    call.hang_up()
    with open(path, "w") as f:
        f.write(good)


def test_an_invalid_configuration_is_refused_in_the_words_of_check(s):
    bad = os.path.join(OUT, "bad.yaml")
    n = yaml.safe_load(open(os.path.join(s.config, "node.yaml")))
    n["trunks"][0]["chanels"] = 5
    dump(n, open(bad, "w"))
    check = zongji("check", bad)
    serve = zongji("serve", "--config", bad, "--data", os.path.join(OUT, "bad-data"))
    assert check.returncode == 1 and serve.returncode == 1, (check.returncode, serve.returncode)
    line = next(l for l in (check.stdout + check.stderr).splitlines() if "chanels" in l)
    assert "channels" in line and line in serve.stderr, (line, serve.stderr[-800:])


def test_the_end_is_in_order(s):
    """Last in this module: callers hear that the switchboard closes, then BYE; everything is written."""
    c = s.outside("13833334444")
    call = c.call("8000").wait_up()
    time.sleep(1)
    s.process.send_signal(signal.SIGTERM)
    hears(call, "closing", timeout=8)
    call.wait_ended(10)
    assert s.process.wait(15) == 0
    r = s.record("13833334444")
    assert r["end_reason"] == "closing", r["end_reason"]
