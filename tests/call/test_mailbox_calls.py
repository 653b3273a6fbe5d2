"""The way `call` (A3.8): whoever wished it is called when a message waits, and hears it after the PIN. Sentences and messages are
tones, as in test_mailbox."""
import time

from lib.desk import Client
from lib.reached import columns
from lib.server import ALWAYS, NEVER, Server, has_steps
from test_mailbox import FIRST, PIN, SECOND, clear, here, press, put, receipts, recordings, said, set_pin, until

NODE = {"retry_first": "1s", "attempts": 3}


def switchboard(name, office):
    s = Server(name, office=office, node={"speech": {"recordings": recordings(name)}, "delivery": NODE},
               csv_edit=lambda config: columns(config, {16: {"deliver": "call"}, 17: {"mail": "x@example.com"}}),
               measures={"calls": {"silent_line": "1min"}, "messages": {"receive": "1h", "receive_urgent": "1h"}})
    set_pin(s, 16, PIN)
    return s


def world():
    return switchboard("mailbox_calls", ALWAYS)


def waits(s, hz=FIRST, **more):
    """A message with a caller's voice, on its way."""
    clear(s, 16)
    m = put(s, 16, hz, **more)
    Client(s, "operator1").ask("POST", f"/api/v1/messages/{m}/delivery", {"what": "again"})
    return m


def tries(s, m, count=1):
    return [r["outcome"] for r in s.wait_query("SELECT a.outcome FROM attempts a JOIN outbox o ON o.id = a.outbox WHERE"
                                               " o.message = ? ORDER BY a.id", m, count=count, timeout=15)]


def state(s, m, wanted):
    s.wait_query("SELECT 1 FROM outbox WHERE message = ? AND channel = 'call' AND state = ?", m, wanted, timeout=15)


def rings(phone, seconds=6):
    call = phone.wait_call(seconds)
    call.ring()
    return call


def test_the_message_is_read_out_after_the_pin(s):
    a = s.phone("8312")
    m = waits(s)
    call = rings(a)
    whose = call.invite.get("from")
    assert whose.startswith('"某城集团"') and "8000@" in whose, whose
    call.answer()
    assert until(call, "pin") == ["called", "pin"]
    assert press(call, PIN + "#", "choice")[-2:] == ["first", "choice"]
    s.wait_query("SELECT 1 FROM messages WHERE id = ? AND heard_at_ms > 0", m)
    assert ("heard", "phone", "张三丰") in receipts(s, m), receipts(s, m)
    call.digits("#")
    call.wait_ended(5)
    state(s, m, 1)
    assert tries(s, m) == ["ok"]
    r = s.record("8312", "*98")
    has_steps(r, ("mailbox_calls", "A3.8"), ("mailbox", "A5.7"), ("message_heard", "A5.7"), ("ended", None))
    a.no_call(2)


def test_no_answer_wrong_pins_and_busy_then_back_to_the_desk(s):
    a = s.phone("8312")
    m = waits(s)
    first = rings(a)  # rings in vain
    first.wait_ended(8)
    assert tries(s, m) == ["no_answer"]
    call = rings(a, 8)
    call.answer()
    until(call, "pin")
    for _ in range(2):
        press(call, "1111#", "wrong")
    since = here(call)
    call.digits("1111#")
    call.wait_ended(8)
    assert "first" not in said(call, since) and said(call, since)[0] == "locked", said(call, since)
    a.auto = lambda c: c.refuse(486)
    assert tries(s, m, 3) == ["no_answer", "not_opened", "busy"], tries(s, m, 3)
    state(s, m, 2)
    s.wait_query("SELECT 1 FROM messages WHERE id = ? AND stage = 1", m, timeout=10)  # the desk has it again
    set_pin(s, 16, PIN)  # and the lock is lifted


def test_put_down_before_the_pin_and_after_it(s):
    a = s.phone("8312")
    m = waits(s, SECOND)
    call = rings(a)
    call.answer()
    until(call, "called")
    call.hang_up()
    assert tries(s, m) == ["not_opened"]
    call = rings(a, 8)
    call.answer()
    until(call, "pin")
    press(call, PIN + "#", "second")
    call.hang_up()  # in the middle of it: brought, and not heard
    state(s, m, 1)
    assert tries(s, m, 2) == ["not_opened", "ok"]
    assert s.query("SELECT heard_at_ms FROM messages WHERE id = ?", m)[0]["heard_at_ms"] == 0


def test_a_phone_that_is_in_use_or_away_does_not_ring(s):
    a, b = s.phone("8312"), s.phone("8313")
    talk = a.call("8313")
    other = b.wait_call()
    other.answer()
    talk.wait_up()
    m = waits(s)
    assert tries(s, m) == ["busy"]
    talk.hang_up()
    call = rings(a, 8)
    call.refuse(603)
    assert tries(s, m, 2) == ["busy", "refused"]


def test_killed_while_it_rings(s):
    m = waits(s)  # without a phone: unreachable, tried again
    assert tries(s, m) == ["unreachable"]
    a = s.phone("8312")
    rings(a, 8)
    s.kill()
    s.start()
    call = rings(a, 15)
    call.answer()
    until(call, "pin")
    press(call, PIN + "#", "first")
    call.hang_up()
    state(s, m, 1)


def test_at_night_only_what_is_urgent(s):
    night = switchboard("mailbox_calls_night", NEVER)
    try:
        a = night.phone("8312")
        m = waits(night)
        a.no_call(3)
        due = night.query("SELECT due_ms, attempts FROM outbox WHERE message = ?", m)[0]
        assert due["due_ms"] > time.time() * 1000 + 60000 and due["attempts"] == 0, due
        waits(night, urgent=1)
        rings(a).refuse(603)
    finally:
        assert night.stop() == 0


def test_a_person_chooses_it(s):
    m = Client(s, "manager")
    m.ask("PUT", "/api/v1/people/17", {"deliver": "call mail"})
    row = s.query("SELECT deliver FROM people WHERE org = 1 AND id = 17")[0]
    assert row["deliver"] == "call mail"
    made = Client(s, "operator1").ask("POST", "/api/v1/messages", {"for_person": 17, "from_name": "王先生", "matter": "回电"})["id"]
    ways = [(r["channel"], r["address"]) for r in s.wait_query("SELECT * FROM outbox WHERE message = ? ORDER BY seq", made)]
    assert ways == [("call", "8313"), ("mail", "x@example.com")], ways
