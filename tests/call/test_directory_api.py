"""What a desk looks up and has kept, over real HTTP: the directory with readings, its changes with
their history, files in and out, slips, instructions, stand-ins, cards; and what is refused."""
import gzip
import http.client
import json
import os
import time

from lib.server import ALWAYS, Server
from test_mailbox import set_pin


class Refused(Exception):
    def __init__(self, status, error):
        super().__init__(f"{status} {error}")
        self.status, self.error = status, error


class Client:
    def __init__(self, s, account, password=None):
        self.s, self.account, self.cookie = s, account, ""
        if password is None:
            password = dict(line.split()[:2] for line in open(os.path.join(s.data, "first-accounts.txt")))[account]
        _, headers, _ = self.send("POST", "/session", {"name": account, "password": password})
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def send(self, method, path, body=None, headers=None):
        c = http.client.HTTPConnection("127.0.0.1", self.s.http_port, timeout=20)
        h = {"Accept-Language": "zh-CN", "Cookie": self.cookie, **(headers or {})}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            h["Content-Type"] = "application/json"
        c.request(method, "/api/v1" + path, data, h)
        r = c.getresponse()
        raw = r.read()
        c.close()
        return r.status, r.headers, raw

    def ask(self, method, path, body=None, headers=None):
        status, _, raw = self.send(method, path, body, headers)
        if status >= 400:
            raise Refused(status, json.loads(raw)["error"])
        return json.loads(raw) if raw else None


def refused(status, field=None, code=None):
    class Check:
        def __enter__(self):
            return self

        def __exit__(self, kind, e, tb):
            assert kind is Refused, f"not refused: {e}"
            assert e.status == status, e
            assert e.error["text"] and e.error["text"] != e.error["code"], e
            assert field is None or e.error.get("field") == field, e
            assert code is None or e.error["code"] == code, e
            self.error = e.error
            return True
    return Check()


def soon(minutes=60):
    return int((time.time() + 60 * minutes) * 1000)


def sign_in(s):
    s.manager, s.operator, s.admin = Client(s, "manager"), Client(s, "operator1"), Client(s, "admin")


def again(s):
    """The server is killed and comes back."""
    s.kill()
    s.start()
    sign_in(s)


def world():
    s = Server("directory_api", office=ALWAYS)
    sign_in(s)
    return s


def entries(client):
    return {(e["kind"], e["id"]): e for e in client.ask("GET", "/directory")["entries"]}


def test_the_directory_has_readings_ways_and_what_may_be_told(s):
    e = entries(s.operator)
    zhang = e["person", 16]
    assert {"full": "zhang san feng", "initials": "zsf"} in zhang["readings"], zhang
    assert zhang["number"] == "8312" and zhang["reach"] == "straight" and zhang["department"] == "工程部"
    assert "8312" in zhang["disclosure_text"]
    # a surname that is read otherwise as a word: both are found
    assert {r["full"] for r in e["person", 11]["readings"]} >= {"shan li wen", "dan li wen"}, e["person", 11]
    assert e["person", 4]["reach"] == "screened" and e["person", 1]["reach"] == "secretary"
    assert "8801" not in e["person", 4]["disclosure_text"]
    assert e["person", 1]["secretary"] == 8 and e["person", 16]["deputy"] == 17
    assert e["department", 3]["reach"] == "department" and e["department", 3]["number"] == "8310"


def test_the_directory_comes_by_etag_and_gzip(s):
    status, h, raw = s.operator.send("GET", "/directory", headers={"Accept-Encoding": "gzip"})
    assert status == 200 and h["Content-Encoding"] == "gzip", dict(h)
    assert json.loads(gzip.decompress(raw))["entries"]
    status, h2, raw = s.operator.send("GET", "/directory", headers={"If-None-Match": h["ETag"]})
    assert status == 304 and not raw
    s.manager.ask("PUT", "/people/40", {"title": "项目主管"})
    status, h2, _ = s.operator.send("GET", "/directory", headers={"If-None-Match": h["ETag"]})
    assert status == 200 and h2["ETag"] != h["ETag"]


