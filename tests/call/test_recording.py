"""Calls that are recorded whole: announced to the end first, each side in its channel, nothing of what the
caller doesn't hear, encrypted at rest, opened by the manager with a reason that is kept, destroyed in time."""
import io
import os
import shutil
import sqlite3
import time
import urllib.parse
import wave

import numpy as np
import yaml

from lib import sound
from lib.desk import Desk
from lib.server import ALWAYS, Server, dump, has_steps, hears, hears_all, steps
from test_directory_api import Client, refused

NOTICE = "attendant.recording_notice"
SAYS, HEARS, SECRET = 620, 1180, 1700


def world():
    def complaints_alone(config):
        path = os.path.join(config, "bei-po", "measures.yaml")
        m = yaml.safe_load(open(path))
        m["recording"] = {"complaints": True}
        dump(m, open(path, "w"))
    return Server("recording", office=ALWAYS, csv_edit=complaints_alone, measures={
        "recording": {"complaints": True, "lines": ["8000", "8312"], "keep_lines_days": 30}})


def tapes(s):
    return os.path.join(s.data, "recordings")


def opened(c, no, item, reason="查看投诉"):
    status, headers, raw = c.send("GET", f"/records/{no}/recordings/{item}?" + urllib.parse.urlencode({"reason": reason}))
    assert status == 200, raw
    with wave.open(io.BytesIO(raw)) as w:
        assert (w.getnchannels(), w.getframerate(), w.getsampwidth()) == (2, 8000, 2)
        data = w.readframes(w.getnframes())
    both = np.frombuffer(data, dtype=np.int16).reshape(-1, 2)
    return both[:, 0], both[:, 1], headers["Recording-State"]


def has_tone(samples, hz):
    """Somewhere in it, for a fifth of a second."""
    return any(sound.hears_tone(samples[at:at + 1600], hz) for at in range(0, len(samples) - 1600, 800)
               if sound.level(samples[at:at + 1600]) > -40)


def one(s, number, state="whole", timeout=6):
    r = s.record(number)
    row = s.wait_query("SELECT id, kind, path, ms, why FROM recordings WHERE call_no = ? AND state = ?",
                       r["call_no"], state, timeout=timeout)[0]
    return r, row


def first(s):
    row = s.query("SELECT call_no, id, path FROM recordings WHERE state = 'whole' ORDER BY id LIMIT 1")[0]
    return row["call_no"], row["id"], row["path"]


def test_each_side_in_its_channel(s):
    """A line that leads to an extension: the notice first, then it rings there, then both are on the tape."""
    a, c = s.phone("8312"), s.outside("13800040001")
    call = c.call("02155508312").wait_up()
    a.no_call(0.5)
    hears_all(call, NOTICE)
    theirs = a.wait_call(8)
    theirs.answer()
    theirs.wait_up()
    for _ in range(2):
        call.rtp.say(sound.tone(SAYS, 900))
        theirs.rtp.say(sound.tone(HEARS, 900))
        time.sleep(1)
    call.hang_up()
    theirs.wait_ended()
    r, row = one(s, c.user)
    has_steps(r, ("recording_announced", None), ("recording_begun", None), ("target", None), ("connected", None),
              ("recording_ended", None), ("ended", None))
    assert row["kind"] == "line" and row["ms"] > 2000 and row["why"] == "call_ended", row
    gad = Client(s, "manager")
    said, heard, state = opened(gad, r["call_no"], row["id"])
    assert state == "whole"
    assert has_tone(said, SAYS) and not has_tone(said, HEARS)
    assert has_tone(heard, HEARS) and not has_tone(heard, SAYS)
    shown = gad.ask("GET", f"/records/{r['call_no']}")["recordings"]
    assert [x["state"] for x in shown] == ["whole"] and shown[0]["openings"][0]["by"] == "manager"
    assert shown[0]["openings"][0]["reason"] == "查看投诉"
    assert os.stat(os.path.join(s.data, "recordings.key")).st_mode & 0o777 == 0o600


def test_a_hang_up_during_the_notice_leaves_nothing(s):
    c = s.outside("13800040002")
    before = set(os.listdir(tapes(s)))
    call = c.call("8000").wait_up()
    time.sleep(0.8)
    call.hang_up()
    r = s.record(c.user)
    assert not any(k.startswith("recording") for k, _ in steps(r)), steps(r)
    assert s.query("SELECT * FROM recordings WHERE call_no = ?", r["call_no"]) == []
    assert set(os.listdir(tapes(s))) == before


def test_an_inside_caller_is_not_recorded(s):
    a = s.phone("8312")
    call = a.call("8000").wait_up()
    hears(call, "attendant.greeting")
    call.hang_up()
    r = s.record("8312")
    assert s.query("SELECT * FROM recordings WHERE call_no = ?", r["call_no"]) == []
    assert not any(k.startswith("recording") for k, _ in steps(r)), steps(r)


