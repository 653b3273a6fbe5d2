"""A4.1.3 and A4.1.4 in the automatic state, and the ways to the general manager without consent:
each is tried as a call, and none gets through."""
import time

from lib import sound
from lib.server import dump, ALWAYS, Server, has_steps, heard_until_now, hears, hears_all, not_heard


def world():
    def did(config):
        import csv, os, yaml
        path = os.path.join(config, "node.yaml")
        n = yaml.safe_load(open(path))
        n["organisations"][0]["numbers"] += [{"number": "02155508801", "to": "8801"},
                                             {"number": "02155508800", "to": "8800"}]
        dump(n, open(path, "w"))
    return Server("general_manager", office=ALWAYS, csv_edit=did)


_n = [13800006000]


def caller(s):
    _n[0] += 1
    return s.outside(str(_n[0]))


def screened(s, number="8801", dial="8000"):
    """A caller who has said who they are; the general manager's phone rings."""
    gm, c = s.phone("8801"), caller(s)
    call = c.call(dial).wait_up()
    if dial == "8000":
        call.digits(number)
    hears_all(call, "screening.ask")
    call.rtp.say(sound.tone(520, 2000, 0.5))
    time.sleep(2.2)
    call.digits("#")
    hears(call, "screening.thanks")
    return gm, c, call


def no_way_through(s, call, gm_call=None):
    """Nothing that the caller says is heard by the general manager."""
    call.rtp.say(sound.tone(1300, 1000))
    time.sleep(0.9)
    if gm_call:
        assert not sound.hears_tone(gm_call.rtp.samples(400), 1300), "joined without consent"


def consents(s, number):
    r = s.record(number)
    return [x for x in r["steps"] if x["kind"] == "consent"], r


def test_consent_by_key_one(s):
    gm, c, call = screened(s)
    theirs = gm.wait_call()
    theirs.answer()
    hears(theirs, "screening.intro")
    no_way_through(s, call, theirs)
    hears(theirs, "screening.choice")
    assert any(sound.hears_tone(theirs.rtp.samples()[8 * i:8 * (i + 500)], 520)
               for i in range(0, 9000, 250)), "who and what isn't heard"
    theirs.digits("1")
    time.sleep(0.5)
    call.rtp.say(sound.tone(700, 1200))
    theirs.rtp.say(sound.tone(950, 1200))
    time.sleep(1)
    assert sound.hears_tone(theirs.rtp.samples(400), 700)
    assert sound.hears_tone(call.rtp.samples(400), 950)
    call.hang_up()
    theirs.wait_ended()
    facts, r = consents(s, c.user)
    assert len(facts) == 1 and facts[0]["value"] == 1 and facts[0]["clause"] == "A4.1.3", facts
    has_steps(r, ("screening", "A4.1.3"), ("screened", "A4.1.3"), ("consultation", "A4.1.3"),
              ("consulted", "A4.1.3"), ("consent", "A4.1.3"), ("connected", "A4.1.3"))


def test_refused_by_key_two_then_message(s):
    gm, c, call = screened(s)
    theirs = gm.wait_call()
    theirs.answer()
    hears(theirs, "screening.choice")
    theirs.digits("2")
    hears(call, "screening.refused")
    hears(call, "message.ask")
    call.hang_up()
    facts, r = consents(s, c.user)
    assert not facts
    has_steps(r, ("consent_refused", "A4.1.3"), ("message_asked", None))


def test_no_answer_is_absence_then_gad_manager(s):
    manager = s.phone("8601")
    gm, c, call = screened(s)
    gm.wait_call().ring()
    hears(call, "screening.absent_choice", timeout=10)
    call.digits("2")
    theirs = manager.wait_call(8)
    theirs.answer()
    call.rtp.say(sound.tone(700, 900))
    time.sleep(0.8)
    assert sound.hears_tone(theirs.rtp.samples(300), 700)
    call.hang_up()
    has_steps(s.record(c.user), ("target_no_answer", "A4.1.3"), ("gad_manager", "A4.1.3"), ("connected", "A4.1.3"))