def test_an_entry_is_added_changed_and_goes_with_its_history(s):
    m = s.manager
    x = m.ask("POST", "/extensions", {"number": "8399", "class": "city"})
    assert x["user"] and len(x["password"]) >= 12, x
    p = m.ask("POST", "/people", {"name": "=<b>赵</b>", "department": 3, "extension": int(x["id"])})
    assert entries(s.operator)["person", int(p["id"])]["number"] == "8399"
    assert m.ask("GET", f"/extensions/{x['id']}")["person"] == p["id"]
    m.ask("PUT", f"/people/{p['id']}", {"title": "造价员", "disclosure": "none"})
    assert m.ask("GET", f"/people/{p['id']}")["title"] == "造价员"
    assert "'=<b>" in m.send("GET", "/directory/export?file=people")[2].decode()
    m.ask("DELETE", f"/people/{p['id']}")
    assert ("person", int(p["id"])) not in entries(s.operator)
    assert "person" not in m.ask("GET", f"/extensions/{x['id']}")
    changes = m.ask("GET", f"/history?what=person&item={p['id']}")["items"]
    assert [c["by"] for c in changes] == ["manager"] * 3
    assert changes[0]["after"] is None and changes[1]["after"]["title"] == "造价员"
    again = m.ask("POST", "/people", {"name": "钱"})
    assert int(again["id"]) > int(p["id"]), "an id was used twice"
    m.ask("DELETE", f"/people/{again['id']}")


def test_a_new_extension_can_be_called_at_once(s):
    x = s.manager.ask("POST", "/extensions", {"number": "8398", "person": 18})
    assert x["id"] in json.dumps(s.manager.ask("GET", "/extensions?text=8398"))
    live = s.operator.ask("GET", "/switchboard")
    assert any(e["number"] == "8398" for e in live["extensions"]), "the running server has it"
    s.manager.ask("DELETE", f"/extensions/{x['id']}")
    assert not any(e["number"] == "8398" for e in s.operator.ask("GET", "/switchboard")["extensions"])


def test_changes_under_a_call_and_its_use_is_counted(s):
    before = entries(s.operator)["person", 16].get("uses", 0)
    a, b = s.phone("8420"), s.phone("8312")
    call = a.call("8312")
    theirs = b.wait_call()
    theirs.ring()
    call.wait_status(180)
    theirs.answer()
    call.wait_up()
    # more changes than there are editions: the call keeps the one that it began under
    for i in range(20):
        s.manager.ask("PUT", "/people/30", {"title": f"物业部经理{i}"})
    assert entries(s.operator)["person", 30]["title"] == "物业部经理19"
    x = s.manager.ask("POST", "/extensions", {"number": "8397", "person": 31})
    assert any(e["number"] == "8397" for e in s.operator.ask("GET", "/switchboard")["extensions"])
    assert s.operator.ask("GET", "/calls")["items"], "the call has ended"
    call.hang_up()
    s.manager.ask("DELETE", f"/extensions/{x['id']}")
    end = time.monotonic() + 5
    while entries(s.operator)["person", 16].get("uses", 0) <= before and time.monotonic() < end:
        time.sleep(0.1)
    e = entries(s.operator)["person", 16]
    assert e["uses"] == before + 1 and e["last_used_ms"] > soon(-5), e


def test_wrong_entries_are_refused_with_what_and_where(s):
    m = s.manager
    with refused(400, "post") as r:
        m.ask("PUT", "/people/16", {"post": "chairmann"})
    assert r.error["errors"][0]["column"] == "post" and "chairman" in r.error["errors"][0]["text"], r.error
    for body, field in (({"name": ""}, "name"), ({"department": 999}, "department"), ({"nome": "x"}, "nome"),
                        ({"extension": -1}, "extension"), ({"post": "general_manager"}, "post"),
                        ({"name": "x" * 65}, "name"), ({"name": "a\nb"}, "name"), ({"name": {"a": 1}}, "name")):
        with refused(400, field):
            m.ask("PUT", "/people/16", body)
    with refused(400, "number"):
        m.ask("POST", "/extensions", {"number": "8312"})
    with refused(404):
        m.ask("PUT", "/people/99999", {"title": "x"})
    with refused(400):
        m.ask("POST", "/people", {})
    assert entries(s.operator)["person", 16]["title"] == "工程部经理"


