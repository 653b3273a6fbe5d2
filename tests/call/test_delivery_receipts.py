"""What is confirmed, by whom and by which way: the link of a mail (scanners follow it), the console, a
word by telephone. Received on one way it is ended on the others; not received it comes back to the
desk with what was tried, then goes to the deputy; the manager sees how many are late."""
import http.client
import os
import re
import time

import yaml

from lib.desk import Client, Desk
from lib.platforms import CORP, SECRET, Platforms
from lib.reached import Mailbox, columns, secret
from lib.server import Server, dump
from test_desk_api import add_account

MATTER = "合同第三条 <请看> & 回电"


class World(Server):
    def __init__(self):
        self.mail, self.there = Mailbox(), Platforms()
        super().__init__("delivery-receipts", csv_edit=self.edit, node={"sip": {"message_lamp_unasked": True}},
                         measures={"messages": {"receive": "30s", "receive_urgent": "1500ms", "next_way": "20s",
                                                "next_way_urgent": "500ms", "deputy": "1s"}})

    def edit(self, config):
        columns(config, {16: {"mail": "zsf@example.com", "wecom": "zsf", "deliver": "wecom mail"},
                         17: {"mail": "lxd@example.com"}, 20: {"mail": "gn@example.com"}})
        path = os.path.join(config, "node.yaml")
        with open(path) as f:
            n = yaml.safe_load(f)
        n["delivery"] = {"retry_first": "300ms", "link": "http://127.0.0.1", "mail": self.mail.node(config),
                         "wecom": {"corp_id": CORP, "agent_id": "1", "secret_file": secret(config, "s", SECRET),
                                   "url": self.there.url}}
        with open(path, "w") as f:
            dump(n, f)

    def stop(self, *args, **more):
        try:
            return super().stop(*args, **more)
        finally:
            self.mail.stop()
            self.there.stop()

    def browse(self, path, form=None):
        """A browser without a session: status, headers, text."""
        c = http.client.HTTPConnection(self.http_host, self.http_port, timeout=10)
        h = {"Accept-Language": "zh-CN"}
        if form is not None:
            h["Content-Type"] = "application/x-www-form-urlencoded"
        c.request("POST" if form is not None else "GET", path, form, h)
        r = c.getresponse()
        text = r.read()
        c.close()
        return r.status, r.headers, text.decode("utf-8", "replace")


def world():
    return World()


def slip(s, person, **more):
    c = Client(s, "operator1")
    return c.ask("POST", "/api/v1/messages", {"for_person": person, "from_name": "王先生", "matter": MATTER, **more})["id"]


def link_of(s, address):
    mail = s.mail.wait(address)[-1][1]
    return re.search(r"http://127\.0\.0\.1(/m/\S+)", mail.get_body().get_content()).group(1)


def delivery(s, message):
    return Client(s, "manager").ask("GET", f"/api/v1/messages/{message}/delivery")


def kinds(s, message):
    return [r["kind"] for r in delivery(s, message)["receipts"]]


def heard(s, message):
    return s.query("SELECT heard_at_ms FROM messages WHERE id = ?", message)[0]["heard_at_ms"]


def test_a_scanner_changes_nothing_and_a_button_does(s):
    m = slip(s, 20)
    path = link_of(s, "gn@example.com")
    for _ in range(3):  # a scanner, a preview, a person who only looks
        status, headers, page = s.browse(path)
        assert status == 200 and "text/html" in headers["Content-Type"], headers
        assert "default-src 'none'" in headers["Content-Security-Policy"] and headers["Cache-Control"] == "no-store"
        assert "高宁" in page and "收到，查看留言" in page and "王先生" not in page and "合同" not in page, page
    assert s.browse(path + "/sound")[0] == 404
    assert heard(s, m) == 0 and kinds(s, m) == ["delivered"]
    status, _, page = s.browse(path, "act=received")
    assert status == 200 and "王先生" in page and "合同第三条 &lt;请看&gt; &amp; 回电" in page, page
    assert heard(s, m) > 0
    s.browse(path, "act=acted")
    receipts = delivery(s, m)["receipts"]
    assert [(r["kind"], r["channel"], r["by"]) for r in receipts[1:]] == [("received", "mail", "高宁"), ("acted", "mail", "高宁")]
    opened = s.query("SELECT changed_by, after_json FROM history WHERE what = 'message_opened' AND item = ?", m)
    assert opened and opened[0]["changed_by"] == "高宁" and '"mail"' in opened[0]["after_json"], opened


