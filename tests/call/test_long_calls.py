"""Calls with the outside that last too long (A3.10): the inside party alone is reminded, again after
an interval; posts may be exempt; an operator may put it off."""
import time

import test_phones
from lib.desk import Desk
from lib.server import has_steps, hears, hears_all, heard_until_now, not_heard, steps
from test_directory_api import Client
from test_phones import carrier, connect, talk

WORD = "inside.long_call"
LIMIT, AGAIN, LATER = 3, 10, 12


def world():
    return test_phones.world("long_calls", measures={"calls": {
        "silent_line": "1min", "long_call": f"{LIMIT}s", "long_call_again": f"{AGAIN}s", "long_call_later": f"{LATER}s"}})


def reminded(inside, outside, began):
    """The word, when it came; both hear each other on before and after it, the outside nothing else."""
    hears_all(inside, WORD, timeout=LIMIT + 6)
    assert LIMIT < time.monotonic() - began < LIMIT + 9
    talk(outside, inside)
    not_heard(outside, WORD)


def test_from_outside(s):
    a, c = s.phone("8312"), s.outside("13800020001")
    call, theirs = connect(c, a, "02155508312")
    began = time.monotonic()
    reminded(theirs, call, began)
    mark = heard_until_now(theirs)
    hears(theirs, WORD, timeout=AGAIN + 4, since_ms=mark)
    call.hang_up()
    theirs.wait_ended()
    r = s.record("13800020001")
    has_steps(r, ("connected", None), ("long_call", "A3.10"), ("long_call", "A3.10"))
    values = [x["value"] for x in r["steps"] if x["kind"] == "long_call"]
    assert LIMIT * 1000 <= values[0] < LIMIT * 1000 + 500 and abs(values[1] - values[0] - AGAIN * 1000) < 500, values


def test_to_the_outside(s):
    far, a = carrier(s), s.phone("8312")
    call, theirs = connect(a, far, "902162220001")
    reminded(call, theirs, time.monotonic())
    call.hang_up()
    theirs.wait_ended()
    has_steps(s.record("8312", "902162220001"), ("long_call", "A3.10"))


def test_held_it_isnt_said_over_music(s):
    a, c = s.phone("8312"), s.outside("13800020002")
    call, theirs = connect(c, a, "02155508312")
    call.hold()
    theirs.wait(lambda: heard_until_now(theirs) > (LIMIT + 1) * 1000, LIMIT + 3, "music")
    not_heard(theirs, WORD)
    not_heard(call, WORD)
    call.retrieve()
    hears(theirs, WORD, timeout=AGAIN + 4)
    call.hang_up()
    theirs.wait_ended()


def test_inside_and_exempt_posts_are_left_alone(s):
    far, boss = carrier(s), s.phone("8801")
    a, b = s.phone("8312"), s.phone("8313")
    out = connect(boss, far, "902162220002")
    inside = connect(a, b, "8313")
    time.sleep(LIMIT + 2)
    for call in out + inside:
        not_heard(call, WORD)
    for call in (out[0], inside[0]):
        call.hang_up()
    for call in (out[1], inside[1]):
        call.wait_ended()
    far_off = s.record("8801", "902162220002")
    assert ("long_call", "A3.10") not in steps(far_off)
    has_steps(far_off, ("long_call_exempt", "A3.10"))
    assert ("long_call_exempt", "A3.10") not in steps(s.record("8312", "8313"))


def test_an_operator_puts_it_off(s):
    d = Desk(s, "operator1").on_duty()
    a, c = s.phone("8312"), s.outside("13800020003")
    call, theirs = connect(c, a, "02155508312")
    row = d.wait_row(c.user, "long", timeout=LIMIT + 4)
    d.refused("put_through", row, target={"number": "8313"}, code="not_yours")
    d.command("remind_later", row)
    put_off = time.monotonic()
    d.wait(lambda: not d.from_number(c.user) or d.from_number(c.user)["bay"] == "none", what="the row gone")
    d.refused("remind_later", row["no"], code="not_now")
    time.sleep(3)  # the word that was being said has been cut
    mark = heard_until_now(theirs)
    hears_all(theirs, WORD, timeout=LATER + 4, since_ms=mark)
    assert time.monotonic() - put_off > LATER - 0.5, "too early"
    d.wait_row(c.user, "long")
    talk(call, theirs)
    call.hang_up()
    theirs.wait_ended()
    d.wait(lambda: not d.from_number(c.user), what="the row gone at the end")
    has_steps(s.record(c.user), ("long_call", "A3.10"), ("long_call_later", "A3.10"), ("long_call", "A3.10"))
    d.close()


def test_figures_tell_what_became_of_them(s):
    """The calls of the other tests: each sum opens its calls."""
    c = Client(s, "manager")
    total = c.ask("GET", "/figures?step=month")["total"]
    for figure in ("long_reminded", "long_put_off", "long_exempt"):
        found = c.ask("GET", f"/records?limit=200&mark={figure}")["items"]
        assert len(found) == total[figure] > 0, (figure, len(found), total)
    assert total["long_calls"] == total["long_reminded"], total
