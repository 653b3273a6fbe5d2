"""One's own mailbox by phone (A3.8, A5.7): PIN, messages one by one, from outside, lock-out. Sentences are short tones here, each
known by its pitch, and so is each caller's recording. No PIN is found in anything that was written."""
import glob
import os
import sqlite3
import subprocess
import time

import yaml

from lib import sound
from lib.server import ALWAYS, BUILD, OUT, ROOT, Server, dump, has_steps
from lib.softphone import write_wav

PIN, OTHER, LOCKED = "70529", "61407", "83610"
BOX = ["who", "pin", "wrong", "locked", "no_pin", "none", "new.1", "kept", "from.1", "from_person.1", "from_unknown", "urgent",
       "no_sound", "choice", "deleted", "no_number", "no_more", "failed", "new_many.1", "called.1"]
PITCH = {**{f"mailbox.{n}": 800 + 60 * i for i, n in enumerate(BOX)},
         "inside.not_permitted": 2100, "goodbye": 2160, "attendant.greeting": 2220}
FIRST, SECOND = 440, 620  # what callers left
NAMES = {hz: n.split(".")[1] if "." in n else n for n, hz in PITCH.items()} | {FIRST: "first", SECOND: "second"}


def recordings(name):
    folder = os.path.join(OUT, name + "-recordings")
    os.makedirs(os.path.join(folder, "zh-CN"), exist_ok=True)
    for name in os.listdir(os.path.join(ROOT, "tests", "out", "prompts", "zh-CN")):
        hz = PITCH.get(name[:-4], 350)
        write_wav(os.path.join(folder, "zh-CN", name), sound.tone(hz, 20 if hz == 350 else 160))
    return folder


def outside_number(config):
    path = os.path.join(config, "mou-cheng", "measures.yaml")
    with open(path) as f:
        m = yaml.safe_load(f)
    m["numbers"]["mailbox"] = "7098"
    with open(path, "w") as f:
        dump(m, f)


def set_pin(s, person, pin):
    subprocess.run([os.path.join(BUILD, "zongji"), "user", "--data", s.data, "--config", os.path.join(s.config, "node.yaml"),
                    "pin", str(person)], check=True, capture_output=True, text=True, input=pin + "\n")


def world(name="mailbox"):
    s = Server(name, office=ALWAYS, csv_edit=outside_number, node={"speech": {"recordings": recordings(name)}},
               measures={"calls": {"silent_line": "1min"},
                         "attendant": {"first_digit": "2s", "next_digit": "1s", "choice": "6s"}})
    for person, pin in ((16, PIN), (17, OTHER), (18, LOCKED)):
        set_pin(s, person, pin)
    return s


def put(s, person, hz=FIRST, number="139", urgent=0, wav=None, count=1):
    """A message as it stands in the database; wav: the bytes of its file, None a tone, "" no file."""
    name = f"test-{person}-{time.monotonic_ns()}.wav"
    path = os.path.join(s.data, "sounds", name)
    if wav is None:
        write_wav(path, sound.tone(hz, 500))
    elif wav:
        with open(path, "wb") as f:
            f.write(wav)
    now = int(time.time() * 1000)
    row = (1, 0, now, person, 0, 0, urgent, "A3.8", number, "", "", "", name, 500, "")
    with sqlite3.connect(os.path.join(s.data, "zongji.db"), timeout=10) as db:
        cursor = db.cursor()
        for _ in range(count):
            cursor.execute("INSERT INTO messages (org, call_no, kept_at_ms, for_person, for_department, copy_department, urgency,"
                           " clause, from_number, from_name, organisation, matter, recording, recording_ms, screening)"
                           " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", row)
        return cursor.lastrowid


def clear(s, person):
    with sqlite3.connect(os.path.join(s.data, "zongji.db"), timeout=10) as db:
        db.execute("UPDATE messages SET heard_at_ms = 1, gone_ms = 1 WHERE for_person = ? AND gone_ms = 0", (person,))


def tone_at(x):
    f, share = sound.pitch(x)
    return next((n for hz, n in NAMES.items() if abs(f - hz) <= 14 and share > 0.6), None)


def said(call, since=0):
    """What has been heard, as names in order; but the rest of what sounded already when it began."""
    begin = max(0, since - 1200)
    x, out, last = call.rtp.samples()[begin:], [], None
    for at in range(0, len(x) - 479, 240):
        hit = tone_at(x[at:at + 480])
        if hit and hit != last and at + begin + 480 > since:
            out.append(hit)
        last = hit
    return out


def until(call, name, since=0, timeout=8):
    end = time.monotonic() + timeout
    while True:
        heard = said(call, since)
        if name in heard:
            return heard
        assert time.monotonic() < end and call.state == "up", f"{name} was waited for: {heard}, {call.state}"
        time.sleep(0.1)


def here(call):
    return len(call.rtp.samples())


def press(call, keys, name, timeout=8):
    """Presses, and what is heard after it until that name."""
    since = here(call)
    call.digits(keys)
    return until(call, name, since, timeout)


def fresh(s, number="8312"):
    """Nothing in the mailbox of 8312, and a phone."""
    clear(s, 16)
    return s.phone(number)


def enter(s, phone, pin, number="*98"):
    call = phone.call(number).wait_up()
    until(call, "pin")
    return call, pin


