"""The automatic state out of office hours: enquiries by name, closed departments, messages."""
import time

from lib import sound
from lib.server import NEVER, Server, has_steps, heard_until_now, hears, hears_all


def world():
    return Server("closed", office=NEVER)


_n = [13800004000]


def caller(s):
    _n[0] += 1
    return s.outside(str(_n[0]))


def enquire(s, keys):
    c = caller(s)
    call = c.call("8000").wait_up()
    call.digits("0")
    hears(call, "enquiry.ask")
    at = heard_until_now(call)
    call.digits(keys)
    return c, call, at


def test_enquiry_by_initials(s):
    p = s.phone("8312")
    c, call, at = enquire(s, "973#")  # zsf: 张三丰, 张淑芬, 朱善富
    time.sleep(6)
    call.digits("1")
    hears(call, "through.one_moment", since_ms=at, timeout=10)
    call.hang_up()
    has_steps(s.record(c.user), ("enquiry", "A4.1.5"), ("told", "A4.1.5"))


def test_enquiry_by_full_pinyin(s):
    p = s.phone("8312")
    c, call, at = enquire(s, "94264726#")  # zhangsan
    time.sleep(3)
    call.digits("1")
    p.wait_call(8).answer()
    call.hang_up()
    has_steps(s.record(c.user), ("told", "A4.1.5"), ("target", "A4.1.2"), ("connected", "A4.1.2"))


def test_what_is_not_disclosed_is_not_read_out(s):
    c, call, at = enquire(s, "9487426#")  # zhushan: 朱善富, whose entry is told inside only
    hears(call, "enquiry.none", since_ms=at)
    call.hang_up()
    r = s.record(c.user)
    assert not [k for k in r["steps"] if k["kind"] == "told"], r["steps"]


def test_nobody_found(s):
    c, call, at = enquire(s, "22222#")
    hears(call, "enquiry.none", since_ms=at)
    call.hang_up()


def test_closed_department_says_so_and_takes_a_message(s):
    c = caller(s)
    call = c.call("8000").wait_up()
    call.digits("8310")
    hears(call, "through.department_closed")
    hears_all(call, "message.ask", timeout=15)
    call.rtp.say(sound.tone(500, 2200, 0.5))
    time.sleep(2.4)
    call.hang_up()
    m = s.wait_query("SELECT * FROM messages WHERE from_number = ?", c.user)[0]
    assert m["for_department"] == 3, m
    has_steps(s.record(c.user), ("target_closed", "house"), ("message_asked", None))


def test_nothing_dialled_ends_in_a_message_for_gad(s):
    c = caller(s)
    call = c.call("8000").wait_up()
    hears(call, "message.ask", timeout=90)
    call.hang_up()
    has_steps(s.record(c.user), ("nothing_dialled", "A4.2"), ("message_asked", None))
