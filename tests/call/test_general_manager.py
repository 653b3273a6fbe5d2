"""A4.1.3 and A4.1.4 in the automatic state: consent, refusal, absence, busy; the chairman's secretary."""
import time

from lib import sound
from lib.principal import attended, caller, consents, no_way_through, screened, world_of
from lib.server import has_steps, hears, hears_all


def world():
    return world_of("general_manager", 13800006000)


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


def test_attended_transfer_by_the_gad_manager_is_consent(s):
    c, call, boss = attended(s, "8601")
    call.rtp.say(sound.tone(700, 1500))
    time.sleep(1.2)
    assert sound.hears_tone(boss.rtp.samples(400), 700)
    call.hang_up()
    facts, r = consents(s, c.user)
    assert len(facts) == 1 and facts[0]["value"] == 3, facts


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


def test_secretary_busy_wait_or_message(s):
    secretary, c = s.phone("8805"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8800")
    secretary.wait_call().refuse(486)
    hears(call, "secretary.busy_choice", timeout=8)
    call.hang_up()
    has_steps(s.record(c.user), ("target_busy", "house"))


def test_secretary_away_takes_a_message(s):
    secretary, c = s.phone("8805"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8800")
    secretary.wait_call().ring()
    at = hears(call, "secretary.away", timeout=10)
    hears(call, "message.ask", since_ms=int(at))
    call.hang_up()
    has_steps(s.record(c.user), ("secretary", "A4.1.4"), ("target_no_answer", "A4.1.4"), ("message_asked", None))