def test_readings_by_hand(s):
    s.operator.ask("PUT", "/people/29/reading", {"readings": ["piao2 xiu4 ying1", "pu3 xiu4 ying1"]})
    assert {r["initials"] for r in entries(s.operator)["person", 29]["readings"]} >= {"pxy"}
    assert {r["full"] for r in entries(s.operator)["person", 29]["readings"]} >= {"piao xiu ying", "pu xiu ying"}
    assert s.manager.ask("GET", "/people/29")["other_readings"] == ["pu3 xiu4 ying1"]
    for bad in (["piao"], ["xx9"], [1], ["a1"] * 5, "piao2"):
        with refused(400, "readings"):
            s.operator.ask("PUT", "/people/29/reading", {"readings": bad})


def test_absence_with_a_word(s):
    until = soon()
    s.operator.ask("PUT", "/people/21/absence", {"until_ms": until, "word": "开会中"})
    e = entries(s.operator)["person", 21]
    assert e["away_until_ms"] == until and e["away_word"] == "开会中"
    s.operator.ask("DELETE", "/people/21/absence")
    assert "away_until_ms" not in entries(s.operator)["person", 21]
    with refused(400, "until_ms"):
        s.operator.ask("PUT", "/people/21/absence", {"until_ms": 1000})
    with refused(404):
        s.operator.ask("PUT", "/people/99999/absence", {"until_ms": until})


def test_an_import_is_previewed_then_applied(s):
    m = s.manager
    csv = "id,name,title,department\n16,张三丰,,3\n21,张淑芬,财务部副经理,4\n50,新人,见习,3\n"
    before = entries(s.operator)
    p = m.ask("POST", "/directory/import", {"people": csv})
    assert [a["name"] for a in p["added"]] == ["新人"] and p["removed"] == []
    assert p["changed"] == [{"file": "people", "id": 21, "name": "张淑芬", "column": "title",
                             "before": "财务部主管", "after": "财务部副经理"}], p
    assert p["kept_blank"] == 1 and not p["applied"]
    assert entries(s.operator) == before, "a preview changed something"
    p = m.ask("POST", "/directory/import", {"people": csv, "apply": True})
    after = entries(s.operator)
    assert after["person", 21]["title"] == "财务部副经理" and after["person", 50]["name"] == "新人"
    assert after["person", 16]["title"] == "工程部经理", "a blank overwrote"
    assert after["person", 16]["number"] == "8312", "a column that was left out is gone"
    p = m.ask("POST", "/directory/import", {"people": m.send("GET", "/directory/export?file=people")[2].decode()})
    assert p["counts"] == {"added": 0, "changed": 0, "removed": 0}, p


def test_leavers_go_only_when_asked(s):
    m = s.manager
    set_pin(s, 17, "70529")
    slip = s.operator.ask("POST", "/messages", {"for_person": 17, "from_name": "何女士", "matter": "请回电"})["id"]
    lines = m.send("GET", "/directory/export?file=people")[2].decode().splitlines()
    without = "\n".join(x for x in lines if not x.startswith("17,")) + "\n"
    assert m.ask("POST", "/directory/import", {"people": without})["removed"] == []
    p = m.ask("POST", "/directory/import", {"people": without, "leavers": True, "apply": True})
    assert [x["id"] for x in p["removed"]] == [17]
    # whoever named the leaver as deputy names nobody now, and that is told
    assert [(x["id"], x["column"], x["after"]) for x in p["changed"] if x["file"] == "people"] == [(16, "deputy", "")]
    assert [(x["id"], x["column"]) for x in p["changed"] if x["file"] == "extensions"] == [(117, "person")]
    assert ("person", 17) not in entries(s.operator)
    assert s.query("SELECT 1 FROM pins WHERE person = 17") == []
    # what waited for the leaver is the desk's, at once
    s.wait_query("SELECT 1 FROM receipts WHERE message = ? AND kind = 'returned' AND note = 'no_way'", slip, timeout=10)


