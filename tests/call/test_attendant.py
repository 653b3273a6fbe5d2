"""The automatic state in office hours (A4.2), and what follows each outcome of a target (A4.1.2):
every branch is a call from outside, with sentences recognised by their sound and the record checked
with its clause."""
import time

from lib import sound
from lib.server import ALWAYS, Server, has_steps, heard_until_now, hears, hears_all, not_heard


def world():
    return Server("attendant", office=ALWAYS)


_n = [13800002000]


def caller(s):
    """Somebody outside with a number of their own, so that the record is found by it."""
    _n[0] += 1
    return s.outside(str(_n[0]))


def ring_and_answer(s, number="8312", **more):
    p = s.phone(number, **more)
    return p


def test_announcement_in_three_parts(s):
    c = caller(s)
    call = c.call("8000").wait_up()
    a = hears(call, "attendant.greeting")
    b = hears(call, "attendant.dial")
    d = hears(call, "attendant.listen")
    assert a < b < d, f"not in order: {a} {b} {d}"
    call.hang_up()
    r = s.record(c.user)
    has_steps(r, ("arrived", "house"), ("answered_attendant", "A4.2"))
    assert r["end_reason"] == "caller_hung_up", r["end_reason"]


def test_dialled_in_the_middle_rings_and_talks(s):
    p, c = s.phone("8312"), caller(s)
    call = c.call("8000").wait_up()
    hears(call, "attendant.greeting")
    at = heard_until_now(call)
    call.digits("8312")
    theirs = p.wait_call()
    theirs.ring()
    time.sleep(2.2)
    ringback = call.rtp.samples()[8 * at:]
    bursts = sound.cadence(ringback)
    assert any(850 <= on <= 1100 for on, _ in bursts), f"no ringback heard: {bursts}"
    not_heard(call, "attendant.listen", since_ms=at + 1500)
    theirs.answer()
    call.rtp.say(sound.tone(600, 1500))
    theirs.rtp.say(sound.tone(900, 1500))
    time.sleep(1.2)
    assert sound.hears_tone(call.rtp.samples(500), 900), sound.pitch(call.rtp.samples(500))
    assert sound.hears_tone(theirs.rtp.samples(500), 600), sound.pitch(theirs.rtp.samples(500))
    theirs.hang_up()
    call.wait_ended()
    r = s.record(c.user)
    has_steps(r, ("arrived", "house"), ("dialled", "A4.2"), ("target", "A4.1.2"), ("connected", "A4.1.2"))
    assert r["outcome"] == "answered" and r["target_name"] == "张三丰", r


