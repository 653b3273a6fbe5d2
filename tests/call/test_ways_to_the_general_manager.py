"""The ways to the general manager without a consent fact of this call: each is tried, none gets
through (Done 5)."""
import time

from lib import sound
from lib.principal import attended, blind, caller, consents, no_way_through, screened, world_of
from lib.server import hears


def world():
    return world_of("ways", 13800007000)


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


def test_way_05_attended_transfer_by_an_employee(s):
    c, call, boss = attended(s, "8312")
    no_way_through(s, call, boss)
    call.hang_up()
    boss.hang_up()
    facts, r = consents(s, c.user)
    assert not facts
    kinds = [x["kind"] for x in r["steps"]]
    assert "consulted" in kinds and "connected" not in kinds[kinds.index("consulted"):], kinds


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