def test_the_operator_and_a_consultation(s):
    """The caller hears the notice before the operator; what operator and consulted say to each other isn't on it."""
    d = Desk(s, "operator1").on_duty()
    b, c = s.phone("8313"), s.outside("13800040004")
    call = c.call("8000")
    row = d.wait_row(c.user)
    d.command("answer", row["no"])
    call.wait_up()
    d.refused("put_through", row["no"], target={"number": "8313"}, code="not_now")
    hears_all(call, NOTICE)
    d.wait(lambda: d.from_number(c.user) and d.from_number(c.user)["state"] == "desk", what="the call at the desk")
    d.command("consult", row["no"], target={"number": "8313"})
    theirs = b.wait_call()
    theirs.answer()
    theirs.wait_up()
    theirs.rtp.say(sound.tone(SECRET, 1500))
    time.sleep(1.7)
    d.command("outcome", row["no"], value="absent")
    time.sleep(0.5)
    call.rtp.say(sound.tone(SAYS, 900))
    time.sleep(1)
    call.hang_up()
    r, rec = one(s, c.user)
    said, heard, _ = opened(Client(s, "manager"), r["call_no"], rec["id"])
    assert has_tone(said, SAYS) and not has_tone(heard, SECRET) and not has_tone(said, SECRET)
    d.close()


def test_a_complaint_on_its_way_to_customer_service(s):
    """Another company, which records complaints alone: nothing until customer service is dialled."""
    c = s.outside("13800040007")
    call = c.call("02155509000").wait_up()
    hears(call, "attendant.dial", least=0.3)
    assert s.query("SELECT * FROM recordings WHERE kind = 'complaint'") == []
    call.digits("8390")
    hears_all(call, NOTICE)
    s.wait_query("SELECT id FROM recordings WHERE kind = 'complaint' AND state = 'open'")
    call.hang_up()
    r, row = one(s, c.user)
    has_steps(r, ("recording_announced", None), ("recording_begun", None), ("customer_service", "A4.1.6"))


def test_only_the_manager_and_with_a_reason(s):
    no, item, _ = first(s)
    path = f"/records/{no}/recordings/{item}"
    before = len(s.query("SELECT * FROM recording_openings"))
    with refused(403):
        Client(s, "operator1").ask("GET", path + "?reason=x")
    gad = Client(s, "manager")
    for missing, status, code in (("", 400, "required"), ("?reason=", 403, "reason_needed"),
                                  ("?reason=%20", 403, "reason_needed")):
        with refused(status, code=code):
            gad.ask("GET", path + missing)
    with refused(404):
        gad.ask("GET", f"/records/{no}/recordings/{item + 1000}?reason=x")
    with refused(404):
        gad.ask("GET", f"/records/{no + 1}/recordings/{item}?reason=x")
    assert len(s.query("SELECT * FROM recording_openings")) == before


def test_at_rest(s):
    """A byte that was changed: what stands before it; another key: nothing."""
    no, item, name = first(s)
    path, gad = os.path.join(tapes(s), name), Client(s, "manager")
    assert os.stat(path).st_mode & 0o777 == 0o600
    whole = len(opened(gad, no, item)[0])
    kept = open(path, "rb").read()
    with open(path, "r+b") as f:
        f.seek(len(kept) * 2 // 3)
        f.write(bytes([kept[len(kept) * 2 // 3] ^ 1]))
    said, _, state = opened(gad, no, item)
    assert state == "cut" and 0 < len(said) < whole
    with open(path, "r+b") as f:
        f.seek(50)
        f.write(b"another key's bytes")
    with refused(500, code="recording_unreadable"):
        gad.ask("GET", f"/records/{no}/recordings/{item}?reason=x")
    with open(path, "wb") as f:
        f.write(kept)


def test_no_place_for_it_and_the_call_goes_on(s):
    a, c = s.phone("8312"), s.outside("13800040005")
    shutil.move(tapes(s), tapes(s) + ".away")
    try:
        call = c.call("02155508312").wait_up()
        theirs = a.wait_call(12)
        theirs.answer()
        theirs.wait_up()
        time.sleep(0.5)
        call.rtp.say(sound.tone(SAYS, 1500))
        time.sleep(1)
        assert sound.hears_tone(theirs.rtp.samples(300), SAYS)
        call.hang_up()
        theirs.wait_ended()
    finally:
        shutil.move(tapes(s) + ".away", tapes(s))
    r, row = one(s, c.user, state="cut")
    assert row["ms"] == 0 and row["why"] == "failed", row
    assert [x["text"] for x in r["steps"] if x["kind"] == "recording_ended"] == ["failed"], r["steps"]


def test_killed_it_is_there_up_to_the_last_second_and_destroyed_in_time(s):
    a, c = s.phone("8312"), s.outside("13800040006")
    call = c.call("02155508312").wait_up()
    theirs = a.wait_call(12)
    theirs.answer()
    theirs.wait_up()
    begun = time.monotonic()
    for _ in range(4):
        call.rtp.say(sound.tone(SAYS, 900))
        time.sleep(1)
    lasted = time.monotonic() - begun
    no, old, name = first(s)
    s.kill()
    db = sqlite3.connect(os.path.join(s.data, "zongji.db"))  # thirty-one days on, for one of them
    db.execute("UPDATE recordings SET begun_ms = begun_ms - 31 * 86400000 WHERE id = ?", (old,))
    db.commit()
    db.close()
    s.start()
    r, row = one(s, c.user, state="cut")
    said, _, state = opened(Client(s, "manager"), r["call_no"], row["id"])
    assert state == "cut" and len(said) / 8000 > lasted - 1.3, (len(said) / 8000, lasted)
    assert has_tone(said, SAYS)
    wait = s.wait_query("SELECT path FROM recordings WHERE state = 'deleted' AND deleted_ms > 0 AND id = ?", old, timeout=20)
    assert wait == [{"path": name}] and not os.path.exists(os.path.join(tapes(s), name))
    with refused(410, code="recording_gone"):
        Client(s, "manager").ask("GET", f"/records/{no}/recordings/{old}?reason=x")
    assert os.path.exists(os.path.join(tapes(s), row["path"]))