def opened(s, phone, pin, name="choice", timeout=8):
    call, _ = enter(s, phone, pin)
    return call, press(call, pin + "#", name, timeout)


def message(s, m):
    return s.query("SELECT * FROM messages WHERE id = ?", m)[0]


def receipts(s, m, count=0):
    """`count` of them are waited for."""
    return [(r["kind"], r["channel"], r["by_name"]) for r in
            s.wait_query("SELECT * FROM receipts WHERE message = ? ORDER BY id", m, count=count)]


def test_messages_are_heard_and_kept(s):
    """Urgent first; the content's end is the receipt; what was skipped stays new."""
    a = fresh(s)
    m1, m2 = put(s, 16, FIRST), put(s, 16, SECOND, number="8313", urgent=1)
    call, heard = opened(s, a, PIN)
    assert heard == ["new", "urgent", "from_person", "second", "choice"], heard
    s.wait_query("SELECT 1 FROM messages WHERE id = ? AND heard_at_ms > 0", m2)
    assert message(s, m1)["heard_at_ms"] == 0
    assert receipts(s, m2, 1) == [("heard", "phone", "张三丰")]
    assert s.query("SELECT changed_by FROM history WHERE what = 'message_opened' AND item = ?", m2)[0]["changed_by"] == "张三丰"
    assert press(call, "1", "second") == ["urgent", "from_person", "second"]  # once more
    assert press(call, "2", "first")[-2:] == ["from", "first"]
    since = here(call)
    call.digits("2")  # skipped before its end
    call.wait_ended(8)
    assert said(call, since) == ["no_more", "goodbye"], said(call, since)
    r = s.record("8312", "*98")
    has_steps(r, ("feature", "house"), ("mailbox", "A5.7"), ("message_heard", "A5.7"), ("ended", None))
    assert message(s, m1)["heard_at_ms"] == 0, "skipped, and yet heard"


def test_another_phone_and_another_persons(s):
    """From another phone the extension is asked for; a number that nobody has sounds like a wrong PIN."""
    b = fresh(s, "8313")
    m = put(s, 16)
    call = b.call("*98").wait_up()
    until(call, "pin")
    assert press(call, "*", "who") == ["who"]
    assert press(call, "8312", "pin") == ["pin"]
    assert press(call, OTHER + "#", "who") == ["wrong", "who"]  # 8313's PIN opens 8312's box not
    assert press(call, "7777#", "pin") == ["pin"]
    assert press(call, PIN + "#", "who") == ["wrong", "who"]
    press(call, "8312", "pin")
    assert press(call, PIN + "#", "choice") == ["new", "from", "first", "choice"]
    call.hang_up()
    assert receipts(s, m, 1) == [("heard", "phone", "张三丰")]
    c = s.phone("8315")
    call = c.call("*98").wait_up()  # whose person has no PIN: told at the own phone alone
    until(call, "pin")
    press(call, "2580#", "no_pin")
    call.wait_ended(5)


def test_from_outside(s):
    clear(s, 16)
    m = put(s, 16)
    o = s.outside("13800009001")
    call = o.call("8000").wait_up()
    assert press(call, "7098", "who") == ["who"]
    press(call, "8312#", "pin")
    assert press(call, PIN + "#", "choice") == ["new", "from", "first", "choice"]
    since = here(call)
    call.digits("8")  # outside to outside: not by these measures
    heard = until(call, "choice", since)
    assert heard == ["not_permitted", "choice"], heard
    call.digits("#")
    call.wait_ended(5)
    assert receipts(s, m, 1) == [("heard", "phone", "张三丰")]


def test_locked_out(s):
    """Three wrong ones, and it stays locked for the right one too, at any phone."""
    a = s.phone("8314")
    call, _ = enter(s, a, LOCKED)
    assert press(call, "1590#", "pin") == ["wrong", "pin"]
    assert press(call, "1591#", "pin") == ["wrong", "pin"]
    assert press(call, "1592#", "locked") == ["locked"]
    call.wait_ended(5)
    call, heard = opened(s, a, LOCKED, "locked")
    assert heard == ["locked"], heard
    call.wait_ended(5)
    assert s.query("SELECT wrong, locked_until_ms FROM pins WHERE person = 18")[0]["locked_until_ms"] > time.time() * 1000
    has_steps(s.record("8314", "*98"), ("mailbox_refused", "house"))


def test_no_pin_is_written_anywhere(s):
    """Also not one that came by SIP INFO, nor one of a wrong try."""
    a = fresh(s)
    call, _ = enter(s, a, PIN)
    for d in "36925#":
        call.info_digit(d)
        time.sleep(0.1)
    until(call, "wrong")
    call.hang_up()
    time.sleep(0.5)
    files = [os.path.join(s.dir, "log")] + [f for f in glob.glob(os.path.join(s.data, "**"), recursive=True) if os.path.isfile(f)]
    for path in files:
        with open(path, "rb") as f:
            data = f.read()
        for pin in (PIN, OTHER, LOCKED, "36925"):
            assert pin.encode() not in data, f"{pin} stands in {path}"
    steps = s.query("SELECT text FROM steps WHERE kind LIKE 'mailbox%'")
    assert steps and all(not r["text"] for r in steps), steps
