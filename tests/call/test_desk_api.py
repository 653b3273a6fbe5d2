"""The desk's contract over real HTTP: what a page is told and when, who may answer, commands that are
forged, late, repeated or meant for somebody else's call (each refused, and nothing touched), pages
that vanish, forms that outlive a killed server, one's own greeting."""
import io
import os
import subprocess
import threading
import time
import wave

import numpy as np

from lib import sound
from lib.desk import Client, Desk, Refused
from lib.server import BUILD, Server

_n = [13800030000]


def world():
    return Server("desk-api")


def caller(s):
    _n[0] += 1
    return s.outside(str(_n[0]))


def on_duty(s, account="operator1"):
    return Desk(s, account).on_duty()


def talk(a, b, hz=(700, 950)):
    """Each hears the other."""
    a.rtp.say(sound.tone(hz[0], 900))
    b.rtp.say(sound.tone(hz[1], 900))
    time.sleep(0.75)
    assert sound.hears_tone(b.rtp.samples(300), hz[0]), "the second doesn't hear the first"
    assert sound.hears_tone(a.rtp.samples(300), hz[1]), "the first doesn't hear the second"
    time.sleep(0.3)


def status_of(client, method, path, body=None, **more):
    return client.send(method, path, body, **more)[0]


def add_account(s, name, *more):
    secret = "a secret of the tests".replace(" ", "-")
    subprocess.run([os.path.join(BUILD, "zongji"), "user", "--data", s.data, "--config",
                    os.path.join(s.config, "node.yaml"), "add", name, *more],
                   check=True, capture_output=True, text=True, input=secret + "\n")
    with open(os.path.join(s.data, "first-accounts.txt"), "a") as f:
        f.write(f"{name} {secret}  test\n")


def test_a_ringing_row_is_there_at_once(s):
    d = on_duty(s)
    late = []
    for _ in range(12):
        c, at = caller(s), time.monotonic()
        call = c.call("8000")
        d.wait_row(c.user)
        late.append(next(t for t, n, v in d.events if n == "desk_call" and v["caller"]["number"] == c.user) - at)
        call.hang_up()
        d.wait(lambda: not d.from_number(c.user), what="the row gone")
    assert sorted(late)[-2] < 0.1, [round(t * 1000) for t in late]
    d.close()


def test_only_the_appointed_answer(s):
    add_account(s, "stranger", "--role", "operator", "--person", "20")
    add_account(s, "nobody", "--role", "operator")
    for name in ("stranger", "nobody"):
        c = Client(s, name)
        for method, path, body in (("POST", "/api/v1/desk/duty", {"act": "on", "sound": "headset"}),
                                   ("POST", "/api/v1/desk/commands", {"what": "answer"})):
            status, _, value = c.send(method, path, body)
            assert status == 403 and value["error"]["code"] == "desk.not_appointed", (name, path, value)
            assert value["error"]["clause"] == "A5.9" and "指定" in value["error"]["text"], value
    manager = Client(s, "manager")
    assert status_of(manager, "POST", "/api/v1/desk/commands", {"what": "answer"}) == 403
    seen = manager.ask("GET", "/api/v1/desk")
    assert seen["position"] is None and seen["drafts"] == {}, seen


def test_a_stand_in_answers_once_approved(s):
    stand_in, manager = Client(s, "stranger"), Client(s, "manager")
    now = int(time.time() * 1000)
    made = stand_in.ask("POST", "/api/v1/standins", {"person": 20, "from_ms": now, "until_ms": now + 3600000,
                                                     "reason": "代班"})
    duty = {"act": "on", "sound": "headset"}
    assert status_of(stand_in, "POST", "/api/v1/desk/duty", duty) == 403, "before the manager's word"
    manager.ask("POST", f"/api/v1/standins/{made['id']}/decision", {"approve": True})
    assert stand_in.ask("POST", "/api/v1/desk/duty", duty)["position"]["state"] == "on"
    stand_in.ask("POST", "/api/v1/desk/duty", {"act": "off"})


