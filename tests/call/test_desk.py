"""Article 4 by a person: an operator with a phone as headset, callers over the sample trunk."""
import time

from lib import sound
from lib.desk import Desk
from lib.server import Server, has_steps, hears, hears_all, not_heard

_n = [13800010000]


def world():
    return Server("desk")


def caller(s):
    _n[0] += 1
    return s.outside(str(_n[0]))


def both_ways(a, b, hz=(700, 950)):
    """Each of two calls hears what the other says."""
    a.rtp.say(sound.tone(hz[0], 900))
    b.rtp.say(sound.tone(hz[1], 900))
    time.sleep(0.75)
    assert sound.hears_tone(b.rtp.samples(300), hz[0]), "the second doesn't hear the first"
    assert sound.hears_tone(a.rtp.samples(300), hz[1]), "the first doesn't hear the second"
    time.sleep(0.3)


def deaf(a, b, hz=1300):
    """What a says isn't heard by b."""
    a.rtp.say(sound.tone(hz, 700))
    time.sleep(0.6)
    assert not sound.hears_tone(b.rtp.samples(300), hz), "heard what it shouldn't"
    time.sleep(0.3)


def on_duty(s, account="operator1"):
    return Desk(s, account).on_duty()


def test_usual_call_straight_through(s):
    """A4.1.1, A4.1.2: answered within three rings, put through; the operator still speaks while it
    rings, and is out of it after the answer."""
    d, t = on_duty(s), s.phone("8312")
    c = caller(s)
    call = c.call("8000")
    call.wait_status(180)
    d.take_call(c.user)
    call.wait_up()
    both_ways(call, d.headset)
    d.command("put_through", target={"number": "8312"})
    theirs = t.wait_call()
    theirs.ring()
    both_ways(call, d.headset, (800, 1050))
    theirs.answer()
    d.wait(lambda: d.me()["call"] is None, what="hands free")
    both_ways(call, theirs, (720, 980))
    deaf(call, d.headset)
    deaf(theirs, d.headset, 1400)
    call.hang_up()
    theirs.wait_ended()
    has_steps(s.record(c.user), ("answered_operator", "A4.1.1"), ("target", "A4.1.2"), ("connected", "A4.1.2"))
    d.close()


def test_no_answer_comes_back_to_the_operator(s):
    d, t = on_duty(s), s.phone("8312")
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("put_through", target={"number": "8312"})
    t.wait_call().ring()
    d.command("let_go", d.from_number(c.user))
    d.wait_row(c.user, "let_go")
    row = d.wait_row(c.user, "returned", timeout=8)
    assert row["outcome"] == "no_answer" and row["target"]["number"] == "8312", row
    assert row["sentence"] == "through.no_answer" and row["sentence_clause"] == "A4.1.2", row
    d.command("answer", row)
    d.wait_row(c.user, "in_hand")
    both_ways(call, d.headset)
    call.hang_up()
    has_steps(s.record(c.user), ("target_no_answer", "A4.1.2"), ("returned", None))
    d.close()


def test_busy_is_told_at_once(s):
    d, t, o = on_duty(s), s.phone("8312"), s.phone("8313")
    own = o.call("8312")
    t.wait_call().answer()
    own.wait_up()
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("put_through", target={"number": "8312"})
    row = d.wait_outcome(c.user, "busy")
    assert row["bay"] == "in_hand" and row["sentence"] == "through.busy", row
    both_ways(call, d.headset)
    d.command("wait_free")
    time.sleep(0.5)
    own.hang_up()
    theirs = t.wait_call(8)
    theirs.answer()
    both_ways(call, theirs)
    call.hang_up()
    d.close()


def test_pull_back(s):
    d, t = on_duty(s), s.phone("8312")
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("put_through", target={"number": "8312"})
    theirs = t.wait_call()
    theirs.ring()
    d.command("pull_back")
    theirs.wait_ended()
    assert d.from_number(c.user)["bay"] == "in_hand"
    both_ways(call, d.headset)
    d.command("hang_up", value="wrong")
    call.wait_ended()
    d.close()


