"""Keys of the mailbox by phone: keep, delete, call back; typed words are spoken."""
import os
import time

from lib import sound
from lib.desk import Client
import test_mailbox
from test_mailbox import FIRST, SECOND, PIN, clear, fresh, message, opened, press, put, receipts, until


def world():
    return test_mailbox.world("mailbox-keys")


def test_keep_delete_and_what_was_kept(s):
    a = fresh(s)
    m1, m2 = put(s, 16, FIRST), put(s, 16, SECOND)
    call, heard = opened(s, a, PIN, "first")
    assert press(call, "3", "second")[-1] == "second"  # kept before its end: heard
    until(call, "choice")
    heard = press(call, "7", "no_more")
    assert heard == ["deleted", "no_more"], heard
    call.wait_ended(5)
    row = message(s, m2)
    assert row["gone_ms"] > 0 and row["recording"], "kept as a fact, and it is still there"
    assert receipts(s, m2)[-1] == ("deleted", "phone", "张三丰") and os.path.exists(os.path.join(s.data, "sounds", row["recording"]))
    call, heard = opened(s, a, PIN)
    assert heard == ["none", "kept", "from", "first", "choice"], heard
    call.digits("#")
    call.wait_ended(5)
    assert receipts(s, m1, 1) == [("heard", "phone", "张三丰")]


def test_typed_words_are_spoken(s):
    a = fresh(s)
    m = Client(s, "operator1").ask("POST", "/api/v1/messages", {"for_person": 16, "from_name": "王先生", "matter": "请回电话"})["id"]
    call, heard = opened(s, a, PIN, timeout=15)
    assert heard[:2] == ["new", "from_unknown"], heard
    x = call.rtp.samples()
    levels = [sound.level(x[i:i + 1600]) > -40 and sound.pitch(x[i:i + 1600])[1] < 0.6 for i in range(0, len(x) - 1599, 1600)]
    assert sum(levels) >= 5, "a second of speech"
    assert receipts(s, m, 1)[-1] == ("heard", "phone", "张三丰")
    heard = press(call, "8", "choice")
    assert heard == ["no_number", "choice"], heard
    call.hang_up()


def test_called_back(s):
    """An inside caller rings; an outside one by the class of service of whose mailbox it is."""
    a, b = fresh(s), s.phone("8313")
    put(s, 16, number="8313")
    call, _ = opened(s, a, PIN)
    call.digits("8")
    theirs = b.wait_call(6)
    theirs.ring()
    theirs.answer()
    time.sleep(0.3)
    call.rtp.say(sound.tone(700, 600))
    time.sleep(0.5)
    assert sound.hears_tone(theirs.rtp.samples(200), 700)
    call.hang_up()
    clear(s, 16)
    m = put(s, 16, number="008613800001")  # international: 8312 is national
    call, _ = opened(s, a, PIN)
    heard = press(call, "8", "choice")
    assert heard == ["not_permitted", "choice"], heard
    call.hang_up()
    assert message(s, m)["heard_at_ms"] > 0