def test_a_wrong_file_changes_nothing(s):
    before = entries(s.operator)
    csv = "id,name,post,department\n1,顾长河,chairman,\n2,,chairmen,77\nx,y,employee,1\n"
    with refused(400, code="bad_import") as r:
        s.manager.ask("POST", "/directory/import", {"people": csv, "apply": True})
    places = {(e["line"], e["column"]) for e in r.error["errors"]}
    assert places >= {(3, "post"), (3, "department"), (4, "id")}, r.error
    assert all(e["text"] for e in r.error["errors"])
    for body in ({"people": 5}, {"persons": "id\n"}, {}, {"people": "a\0b"}, []):
        with refused(400):
            s.manager.ask("POST", "/directory/import", body)
    with refused(400, "file"):
        s.manager.ask("GET", "/directory/export?file=etc")
    assert entries(s.operator) == before


def test_a_slip_is_durable_and_a_repeat_is_the_same(s):
    slip = {"for_person": 16, "from_name": "王先生", "organisation": "华建工程", "number": "13800000000",
            "matter": "请回电\n<script>alert(1)</script>", "urgency": "urgent", "declined": ["matter"]}
    made = s.operator.ask("POST", "/messages", slip, {"Idempotency-Key": "k1"})
    assert s.operator.ask("POST", "/messages", slip, {"Idempotency-Key": "k1"}) == made
    m = s.operator.ask("GET", f"/messages/{made['id']}")
    assert m["urgent"] and m["from_name"] == "王先生" and m["taken_by"] == "operator1" and m["for"]["name"] == "张三丰"
    content = s.operator.ask("GET", f"/messages/{made['id']}/content")
    assert content["organisation"] == "华建工程" and "<script>" in content["matter"] and content["declined"] == "matter"
    assert len([x for x in s.operator.ask("GET", "/messages")["items"] if x["from_name"] == "王先生"]) == 1
    again(s)
    assert s.operator.ask("GET", f"/messages/{made['id']}")["from_name"] == "王先生"


def test_wrong_slips(s):
    for body, field in (({}, "for_person"), ({"for_person": 16, "for_department": 3}, "for_person"),
                        ({"for_person": 9999}, "for_person"), ({"for_person": "16"}, "for_person"),
                        ({"for_person": 16, "urgency": "very"}, "urgency"),
                        ({"for_person": 16, "number": "DROP TABLE"}, "number"),
                        ({"for_person": 16, "matter": "x" * 2000}, "matter"),
                        ({"for_person": 16, "from_name": "a\u0000b"}, None),
                        ({"for_person": 16, "declined": ["age"]}, "declined"),
                        ({"for_person": 16, "taken_by": "chairman"}, "taken_by"),
                        ({"for_person": 16, "copy_department": 77}, "copy_department")):
        with refused(400, field):
            s.operator.ask("POST", "/messages", body)
    try:
        status, _, _ = s.operator.send("POST", "/messages", b"x" * (10 << 20))
        assert status == 413, status
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server doesn't read on
    assert s.operator.ask("GET", "/cards")


def test_todays_instructions(s):
    until = soon()
    made = s.operator.ask("POST", "/instructions", {"person": 4, "kind": "through", "number": "13900000001",
                                                    "name": "王总", "given_by": "朱善富", "until_ms": until,
                                                    "text": "今天王总来电直接转"})
    one = s.operator.ask("GET", "/instructions")["items"][0]
    assert one["id"] == made["id"] and one["person_name"] == "朱善富" and one["by"] == "operator1"
    again(s)
    assert s.operator.ask("GET", "/instructions")["items"][0]["id"] == made["id"]
    s.operator.ask("DELETE", f"/instructions/{made['id']}")
    assert s.operator.ask("GET", "/instructions")["items"] == []
    with refused(404):
        s.operator.ask("DELETE", f"/instructions/{made['id']}")
    good = {"person": 4, "kind": "refuse", "given_by": "朱善富", "until_ms": until}
    for change, field in (({"kind": "through"}, "number"), ({"until_ms": 5}, "until_ms"), ({"kind": "maybe"}, "kind"),
                          ({"person": 999}, "person"), ({"given_by": " "}, "given_by"),
                          ({"until_ms": soon(60 * 24 * 40)}, "until_ms")):
        with refused(400, field):
            s.operator.ask("POST", "/instructions", {**good, **change})
    del good["given_by"]
    with refused(400, "given_by"):
        s.operator.ask("POST", "/instructions", good)
    changes = s.manager.ask("GET", f"/history?what=instruction&item={made['id']}")["items"]
    assert len(changes) == 2 and changes[0]["after"] == {"removed": True}