def test_hold_and_retrieve(s):
    d = on_duty(s)
    a, b = caller(s), caller(s)
    first = a.call("8000")
    d.take_call(a.user)
    d.command("hold")
    d.wait_row(a.user, "held")
    deaf(first, d.headset)
    second = b.call("8000")
    d.take_call(b.user)
    both_ways(second, d.headset)
    d.command("retrieve", d.from_number(a.user))  # swap
    d.wait_row(a.user, "in_hand")
    d.wait_row(b.user, "held")
    both_ways(first, d.headset)
    deaf(second, d.headset)
    first.hang_up()
    second.hang_up()
    d.close()


def test_three_rings_then_the_attendant_and_taken_back(s):
    """The ring clock in real time: 11 s, then the attendant; the row stays, Enter takes it back."""
    d = on_duty(s)
    c = caller(s)
    start = time.monotonic()
    call = c.call("8000")
    d.wait_row(c.user)
    call.wait_up(timeout=14)
    took = time.monotonic() - start
    assert 10.6 <= took <= 12, f"the attendant answered after {took:.1f} s"
    row = d.wait_row(c.user, "attendant")
    hears(call, "attendant.greeting")
    d.command("answer", row)
    d.wait_row(c.user, "in_hand")
    both_ways(call, d.headset)
    call.hang_up()
    has_steps(s.record(c.user), ("answered_attendant", None), ("taken_back", None))
    d.close()


def test_leaving_makes_it_automatic_at_once(s):
    """A3.4: a waiting caller goes to the attendant; a call in progress goes on."""
    d, t = on_duty(s), s.phone("8312")
    a, b = caller(s), caller(s)
    first = a.call("8000")
    d.take_call(a.user)
    d.command("put_through", target={"number": "8312"})
    theirs = t.wait_call()
    theirs.answer()
    second = b.call("8000")
    d.wait_row(b.user)
    d.duty("away", until_ms=int((time.time() + 600) * 1000))
    second.wait_up(timeout=3)
    hears(second, "attendant.greeting")
    assert d.ask("GET", "/api/v1/desk")["state"] == "automatic"
    both_ways(first, theirs)
    first.hang_up()
    second.hang_up()
    d.duty("back")
    d.wait(lambda: d.desk["state"] == "manual", what="manual")
    d.close()


def test_page_lost_and_back(s):
    """No heartbeat for 5 s: music; back: the same call, with sound."""
    d = on_duty(s)
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    both_ways(call, d.headset)
    d.beats = False
    d.wait(lambda: d.me()["state"] == "lost", 9, "lost")
    deaf(d.headset, call)
    d.beats = True
    start = time.monotonic()
    d.beat()
    d.wait(lambda: d.me()["state"] == "on", 2, "back")
    both_ways(call, d.headset)
    assert time.monotonic() - start < 4
    call.hang_up()
    d.close()


def test_vanished_desk_gives_the_call_to_another(s):
    d, e = on_duty(s), on_duty(s, "operator2")
    c = caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.vanish()
    row = e.wait_row(c.user, "returned", timeout=30)
    assert row["queued"] == "lost", row
    e.command("answer", row)
    e.wait_row(c.user, "in_hand")
    both_ways(call, e.headset)
    call.hang_up()
    e.close()


