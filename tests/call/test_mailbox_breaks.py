"""What may go wrong in a mailbox by phone: sounds that aren't there, two phones at once, hang-ups at each
point, 100,000 messages."""
import os
import time

from lib import sound
from lib.desk import Client
from lib.softphone import write_wav
import test_mailbox
from test_mailbox import FIRST, SECOND, PIN, OTHER, fresh, message, opened, enter, press, put, receipts, said, until


def world():
    return test_mailbox.world("mailbox-breaks")


def test_a_sound_that_lies_or_is_not_there(s):
    """It is said so, the next one comes, and the message isn't counted as heard."""
    a = fresh(s)
    path = os.path.join(s.dir, "good.wav")
    write_wav(path, sound.tone(FIRST, 300))
    with open(path, "rb") as f:
        good = f.read()
    lies = good[:4] + (1 << 30).to_bytes(4, "little") + good[8:40] + (1 << 30).to_bytes(4, "little") + good[44:]
    bad = [put(s, 16, wav=lies), put(s, 16, wav=""), put(s, 16, wav=good[:44])]
    last = put(s, 16, SECOND)
    call, heard = opened(s, a, PIN)
    for _ in bad:
        assert heard[-3:] == ["from", "no_sound", "choice"], heard
        heard = press(call, "2", "choice")
    assert heard == ["from", "second", "choice"], heard
    call.hang_up()
    s.wait_query("SELECT 1 FROM messages WHERE id = ? AND heard_at_ms > 0", last)
    assert all(message(s, m)["heard_at_ms"] == 0 and not receipts(s, m) for m in bad)


def test_two_phones_and_somebody_elsewhere(s):
    """Both hear it; what one deletes while the other listens is gone for both; received elsewhere it is
    left out."""
    a, b = fresh(s), s.phone("8313")
    m1, m2, m3 = put(s, 16, FIRST), put(s, 16, SECOND), put(s, 16, FIRST)
    one, _ = opened(s, a, PIN)
    two = b.call("*98").wait_up()
    until(two, "pin")
    press(two, "*", "who")
    press(two, "8312", "pin")
    press(two, PIN + "#", "second")  # m1 was heard at the first phone
    assert press(one, "2", "second")[-1] == "second"
    until(one, "choice")
    Client(s, "operator1").ask("POST", f"/api/v1/messages/{m3}/receipts", {"kind": "told"})
    assert press(two, "7", "deleted") == ["deleted"]
    heard = press(one, "7", "deleted")  # deleted already: what was wanted is so
    until(one, "no_more")
    assert message(s, m2)["gone_ms"] > 0 and [k for k, _, _ in receipts(s, m2)].count("deleted") == 1
    assert "deleted" in heard and message(s, m1)["heard_at_ms"] > 0
    two.hang_up()


def test_hung_up_at_each_point(s):
    a = fresh(s)
    m = put(s, 16, FIRST)
    call = a.call("*98").wait_up()
    call.hang_up()
    call, _ = enter(s, a, PIN)
    call.digits(PIN[:3])
    call.hang_up()
    call, _ = enter(s, a, PIN)
    call.digits(PIN + "#")
    call.hang_up()
    call, _ = enter(s, a, PIN)
    press(call, PIN + "#", "new")
    call.hang_up()
    call, _ = opened(s, a, PIN, "first")
    call.hang_up()
    time.sleep(0.3)
    assert message(s, m)["heard_at_ms"] == 0 and not receipts(s, m), "cut off, and yet heard"
    call, _ = opened(s, a, PIN)
    call.digits("7")
    call.hang_up()  # deleted all the same: the key was pressed
    s.wait_query("SELECT 1 FROM messages WHERE id = ? AND gone_ms > 0", m)
    time.sleep(0.3)
    assert not s.query("SELECT call_no FROM calls WHERE caller_number = '8312' AND ended_ms = 0"), "a call has no end"


def test_a_hundred_thousand_messages(s):
    a = s.phone("8313")
    put(s, 17, count=100000)
    began = time.monotonic()
    call, heard = opened(s, a, OTHER, "from")
    took = time.monotonic() - began
    assert heard[:2] == ["new_many", "from"], heard
    press(call, "2", "from")
    began = time.monotonic()
    press(call, "2", "from")
    assert time.monotonic() - began < 4
    assert took < 8, f"{took:.1f} s until the first of 100,000 messages"
    call.hang_up()