def test_away_says_why_and_until_when(s):
    d = on_duty(s)
    assert d.ask("GET", "/api/v1/desk")["state"] == "manual"
    until = int(time.time() * 1000) + 1800000
    assert status_of(d, "POST", "/api/v1/desk/duty", {"act": "away", "until_ms": 1}) == 400
    desk = d.duty("away", until_ms=until)
    assert (desk["state"], desk["reason"], desk["position"]["state"], desk["position"]["until_ms"]) == (
        "automatic", "away", "away", until), desk["position"]
    d.wait(lambda: d.desk["reason"] == "away", what="the event")
    live = d.ask("GET", "/api/v1/switchboard")
    assert (live["state"], live["reason"], live["operators"]) == ("automatic", "left", 0), live["reason"]
    assert d.duty("back")["state"] == "manual"
    assert status_of(d, "POST", "/api/v1/desk/duty", {"act": "back"}) == 409, "nobody was away"
    desk = d.duty("off")
    assert (desk["state"], desk["reason"]) == ("automatic", "off_duty"), desk["reason"]
    assert status_of(d, "POST", "/api/v1/desk/duty", {"act": "away"}) == 409, "off duty"
    d.refused("answer", code="off_duty", clause="A3.3")
    d.closed = True


def test_the_phone_is_asked_to_answer_by_itself(s):
    d = on_duty(s)
    invite = d.headset.invite
    assert "answer-after=0" in invite.get("call-info"), invite.headers
    assert "alert-autoanswer" in invite.get("alert-info"), invite.headers
    c, p = caller(s), s.phone("8312")
    call = c.call("8000")
    d.take_call(c.user)
    call.wait_up()
    d.command("put_through", target={"number": "8312"})
    ringing = p.wait_call()
    assert not ringing.invite.get("call-info"), "only a position's phone is"
    call.hang_up()
    d.close()


def test_commands_for_what_is_not_there_touch_nothing(s):
    d = on_duty(s)
    first, second = caller(s), caller(s)
    call = first.call("8000")
    row = d.take_call(first.user)
    call.wait_up()
    other = second.call("8000")
    waiting = d.wait_row(second.user)
    for what in ("put_through", "hold", "hang_up", "screen", "park", "let_go"):
        more = {"target": {"number": "8312"}} if what == "put_through" else {}
        if what == "screen":
            more = {"value": {"surname": True}}
        d.refused(what, 999999, code="gone", **more)          # no such call
        d.refused(what, row, code="stale", rev=row["rev"] + 7, **more)
        try:
            d.command(what, waiting, **more)                  # not in hand
            raise AssertionError(f"{what} of a waiting call was not refused")
        except Refused as e:
            assert e.status == 409 and e.code in ("desk.refused.not_yours", "desk.refused.not_now"), (what, e)
    for body in ({"what": "explode"}, {"what": "outcome", "value": "perhaps"}, {"what": "hang_up", "value": "bored"},
                 {"what": "hold", "value": "x"}):
        assert status_of(d, "POST", "/api/v1/desk/commands", body) == 400, body
    d.refused("dial", target={"person": 123456}, code="")
    now = d.ask("GET", "/api/v1/desk")
    rows = {c["caller"]["number"]: c["bay"] for c in now["calls"]}
    assert rows == {first.user: "in_hand", second.user: "ringing"}, rows
    talk(call, d.headset)
    call.hang_up()
    d.wait(lambda: not d.from_number(first.user), what="the row gone")
    d.refused("hold", row, code="gone")                       # it has just ended
    other.hang_up()
    d.close()


def test_a_repeat_is_done_once(s):
    d = on_duty(s)
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    call.wait_up()
    key = {"Idempotency-Key": f"{time.time()}"}
    a = d.ask("POST", "/api/v1/desk/commands", {"what": "hold"}, key)
    d.wait_row(c.user, "held")
    d.command("retrieve", d.from_number(c.user))
    b = d.ask("POST", "/api/v1/desk/commands", {"what": "hold"}, key)
    assert a == b
    time.sleep(0.2)
    assert d.from_number(c.user)["bay"] == "in_hand", "the repeat was done"
    call.hang_up()
    d.close()