def test_two_answer_at_once(s):
    """One gets it, the other is told who (freeswitch #1973, wazo-calld #404)."""
    import threading
    from lib.desk import Refused
    d, e = on_duty(s), on_duty(s, "operator2")
    for _ in range(5):
        c = caller(s)
        call = c.call("8000")
        for desk in (d, e):
            desk.wait(lambda desk=desk: desk.from_number(c.user) is not None, what="the row")
        said = []

        def enter(desk):
            try:
                desk.command("answer", desk.from_number(c.user))
                said.append((desk, None))
            except Refused as r:
                said.append((desk, r))
        threads = [threading.Thread(target=enter, args=(x,)) for x in (d, e)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        won = [x for x, r in said if r is None]
        lost = [(x, r) for x, r in said if r is not None]
        assert len(won) == 1 and lost[0][1].code == "desk.refused.taken", said
        assert lost[0][1].error.get("position") == won[0].me()["no"], lost[0][1].error
        both_ways(call, won[0].headset)
        call.hang_up()
        won[0].wait(lambda: won[0].me()["call"] is None, what="free")
    d.close()
    e.close()


def consulted(s, d, c):
    """The general manager has been asked for and answers the private line."""
    gm = s.phone("8801")
    call = c.call("8000")
    d.take_call(c.user)
    d.refused("put_through", target={"number": "8801"}, code="screening", clause="A4.1.3")
    d.refused("consult", target={"number": "8801"}, code="screening", clause="A4.1.3")
    d.command("screen", value={"surname": True, "organisation": True, "matter": True})
    d.refused("put_through", target={"number": "8801"}, code="consent", clause="A4.1.3")
    d.command("consult", target={"number": "8801"})
    theirs = gm.wait_call()
    theirs.ring()
    d.refused("outcome", value="agreed", code="consent", clause="A4.1.3")
    theirs.answer()
    d.wait(lambda: d.from_number(c.user)["consulted"], what="consulted")
    return call, theirs


def test_general_manager_agrees(s):
    d, c = on_duty(s), caller(s)
    call, theirs = consulted(s, d, c)
    both_ways(theirs, d.headset)
    deaf(theirs, call)
    deaf(call, theirs)
    deaf(call, d.headset)
    d.command("outcome", value="agreed")
    d.wait(lambda: d.me()["call"] is None, what="hands free")
    both_ways(call, theirs)
    deaf(call, d.headset)
    call.hang_up()
    theirs.wait_ended()
    r = s.record(c.user)
    facts = [x for x in r["steps"] if x["kind"] == "consent"]
    assert len(facts) == 1 and facts[0]["value"] == 2, facts
    has_steps(r, ("screened_form", "A4.1.3"), ("consultation", "A4.1.3"), ("consulted", "A4.1.3"),
              ("consent", "A4.1.3"), ("connected", "A4.1.3"))
    d.close()


def test_general_manager_declines_then_message(s):
    d, c = on_duty(s), caller(s)
    call, theirs = consulted(s, d, c)
    d.command("outcome", value="refused")
    theirs.wait_ended()
    row = d.wait_outcome(c.user, "refused")
    assert row["bay"] == "in_hand" and row["sentence"] == "screening.refused", row
    both_ways(call, d.headset)
    d.refused("put_through", target={"number": "8801"}, code="consent", clause="A4.1.3")
    m = d.ask("POST", "/api/v1/messages", {"call": row["no"], "for_person": 4, "from_name": "王先生",
                                           "organisation": "华建工程", "number": c.user,
                                           "matter": "请总经理回电", "urgency": "ordinary"})
    assert m["id"], m
    rows = s.query("SELECT * FROM messages WHERE id = ?", m["id"])
    assert rows and rows[0]["for_person"] == 4 and rows[0]["matter"] == "请总经理回电", rows
    d.command("hang_up", value="done")
    call.wait_ended()
    has_steps(s.record(c.user), ("consent_refused", "A4.1.3"), ("message_kept", None))
    d.close()


def test_chairman_goes_to_the_secretary(s):
    d, sec, c = on_duty(s), s.phone("8805"), caller(s)
    boss = s.phone("8800")
    call = c.call("8000")
    d.take_call(c.user)
    d.command("put_through", target={"number": "8800"})
    theirs = sec.wait_call()
    boss.no_call(0.3)
    theirs.answer()
    both_ways(call, theirs)
    call.hang_up()
    has_steps(s.record(c.user), ("secretary", "A4.1.4"), ("connected", "A4.1.4"))
    d.close()


def test_complaint_goes_to_customer_service_whomever_it_asks_for(s):
    d, agent, c = on_duty(s), s.phone("8951"), caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("complaint")
    d.refused("put_through", target={"number": "8312"}, code="customer_service", clause="A4.1.6")
    d.command("put_through", target={"department": 2})
    theirs = agent.wait_call()
    theirs.answer()
    both_ways(call, theirs)
    call.hang_up()
    has_steps(s.record(c.user), ("complaint", "A4.1.6"), ("connected", "A4.1.6"))
    d.close()


def test_unclear_goes_to_gad(s):
    d, gad, c = on_duty(s), s.phone("8604"), caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("put_through", target={"department": 1})
    theirs = gad.wait_call(8)
    theirs.answer()
    both_ways(call, theirs)
    call.hang_up()
    d.close()


def test_conference_of_three(s):
    d, t, c = on_duty(s), s.phone("8312"), caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("consult", target={"number": "8312"})
    theirs = t.wait_call()
    theirs.answer()
    d.wait(lambda: d.from_number(c.user)["consulted"], what="consulted")
    d.command("conference")
    for a in (call, theirs, d.headset):
        a.rtp.say(sound.tone(770, 700))
        time.sleep(0.6)
        for b in (call, theirs, d.headset):
            assert a is b or sound.hears_tone(b.rtp.samples(250), 770), "somebody isn't heard in the conference"
        time.sleep(0.3)
    d.command("leave")
    d.wait(lambda: d.me()["call"] is None, what="hands free")
    both_ways(call, theirs)
    deaf(call, d.headset)
    call.hang_up()
    d.close()


def test_hand_over_to_a_colleague(s):
    d, e, c = on_duty(s), on_duty(s, "operator2"), caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("hand_over", to_position=e.me()["no"], note="要找工程部")
    row = e.wait_row(c.user, "returned")
    assert row["queued"] == "handed" and row["note"] == "要找工程部", row
    e.command("answer", row)
    both_ways(call, e.headset)
    call.hang_up()
    d.close()
    e.close()


def test_park_and_fetch(s):
    d, t, c = on_duty(s), s.phone("8312"), caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("park")
    row = d.wait_row(c.user, "parked")
    assert row["park"], row
    fetch = t.call(row["park"]).wait_up()
    both_ways(call, fetch)
    call.hang_up()
    d.close()


def test_zero_waits_for_the_operator(s):
    """The attendant has it; the caller presses 0 and waits for the operator, who takes it."""
    d, e, c = on_duty(s), on_duty(s, "operator2"), caller(s)
    call = c.call("8000")
    d.wait_row(c.user)
    call.wait_up(timeout=14)
    hears(call, "attendant.greeting")
    call.digits("0")
    d.wait(lambda: d.from_number(c.user)["queued"] == "asked", what="asked for the operator")
    d.command("answer", d.from_number(c.user))
    both_ways(call, d.headset)
    call.hang_up()
    d.close()
    e.close()


def test_voice_message_and_back(s):
    d, c = on_duty(s), caller(s)
    call = c.call("8000")
    d.take_call(c.user)
    d.command("voice_message", target={"person": 16})
    hears_all(call, "message.ask")
    call.rtp.say(sound.tone(620, 2200, 0.5))
    time.sleep(2.4)
    call.digits("#")
    time.sleep(0.5)
    call.digits("1")
    d.command("answer", d.wait_row(c.user, "returned", timeout=20))
    both_ways(call, d.headset)
    rows = s.wait_query("SELECT * FROM messages WHERE from_number = ?", c.user)
    assert rows[0]["for_person"] == 16 and rows[0]["recording"], rows
    call.hang_up()
    d.close()


def test_phone_called_for_each_call(s):
    d = Desk(s, "operator1").on_duty(nailed=False)
    c = caller(s)
    call = c.call("8000")
    d.wait_row(c.user)
    d.command("answer", d.from_number(c.user))
    mine = d.phone.wait_call()
    d.wait_row(c.user, "in_hand")
    call.wait_up()
    time.sleep(0.3)
    both_ways(call, mine)
    call.hang_up()
    mine.wait_ended()
    d.close()


def test_bad_commands_touch_no_call(s):
    d, c = on_duty(s), caller(s)
    call = c.call("8000")
    row = d.take_call(c.user)
    d.refused("answer", 999999999, code="gone")
    d.refused("put_through", target={"number": "4711"})
    d.refused("hold", row, code="stale", rev=(row["rev"] + 1000) % 65536)
    for body in ({"what": "explode"}, {"what": "hang_up", "value": "bored"}, {"what": "put_through"},
                 {"what": "put_through", "target": {"number": "8" * 100}}, [], {"what": "answer", "call": -1},
                 {"what": "put_through", "target": {"number": "<script>"}}):
        status, _, answer = d.send("POST", "/api/v1/desk/commands", body)
        assert 400 <= status < 500 and answer["error"]["text"], (body, status, answer)
    try:
        status, _, _ = d.send("POST", "/api/v1/desk/commands", b"x" * 10_000_000)
        assert status in (400, 413), status
    except OSError:
        pass  # closed while it was still being sent
    both_ways(call, d.headset)
    call.hang_up()
    d.wait(lambda: d.me()["call"] is None, what="free")
    d.refused("put_through", row, target={"number": "8312"}, code="gone")
    not_heard(call, "goodbye")
    d.close()