def test_the_other_organisations_8312_does_not_ring(s):
    ours, theirs, c = s.phone("8312"), s.phone("8312", org="bp"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8312")
    ours.wait_call()
    theirs.no_call(1)
    call.hang_up()


def test_star_hears_it_again(s):
    call = caller(s).call("8000").wait_up()
    hears(call, "attendant.listen")
    at = heard_until_now(call)
    call.digits("*")
    hears(call, "attendant.greeting", since_ms=at)
    call.hang_up()


def test_wrong_number_then_gad(s):
    gad, c = s.phone("8605"), caller(s)
    call = c.call("8000").wait_up()
    at = 0
    for _ in range(2):
        call.digits("7777#")
        at = hears(call, "attendant.wrong_number", since_ms=int(at)) + 1500
    gad.wait_call(20).ring()
    hears(call, "through.to_gad", timeout=6)
    call.hang_up()
    has_steps(s.record(c.user), ("wrong_number", "A4.2"), ("gad", "A4.1.7"))


def test_nothing_dialled_then_gad(s):
    gad, c = s.phone("8605"), caller(s)
    call = c.call("8000").wait_up()
    hears(call, "attendant.nothing_dialled", timeout=40)
    gad.wait_call(60).answer()
    call.hang_up()
    has_steps(s.record(c.user), ("nothing_dialled", "A4.2"), ("gad", "A4.1.7"), ("connected", "A4.1.7"))


def test_incomplete_number(s):
    call = caller(s).call("8000").wait_up()
    call.digits("83")
    hears(call, "attendant.incomplete")
    call.hang_up()


def test_zero_goes_to_gad_in_office_hours(s):
    gad, c = s.phone("8605"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("0")
    theirs = gad.wait_call()
    theirs.answer()
    call.wait(lambda: True)
    theirs.hang_up()
    call.wait_ended()
    has_steps(s.record(c.user), ("dialled", "A4.2"), ("gad", "A4.2"), ("connected", "A4.1.7"))


def test_busy_sentence_then_choice_message(s):
    p, c = s.phone("8312"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8312")
    p.wait_call().refuse(486)
    a = hears(call, "through.busy")
    b = hears(call, "through.busy_choice", since_ms=int(a))
    assert a < b
    call.digits("2")
    hears(call, "message.ask", since_ms=int(b))
    call.hang_up()
    has_steps(s.record(c.user), ("target_busy", "A4.1.2"), ("message_asked", None))


def test_busy_wait_until_free(s):
    p, c = s.phone("8312"), caller(s)
    other = s.phone("8313")
    own = other.call("8312")
    first = p.wait_call()
    first.answer()
    own.wait_up()
    call = c.call("8000").wait_up()
    call.digits("8312")
    hears(call, "through.busy_choice")
    call.digits("1")
    hears(call, "through.still_waiting")
    own.hang_up()
    again = p.wait_call(5)
    again.answer()
    call.rtp.say(sound.tone(700, 1000))
    time.sleep(0.8)
    assert sound.hears_tone(again.rtp.samples(400), 700)
    again.hang_up()
    call.wait_ended()
    has_steps(s.record(c.user), ("target_busy", "A4.1.2"), ("waiting", "house"), ("connected", "A4.1.2"))


def test_no_answer_then_question_then_other_extension(s):
    p, q, c = s.phone("8312"), s.phone("8313"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8312")
    p.wait_call().ring()
    a = hears(call, "through.no_answer")
    b = hears(call, "through.no_answer_choice", since_ms=int(a))
    call.digits("2")
    hears(call, "through.other_extension", since_ms=int(b))
    call.digits("8313")
    q.wait_call().answer()
    call.hang_up()
    has_steps(s.record(c.user), ("target_no_answer", "A4.1.2"), ("dialled", "A4.2"), ("connected", "A4.1.2"))


def test_refused_is_told_as_no_answer(s):
    p, c = s.phone("8312"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8312")
    theirs = p.wait_call()
    theirs.ring()
    time.sleep(0.3)
    theirs.refuse(603)
    hears(call, "through.no_answer")
    not_heard(call, "through.busy")
    call.hang_up()
    has_steps(s.record(c.user), ("target_refused", "house"))


def test_unreachable_is_told_at_once(s):
    c = caller(s)
    call = c.call("8000").wait_up()
    call.digits("8271")
    start = time.monotonic()
    hears(call, "through.no_answer")
    assert time.monotonic() - start < 6
    call.hang_up()
    has_steps(s.record(c.user), ("target_unreachable", "house"))


def test_message_kept_heard_again_done_anew(s):
    c = caller(s)
    call = c.call("8000").wait_up()
    call.digits("8271")
    hears(call, "through.no_answer_choice")
    call.digits("1")
    hears_all(call, "message.ask")
    at = heard_until_now(call)
    call.rtp.say(sound.tone(500, 2500, 0.5))
    time.sleep(2.7)
    call.digits("#")
    hears(call, "message.choice", since_ms=at)
    at = heard_until_now(call)
    call.digits("2")
    time.sleep(3)
    assert any(sound.hears_tone(call.rtp.samples()[8 * (at + i):8 * (at + i + 500)], 500)
               for i in range(0, 2500, 250)), "the own message isn't heard again"
    hears(call, "message.choice", since_ms=at + 2500)
    call.digits("3")
    hears_all(call, "message.ask", since_ms=heard_until_now(call) - 200, timeout=8)
    call.rtp.say(sound.tone(800, 2000, 0.5))
    time.sleep(2.2)
    at = heard_until_now(call)
    call.digits("#")
    hears(call, "message.choice", since_ms=at)
    call.digits("1")
    hears(call, "message.kept", since_ms=at)
    call.wait_ended(15)
    m = s.wait_query("SELECT * FROM messages WHERE from_number = ?", c.user)[0]
    assert m["for_person"] == 25 or m["for_department"], m
    x = sound.read_wav(f"{s.data}/sounds/{m['recording']}")
    assert sound.hears_tone(x[8000:12000], 800), "the kept sound isn't the second one"
    r = s.record(c.user)
    has_steps(r, ("message_asked", None), ("message_recorded", "A3.8"), ("message_kept", None))
    assert r["outcome"] == "message" and r["end_reason"] in ("message_kept", "told"), r


def test_message_kept_when_the_caller_hangs_up(s):
    c = caller(s)
    call = c.call("8000").wait_up()
    call.digits("8271")
    hears(call, "through.no_answer_choice")
    call.digits("1")
    hears_all(call, "message.ask")
    call.rtp.say(sound.tone(500, 2500, 0.5))
    time.sleep(2.6)
    call.hang_up()
    m = s.wait_query("SELECT * FROM messages WHERE from_number = ?", c.user)[0]
    assert m["recording_ms"] >= 1500, m


def test_empty_message_is_said(s):
    call = caller(s).call("8000").wait_up()
    call.digits("8271")
    hears(call, "through.no_answer_choice")
    call.digits("1")
    hears_all(call, "message.ask")
    call.digits("#")
    hears(call, "message.empty")
    call.hang_up()


def test_department_in_turn(s):
    first, second, c = s.phone("8312"), s.phone("8313"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8310")
    first.wait_call().ring()
    second.wait_call(8).answer()
    call.hang_up()
    has_steps(s.record(c.user), ("target", "A4.1.2"), ("connected", "A4.1.2"))


def test_department_all_at_once(s):
    a, b, c = s.phone("8231"), s.phone("8232"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8230")
    one, two = a.wait_call(), b.wait_call()
    one.ring()
    two.answer()
    one.wait_ended()
    call.rtp.say(sound.tone(650, 800))
    time.sleep(0.7)
    assert sound.hears_tone(two.rtp.samples(300), 650)
    call.hang_up()


def test_customer_service_next_member_then_urgent_message(s):
    a, b, c = s.phone("8951"), s.phone("8952"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8950")
    a.wait_call().ring()
    b.wait_call(8).ring()
    hears_all(call, "message.ask", timeout=12)
    call.rtp.say(sound.tone(500, 2200, 0.5))
    time.sleep(2.4)
    call.hang_up()
    m = s.wait_query("SELECT * FROM messages WHERE from_number = ?", c.user)[0]
    assert m["urgency"] == 1 and m["for_department"] == 2 and m["copy_department"] == 1, m
    has_steps(s.record(c.user), ("customer_service", "A4.1.6"), ("target_no_answer", "house"), ("message_kept", None))


def test_gad_then_manager_then_message(s):
    manager, c = s.phone("8601"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("0")
    hears(call, "through.to_gad_manager", timeout=10)
    manager.wait_call(8).ring()
    hears(call, "message.ask", timeout=20)
    call.hang_up()
    has_steps(s.record(c.user), ("gad", "A4.2"), ("gad_manager", "house"), ("message_asked", None))


def test_silent_line_is_ended(s):
    c = caller(s)
    call = c.call("8000").wait_up()
    time.sleep(0.5)
    call.rtp.muted = True
    call.wait_ended(8)
    r = s.record(c.user)
    has_steps(r, ("silent_line", "house"))


def test_digits_by_info(s):
    p, c = s.phone("8312"), caller(s)
    call = c.call("8000").wait_up()
    for d in "8312":
        call.info_digit(d)
        time.sleep(0.05)
    p.wait_call().answer()
    call.hang_up()


def test_hash_ends_the_number(s):
    p, c = s.phone("8312"), caller(s)
    call = c.call("8000").wait_up()
    call.digits("8312#")
    p.wait_call().answer()
    call.hang_up()