def test_two_answer_at_once(s):
    one, two = on_duty(s), on_duty(s, "operator2")
    for _ in range(5):
        c = caller(s)
        call = c.call("8000")
        row = one.wait_row(c.user)
        got, start = {}, threading.Barrier(2)

        def enter(d):
            start.wait()
            got[d.account] = d.send("POST", "/api/v1/desk/commands",
                                    {"what": "answer", "call": row["no"], "rev": row["rev"]})

        threads = [threading.Thread(target=enter, args=(d,)) for d in (one, two)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        statuses = sorted(v[0] for v in got.values())
        assert statuses == [200, 409], got
        error = next(v[2] for v in got.values() if v[0] == 409)["error"]
        winner = one if got[one.account][0] == 200 else two
        assert error["code"] in ("desk.refused.taken", "desk.refused.stale"), error
        if error["code"] == "desk.refused.taken":
            assert error["position"] == winner.me()["no"], error
        call.wait_up()
        talk(call, winner.headset)
        call.hang_up()
        one.wait(lambda: not one.from_number(c.user), what="the row gone")
    one.close()
    two.close()


def test_a_page_that_answers_no_heartbeat_is_lost(s):
    d = on_duty(s)
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    call.wait_up()
    d.beats, at = False, time.monotonic()
    d.wait(lambda: d.me()["state"] == "lost", 9, "the page lost")
    assert 3 < time.monotonic() - at < 8, time.monotonic() - at
    d.send("POST", "/api/v1/desk/beat", {"n": 0})  # an old answer is a stale page's
    time.sleep(0.3)
    assert d.me()["state"] == "lost", d.me()
    d.beats = True
    d.wait(lambda: d.me()["state"] == "on" and d.me()["page"], 5, "the page back")
    d.wait_row(c.user, "in_hand")
    talk(call, d.headset)
    call.hang_up()
    d.close()


def test_a_page_loaded_anew_is_back_at_once(s):
    d = on_duty(s)
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    call.wait_up()
    d.beats = False
    d.wait(lambda: d.me()["state"] == "lost", 9, "the page lost")
    at = time.monotonic()
    d.take(d.ask("GET", "/api/v1/desk"))
    assert time.monotonic() - at < 2 and d.desk["position"]["state"] == "on", d.desk["position"]
    assert d.from_number(c.user)["bay"] == "in_hand"
    d.beats = True
    talk(call, d.headset)
    call.hang_up()
    d.close()


def test_signing_out_loses_the_page_not_the_duty(s):
    time.sleep(2.5)  # the streams of the tests before end with their next beat
    d, second = on_duty(s), Client(s, "operator1")
    watch = Client(s, "manager")
    mine = d.me()["no"]

    def state():
        return next(p for p in watch.ask("GET", "/api/v1/desk")["positions"] if p["no"] == mine)["state"]

    second.send("DELETE", "/api/v1/session")
    time.sleep(0.3)
    assert state() == "on", "another page is there"
    d.beats = False
    d.send("DELETE", "/api/v1/session")
    time.sleep(0.3)
    assert state() == "lost", state()
    d.closed = True
    again = Desk(s)
    assert again.desk["position"]["no"] == mine, again.desk["position"]
    again.wait(lambda: again.me()["state"] == "on", 3, "back on duty")
    again.close()


def test_forms_are_the_operators(s):
    d = on_duty(s)
    c = caller(s)
    call = c.call("8000")
    row = d.take_call(c.user)
    form = {"kind": "screening", "fields": {"surname": {"text": "王<script>", "declined": False},
                                            "matter": {"text": "", "declined": True}}}
    d.ask("PUT", f"/api/v1/desk/drafts/{row['no']}", form)
    d.wait(lambda: any(n == "draft" and v == {"call": row["no"], "draft": form} for _, n, v in d.events), what="draft")
    two = Client(s, "operator2")
    assert two.ask("GET", "/api/v1/desk")["drafts"][str(row["no"])] == form
    assert Client(s, "manager").ask("GET", "/api/v1/desk")["drafts"] == {}
    assert status_of(d, "PUT", "/api/v1/desk/drafts/987654321", form) == 404
    add_account(s, "elsewhere", "--role", "operator", "--org", "2")
    assert Client(s, "elsewhere").ask("GET", "/api/v1/desk")["drafts"] == {}
    assert status_of(Client(s, "elsewhere"), "PUT", f"/api/v1/desk/drafts/{row['no']}", form) in (403, 404)
    d.ask("DELETE", f"/api/v1/desk/drafts/{row['no']}")
    assert d.ask("GET", "/api/v1/desk")["drafts"] == {}
    call.hang_up()
    d.close()


def wav(samples, rate=8000):
    b = io.BytesIO()
    with wave.open(b, "wb") as w:
        w.setparams((1, 2, rate, 0, "NONE", ""))
        w.writeframes((np.asarray(samples) * 32767).astype("<i2").tobytes())
    return b.getvalue()


def test_own_greeting(s):
    d = on_duty(s)
    path = "/api/v1/desk/greetings/zh-CN"

    def put(data, line=""):
        return d.send("PUT", path + line, data, content="audio/wav")

    def greeted(hz):
        d.command("greet", value="zh-CN")
        time.sleep(0.8)
        return sound.hears_tone(call.rtp.samples(400), hz)

    quiet = 0.01 * np.sin(2 * np.pi * 600 * np.arange(8000 * 3) / 8000)
    status, _, value = put(b"RIFF\x00\x00not a wave")
    assert status == 400 and value["error"]["text"], value
    assert put(wav(np.zeros(8000)))[2]["error"]["code"] == "desk.greeting_silent"
    assert put(wav(np.tile(quiet, 4)))[2]["error"]["code"] == "desk.greeting_too_long"
    try:
        assert put(b"x" * (3 << 20))[0] == 413
    except OSError:
        pass  # the answer came, and the end, while it was still being sent
    status, _, value = put(wav(quiet))
    assert status == 204, value
    status, headers, kept = d.send("GET", path)
    assert status == 200 and headers["Content-Type"] == "audio/wav"
    samples = np.frombuffer(kept[44:], "<i2").astype(float)
    rms = np.sqrt((samples ** 2).mean())
    assert abs(20 * np.log10(rms / 16143) + 16) < 0.5, rms
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    call.wait_up()
    time.sleep(0.3)
    assert greeted(600), "the greeting isn't heard"
    d.headset.rtp.say(sound.tone(900, 1500))  # speaking stops it
    time.sleep(0.9)
    heard = call.rtp.samples(300)
    assert sound.hears_tone(heard, 900) and not sound.hears_tone(heard, 600), "it goes on over the operator"
    time.sleep(0.8)
    line = next(l for l in d.ask("GET", "/api/v1/desk")["greeting"]["lines"] if l["number"] == "8000")
    assert line["name"] == "某城集团", line
    own = 0.01 * np.sin(2 * np.pi * 1100 * np.arange(8000 * 3) / 8000)
    assert put(wav(own), "?line=8312")[0] == 204 and greeted(600), "another line's greeting"
    assert put(wav(own), "?line=8000")[0] == 204 and greeted(1100), "the line's own isn't heard"
    assert status_of(d, "DELETE", path + "?line=8000") == 204 and greeted(600)
    assert status_of(d, "GET", path + "?line=8312") == 200
    assert put(wav(own), "?line=../8000")[0] == 400
    call.hang_up()
    assert status_of(d, "DELETE", path) == 204 and status_of(d, "GET", path) == 404
    d.close()


def test_the_last_call_is_remembered(s):
    d = on_duty(s)
    c = caller(s)
    call = c.call("8000")
    row = d.take_call(c.user)
    assert row["past"] == [] and row["caller"]["organisation"] == "", row
    call.wait_up()
    d.ask("POST", "/api/v1/messages", {"call": row["no"], "for_person": 4, "from_name": "王先生",
                                       "organisation": "华建工程", "number": c.user,
                                       "matter": "请回电", "urgency": "ordinary"})
    d.command("hang_up", value="done")
    d.wait(lambda: not d.from_number(c.user), what="the row gone")
    s.record(c.user)
    again = c.call("8000")
    d.wait_row(c.user)
    d.wait(lambda: d.from_number(c.user)["past"], 4, "the last call")
    (before,) = d.from_number(c.user)["past"]
    assert before["outcome"] == "message", before
    who = d.from_number(c.user)["caller"]
    assert (who["name"], who["organisation"]) == ("王先生", "华建工程"), who
    again.hang_up()
    d.close()


def test_the_summary_and_the_figures_agree(s):
    d = on_duty(s)
    before, mine = d.ask("GET", "/api/v1/desk")["figures"], d.ask("GET", "/api/v1/desk/summary")
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    call.wait_up()
    call.hang_up()
    c = caller(s)
    call = c.call("8000")
    d.wait_row(c.user)
    call.hang_up()
    d.wait(lambda: not d.calls, what="no rows")
    after, now = d.ask("GET", "/api/v1/desk")["figures"], d.ask("GET", "/api/v1/desk/summary")
    assert (after["offered"] - before["offered"], after["within_three"] - before["within_three"],
            after["given_up"] - before["given_up"]) == (2, 1, 1), (before, after)
    assert now["calls"] - mine["calls"] == 1 and now["within_three"] - mine["within_three"] == 1, now
    assert after["offered"] == after["within_three"] + after["attendant"] + after["given_up"], after
    d.close()


def test_a_killed_server_has_the_form(s):
    d = on_duty(s)
    c = caller(s)
    call = c.call("8000")
    row = d.take_call(c.user)
    call.wait_up()
    form = {"kind": "message", "fields": {"said": {"text": "请回电", "declined": False}}}
    d.ask("PUT", f"/api/v1/desk/drafts/{row['no']}", form)
    figures = d.ask("GET", "/api/v1/desk")["figures"]
    d.closed = True
    s.kill()
    s.start()
    again = Client(s, "operator1").ask("GET", "/api/v1/desk")
    assert again["drafts"][str(row["no"])] == form, again["drafts"]
    assert again["state"] == "automatic" and again["reason"] == "no_operator" and not again["positions"], again
    assert again["figures"]["within_three"] >= figures["within_three"] - 1, (figures, again["figures"])