def test_absent_then_message(s):
    c = caller(s)  # the phone isn't registered: unreachable
    call = c.call("8000").wait_up()
    call.digits("8801")
    hears_all(call, "screening.ask")
    call.rtp.say(sound.tone(520, 2000, 0.5))
    time.sleep(2.2)
    call.digits("#")
    hears(call, "screening.absent_choice", timeout=10)
    call.digits("1")
    hears_all(call, "message.ask")
    call.rtp.say(sound.tone(620, 2200, 0.5))
    time.sleep(2.4)
    call.hang_up()
    m = s.wait_query("SELECT * FROM messages WHERE from_number = ?", c.user)[0]
    assert m["for_person"] == 4 and m["screening"], m


def test_busy_is_not_absent(s):
    gm = s.phone("8801")
    other = s.phone("8805")
    own = other.call("8801")
    gm.wait_call().answer()
    own.wait_up()
    c = caller(s)
    call = c.call("8000").wait_up()
    call.digits("8801")
    hears_all(call, "screening.ask")
    call.rtp.say(sound.tone(520, 2000, 0.5))
    time.sleep(2.2)
    call.digits("#")
    hears(call, "screening.busy_choice", timeout=10)
    call.digits("1")
    time.sleep(0.5)
    own.hang_up()
    theirs = gm.wait_call(8)
    theirs.answer()
    hears(theirs, "screening.choice")
    no_way_through(s, call, theirs)
    call.hang_up()
    has_steps(s.record(c.user), ("target_busy", "house"), ("waiting", "house"), ("consultation", "A4.1.3"))


def test_way_01_answering_without_a_key(s):
    gm, c, call = screened(s)
    theirs = gm.wait_call()
    theirs.answer()
    hears(theirs, "screening.choice")
    no_way_through(s, call, theirs)
    theirs.hang_up()
    hears(call, "screening.absent_choice", timeout=8)
    call.hang_up()
    assert not consents(s, c.user)[0]


def test_way_02_did_of_the_general_manager(s):
    gm, c = s.phone("8801"), caller(s)
    call = c.call("02155508801").wait_up()
    hears(call, "screening.ask")
    gm.no_call(0.5)
    call.hang_up()
    assert not consents(s, c.user)[0]


def blind(s, by, to):
    """An outside caller is put through to `by`, who transfers blind to `to`."""
    p, c = s.phone(by), caller(s)
    call = c.call("8000").wait_up()
    call.digits(by)
    theirs = p.wait_call()
    theirs.answer()
    time.sleep(0.3)
    theirs.refer(to)
    return p, c, call, theirs


def test_way_03_blind_transfer_by_an_employee(s):
    gm = s.phone("8801")
    p, c, call, theirs = blind(s, "8312", "8801")
    gm.no_call(1.5)
    call.hang_up()
    assert not consents(s, c.user)[0]


def test_way_04_blind_transfer_by_the_secretary(s):
    gm = s.phone("8801")
    p, c, call, theirs = blind(s, "8805", "8801")
    gm.no_call(1.5)
    call.hang_up()
    assert not consents(s, c.user)[0]


def attended(s, by):
    gm, p, c = s.phone("8801"), s.phone(by), caller(s)
    call = c.call("8000").wait_up()
    call.digits(by)
    theirs = p.wait_call()
    theirs.answer()
    theirs.hold()
    second = p.call("8801")
    boss = gm.wait_call()
    boss.answer()
    second.wait_up()
    theirs.refer("8801", replaces=second)
    time.sleep(0.8)
    return c, call, boss


def test_way_05_attended_transfer_by_an_employee(s):
    c, call, boss = attended(s, "8312")
    no_way_through(s, call, boss)
    call.hang_up()
    boss.hang_up()
    facts, r = consents(s, c.user)
    assert not facts
    kinds = [x["kind"] for x in r["steps"]]
    assert "consulted" in kinds and "connected" not in kinds[kinds.index("consulted"):], kinds


def test_attended_transfer_by_the_gad_manager_is_consent(s):
    c, call, boss = attended(s, "8601")
    call.rtp.say(sound.tone(700, 1500))
    time.sleep(1.2)
    assert sound.hears_tone(boss.rtp.samples(400), 700)
    call.hang_up()
    facts, r = consents(s, c.user)
    assert len(facts) == 1 and facts[0]["value"] == 3, facts