def test_stand_ins_are_asked_and_approved(s):
    now = int(time.time() * 1000)
    ask = {"person": 36, "from_ms": now - 1000, "until_ms": soon(), "reason": "李敏看病"}
    made = s.operator.ask("POST", "/standins", ask)
    with refused(403):
        s.operator.ask("POST", f"/standins/{made['id']}/decision", {"approve": True})
    listed = s.manager.ask("GET", "/operators")
    assert [o["name"] for o in listed["appointed"]] == ["李敏", "陈洁"]
    assert listed["appointed"][0]["account"] == "operator1"
    assert listed["standins"][0]["state"] == "asked" and not listed["standins"][0]["in_force"]
    s.manager.ask("POST", f"/standins/{made['id']}/decision", {"approve": True})
    assert s.manager.ask("GET", "/operators")["standins"][0]["in_force"]
    with refused(409):
        s.manager.ask("POST", f"/standins/{made['id']}/decision", {"approve": True})
    s.manager.ask("POST", f"/standins/{made['id']}/decision", {"approve": False})
    assert not s.manager.ask("GET", "/operators")["standins"][0]["in_force"]
    for change, field in (({"until_ms": now - 1}, "until_ms"), ({"person": 999}, "person"),
                          ({"from_ms": soon(90)}, "until_ms"), ({"reason": ""}, "reason")):
        with refused(400, field):
            s.operator.ask("POST", "/standins", {**ask, **change})
    assert len(s.manager.ask("GET", f"/history?what=standin&item={made['id']}")["items"]) == 3


def test_who_is_not_appointed_keeps_nothing(s):
    s.manager.ask("PUT", "/people/6", {"post": "employee"})
    try:
        with refused(403, code="desk.not_appointed"):
            s.operator.ask("POST", "/messages", {"for_person": 16, "matter": "x"})
        with refused(403, code="desk.not_appointed"):
            s.operator.ask("POST", "/instructions", {"person": 4, "kind": "refuse", "given_by": "x", "until_ms": soon()})
        made = s.manager.ask("POST", "/standins", {"person": 6, "from_ms": int(time.time() * 1000) - 5000,
                                                   "until_ms": soon(), "reason": "x"})
        s.manager.ask("POST", f"/standins/{made['id']}/decision", {"approve": True})
        s.operator.ask("POST", "/messages", {"for_person": 16, "matter": "x"})
    finally:
        s.manager.ask("PUT", "/people/6", {"post": "operator"})


def test_what_was_told_is_kept(s):
    s.operator.ask("POST", "/told", {"person": 16, "to_number": "13800000000", "text": "张三丰的分机是8312。"})
    one = s.operator.ask("GET", "/told?person=16")["items"][0]
    assert one["name"] == "张三丰" and one["by"] == "operator1" and "8312" in one["text"]
    with refused(400, "text"):
        s.operator.ask("POST", "/told", {"person": 16})


def test_cards(s):
    c = s.operator.ask("GET", "/cards")
    assert any(x["title"] == "地址" for x in c["facts"]) and any(x["number"] == "9119" for x in c["emergency"])
    assert c["approved"]


def test_roles(s):
    for client in (s.operator, s.admin):
        with refused(403):
            client.ask("POST", "/people", {"name": "x"})
        with refused(403):
            client.ask("POST", "/directory/import", {"people": "id,name\n"})
        with refused(403):
            client.ask("GET", "/history")
    with refused(403):
        s.admin.ask("POST", "/messages", {"for_person": 16})
    stranger = Client.__new__(Client)
    stranger.s, stranger.cookie = s, ""
    with refused(401):
        stranger.ask("GET", "/directory")
    other = Client(s, "operator1-2")
    assert all(e["id"] > 100 for e in other.ask("GET", "/directory")["entries"])
    with refused(400, "for_person"):
        other.ask("POST", "/messages", {"for_person": 16, "matter": "x"})