def test_links_that_are_none(s):
    good = link_of(s, "gn@example.com")
    last = good[-1]
    for path in (good[:-1] + ("0" if last != "0" else "1"), "/m/1", "/m/1-" + "0" * 32, "/m/999999-" + "f" * 32, "/m/-", "/m/%20",
                 "/m/" + "9" * 60):
        status, _, page = s.browse(path)
        assert status == 404, (path, status)
        status, _, _ = s.browse(path, "act=received")
        assert status == 404, (path, status)
    c = http.client.HTTPConnection(s.http_host, s.http_port, timeout=10)
    c.request("POST", good, "act=received", {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"})
    assert c.getresponse().status == 403, "another site pressed the button"
    c.close()


def test_received_on_one_way_ends_the_others(s):
    m = slip(s, 16)
    body = s.there.wait("wecom", "zsf")[0][3]
    path = re.search(r"/m/\S+", body["textcard"]["url"]).group(0)
    s.wait_query("SELECT 1 FROM outbox WHERE message = ? AND state = 1", m)
    assert [w["state"] for w in delivery(s, m)["ways"]] == ["delivered", "waiting"]
    s.browse(path, "act=received")
    assert [(w["channel"], w["state"]) for w in delivery(s, m)["ways"]] == [("wecom", "delivered"), ("mail", "ended")]
    assert not s.mail.of("zsf@example.com")


def test_the_console_and_a_word_by_telephone(s):
    add_account(s, "zhang", "--role", "staff", "--person", "16")
    zhang, other = Client(s, "zhang"), Client(s, "operator1")
    m = slip(s, 16)
    assert other.send("POST", f"/api/v1/messages/{m}/receipts", {"kind": "received"})[0] == 403
    assert zhang.send("POST", f"/api/v1/messages/{m}/receipts", {"kind": "told"})[0] == 403
    assert zhang.send("GET", f"/api/v1/messages/{m}/delivery")[0] == 403
    zhang.ask("GET", f"/api/v1/messages/{m}/content")
    zhang.ask("POST", f"/api/v1/messages/{m}/receipts", {"kind": "acted", "note": "已回电"})
    last = [r for r in delivery(s, m)["receipts"] if r["kind"] != "delivered"]
    assert [(r["kind"], r["channel"], r["by"]) for r in last] == [("opened", "console", "zhang"), ("acted", "console", "zhang")]
    m = slip(s, 22)  # who has no way at all
    other.ask("POST", f"/api/v1/messages/{m}/receipts", {"kind": "told", "note": "电话里念给本人"})
    assert heard(s, m) > 0
    assert [(r["kind"], r["channel"]) for r in delivery(s, m)["receipts"]] == [("told", "phone")]
    for body in ({}, {"kind": "eaten"}, {"kind": "told", "more": 1}):
        status, _, value = other.send("POST", f"/api/v1/messages/{m}/receipts", body)
        assert status == 400 and value["error"]["field"] in ("kind", "more"), value
    assert other.send("POST", "/api/v1/messages/99999/receipts", {"kind": "told"})[0] == 404


def test_late_it_comes_back_then_goes_to_the_deputy(s):
    desk = Desk(s, "operator1")
    before = Client(s, "manager").ask("GET", "/api/v1/delivery")
    began = time.time()
    m = slip(s, 16, urgency="urgent")
    s.wait_query("SELECT 1 FROM messages WHERE id = ? AND stage = 1", m, timeout=4)
    assert 1.4 < time.time() - began < 3.2, time.time() - began
    listed = desk.ask("GET", "/api/v1/messages?state=returned")["items"]
    assert [i["id"] for i in listed] == [m] and listed[0]["returned"] and listed[0]["urgent"], listed
    desk.wait(lambda: any(n == "message" and v.get("id") == m for _, n, v in desk.events), what="the desk told")
    s.mail.wait("zsf@example.com")
    end = time.monotonic() + 8
    while "waiting" in [w["state"] for w in delivery(s, m)["ways"]] and time.monotonic() < end:
        time.sleep(0.05)
    tried = delivery(s, m)
    assert [(w["channel"], w["state"]) for w in tried["ways"]] == [("wecom", "delivered"), ("mail", "delivered")]
    assert [r["note"] for r in tried["receipts"] if r["kind"] == "returned"] == ["late"], tried
    f = Client(s, "manager").ask("GET", "/api/v1/delivery")
    assert (f["returned"], f["late"], f["late_in"]) == (1, 1, before["late_in"] + 1), f
    s.mail.wait("lxd@example.com", timeout=5)  # 李向东, the deputy
    assert "deputy" in kinds(s, m)
    desk.ask("POST", f"/api/v1/messages/{m}/receipts", {"kind": "told"})
    f = Client(s, "manager").ask("GET", "/api/v1/delivery")
    assert (f["returned"], f["late"], f["late_in"]) == (0, 0, before["late_in"] + 1), f
    assert desk.ask("GET", "/api/v1/messages?state=returned")["items"] == []
    desk.close()


def test_sent_again_by_the_desk(s):
    m = slip(s, 22)
    manager, operator = Client(s, "manager"), Client(s, "operator1")
    manager.ask("PUT", "/api/v1/people/22", {"mail": "ja@example.com"})
    operator.ask("POST", f"/api/v1/messages/{m}/delivery", {})
    s.mail.wait("ja@example.com")
    assert "again" in kinds(s, m)
    status, _, value = manager.send("PUT", "/api/v1/people/22", {"mail": "ja"})
    assert status == 400 and value["error"]["field"] == "mail" and "邮箱" in value["error"]["errors"][0]["text"], value
    operator.ask("POST", f"/api/v1/messages/{m}/receipts", {"kind": "told"})
    assert operator.send("POST", f"/api/v1/messages/{m}/delivery", {})[0] == 409


def test_a_lamp_that_never_asked(s):
    """A phone that doesn't subscribe is told all the same, and when it comes back."""
    p = s.phone("8401")  # 高宁

    def lamp(words, after=0, timeout=5):
        end = time.monotonic() + timeout
        while not any(words in n.body.decode() for n in p.unmatched[after:] if n.method == "NOTIFY"):
            assert time.monotonic() < end, [n.body for n in p.unmatched[after:]]
            time.sleep(0.05)

    waiting = s.query("SELECT COUNT(*) AS n FROM messages WHERE for_person = 20 AND heard_at_ms = 0")[0]["n"]
    m = slip(s, 20)
    lamp(f"Messages-Waiting: yes\r\nMessage-Account: sip:mc8401@")
    lamp(f"Voice-Message: {waiting + 1}/0 (0/0)")
    n = next(n for n in p.unmatched if n.method == "NOTIFY")
    assert n.get("event") == "message-summary" and n.get("subscription-state").startswith("terminated"), n.headers
    p.unmatched.clear()
    assert p.register() == 200
    operator = Client(s, "operator1")
    operator.ask("POST", f"/api/v1/messages/{m}/receipts", {"kind": "told"})
    lamp(f"Voice-Message: {waiting}/0 (0/0)")