def test_way_06_forwarding_to_the_general_manager(s):
    gm, p, c = s.phone("8801"), s.phone("8312"), caller(s)
    p.call("*728801").wait_up().wait_ended(8)
    call = c.call("8000").wait_up()
    call.digits("8312")
    gm.no_call(1.5)
    p.call("*73").wait_up().wait_ended(8)
    call.hang_up()
    assert not consents(s, c.user)[0]


def test_way_07_pick_up_of_the_consultation(s):
    gm, c, call = screened(s)
    gm.wait_call().ring()
    p = s.phone("8312")
    grab = p.call("**8801")
    time.sleep(1)
    if grab.state == "up":
        no_way_through(s, call, grab)
    call.hang_up()
    assert not consents(s, c.user)[0]


def test_way_08_park_and_retrieve(s):
    p, c = s.phone("8312"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8312")
    theirs = p.wait_call()
    theirs.answer()
    time.sleep(0.3)
    theirs.refer("*70")
    time.sleep(1)
    thief = s.phone("8313")
    got = thief.call("7101").wait_up()
    call.rtp.say(sound.tone(700, 900))
    time.sleep(0.8)
    assert sound.hears_tone(got.rtp.samples(300), 700), "an ordinary retrieval works"
    got.refer("8801")
    gm = s.phone("8801")
    gm.no_call(1.5)
    call.hang_up()
    assert not consents(s, c.user)[0]


def test_way_09_replaces_from_an_employee(s):
    """INVITE with Replaces on the general manager's own talk: whoever takes it over joins nobody to him."""
    gm, c = s.phone("8801"), caller(s)
    other = s.phone("8805")
    own = other.call("8801")
    boss = gm.wait_call()
    boss.answer()
    own.wait_up()
    thief = s.phone("8312")
    grab = thief.call("8801", headers=f"Replaces: {own.call_id};to-tag={own.remote_tag};from-tag={own.local_tag}\r\n")
    time.sleep(1)
    assert grab.state == "ended" and grab.final >= 400, (grab.state, grab.final)
    own.hang_up()


def test_way_10_replaces_and_refer_from_the_trunk(s):
    gm, c = s.phone("8801"), caller(s)
    other = s.phone("8805")
    own = other.call("8801")
    gm.wait_call().answer()
    own.wait_up()
    grab = c.call("8000", headers=f"Replaces: {own.call_id};to-tag={own.remote_tag};from-tag={own.local_tag}\r\n")
    time.sleep(0.6)
    assert own.state == "up", "a trunk took over a call"
    grab.hang_up()
    call = caller(s).call("8000").wait_up()
    call.refer("8801")
    time.sleep(0.6)
    assert getattr(call, "refer_response", 0) >= 400, "a trunk's REFER was accepted"
    own.hang_up()
    call.hang_up()


def test_way_11_other_extension_after_no_answer(s):
    gm, c = s.phone("8801"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8271")
    hears(call, "through.no_answer_choice")
    call.digits("2")
    hears(call, "through.other_extension")
    call.digits("8801")
    hears(call, "screening.ask", timeout=6)
    gm.no_call(0.5)
    call.hang_up()
    assert not consents(s, c.user)[0]


def test_inside_caller_by_the_main_number_is_screened(s):
    gm, p = s.phone("8801"), s.phone("8312")
    call = p.call("8000").wait_up()
    call.digits("8801")
    hears(call, "screening.ask")
    call.hang_up()


def test_chairman_goes_to_own_secretary(s):
    boss, secretary, c = s.phone("8800"), s.phone("8805"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8800")
    theirs = secretary.wait_call()
    theirs.answer()
    boss.no_call(0.5)
    call.hang_up()
    has_steps(s.record(c.user), ("secretary", "A4.1.4"), ("connected", "A4.1.4"))


def test_secretary_away_takes_a_message(s):
    secretary, c = s.phone("8805"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8800")
    secretary.wait_call().ring()
    at = hears(call, "secretary.away", timeout=10)
    hears(call, "message.ask", since_ms=int(at))
    call.hang_up()
    has_steps(s.record(c.user), ("secretary", "A4.1.4"), ("target_no_answer", "A4.1.4"), ("message_asked", None))


def test_secretary_busy_wait_or_message(s):
    secretary, c = s.phone("8805"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8800")
    secretary.wait_call().refuse(486)
    hears(call, "secretary.busy_choice", timeout=8)
    call.hang_up()
    has_steps(s.record(c.user), ("target_busy", "house"))
