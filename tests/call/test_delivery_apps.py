"""Messages by WeCom, DingTalk and Feishu, group robots and webhooks, with servers that behave as each
platform documents: token, renewal, errors inside a 200, invalid users, signatures, redirects to
private addresses, answers of 10 MB. What is said is that a message waits, and where."""
import os
import signal
import time

import yaml

from lib.desk import Client
from lib.platforms import APP_ID, APP_KEY, CORP, HOOK, KEY, SECRET, SIGN, Platforms
from lib.reached import columns, secret
from lib.server import Server, dump

PEOPLE = {16: {"wecom": "zsf"}, 17: {"wecom": "nobody"}, 18: {"dingtalk": "wangwei"}, 19: {"dingtalk": "nobody"},
          20: {"feishu": "gaoning"}, 21: {"feishu": "nobody"},
          22: {"wecom": "jian", "dingtalk": "jian", "feishu": "jian", "deliver": "dingtalk wecom"},
          23: {"wecom": "slow"}, 24: {"wecom": "nobody", "dingtalk": "gzy"}}
DEPARTMENTS = {3: {"robot": "rw"}, 4: {"robot": "rd"}, 5: {"robot": "rf"}, 6: {"robot": "none-such"}, 7: {"robot": "rx"},
               8: {"webhook": "ok"}, 9: {"webhook": "redirect"}, 10: {"webhook": "huge"}, 11: {"webhook": "flaky"},
               12: {"webhook": "gone"}}
WORDS = "谁也不该在群里看到的事由"


class World(Server):
    def __init__(self):
        self.there = Platforms()
        super().__init__("delivery-apps", csv_edit=self.edit,
                         measures={"messages": {"next_way": "1s"}})

    def edit(self, config):
        columns(config, PEOPLE, DEPARTMENTS)
        path, p = os.path.join(config, "node.yaml"), self.there
        with open(path) as f:
            n = yaml.safe_load(f)
        app = {"secret_file": secret(config, "app-secret", SECRET), "url": p.url}
        key = {"key_file": secret(config, "robot-key", KEY), "url": p.url}
        sign = {"secret_file": secret(config, "robot-sign", SIGN)}
        hook = {"secret_file": secret(config, "hook-secret", HOOK)}
        n["delivery"] = {
            "retry_first": "300ms", "retry_longest": "1s", "attempts": 2, "timeout": "3s", "link": "https://zongji.example",
            "wecom": {"corp_id": CORP, "agent_id": "1000002", **app},
            "dingtalk": {"app_key": APP_KEY, "agent_id": "77", **app}, "feishu": {"app_id": APP_ID, **app},
            "robots": [{"id": "rw", "kind": "wecom", **key}, {"id": "rd", "kind": "dingtalk", **key, **sign},
                       {"id": "rf", "kind": "feishu", **key, **sign},
                       {"id": "rx", "kind": "wecom", **key, "key_file": secret(config, "bad-key", "left-long-ago")}],
            "webhooks": [{"id": i, "url": f"{p.url}/hook/{i}", "content": i == "ok", **hook}
                         for i in ("ok", "redirect", "huge", "flaky", "gone")]}
        with open(path, "w") as f:
            dump(n, f)

    def stop(self, *args, **more):
        try:
            return super().stop(*args, **more)
        finally:
            self.there.stop()


def world():
    return World()


def slip(s, person=0, department=0, **more):
    c = Client(s, "operator1")
    to = {"for_person": person} if person else {"for_department": department}
    return c.ask("POST", "/api/v1/messages", {**to, "from_name": "王先生", "matter": WORDS, **more})["id"]


def tried(s, message):
    return s.query("SELECT o.channel, a.outcome, a.detail FROM attempts a JOIN outbox o ON o.id = a.outbox "
                   "WHERE o.message = ? ORDER BY a.id", message)


def wait_tried(s, message, *outcomes, timeout=8):
    end = time.monotonic() + timeout
    while [r["outcome"] for r in tried(s, message)] != list(outcomes):
        assert time.monotonic() < end, (tried(s, message), s.tail(5))
        time.sleep(0.03)
    return tried(s, message)


def test_a_person_in_each_platform(s):
    for person, where, to in ((16, "wecom", "zsf"), (18, "dingtalk", "wangwei"), (20, "feishu", "gaoning")):
        began = time.time()
        m = slip(s, person, urgency="urgent")
        at, _, _, body, _ = s.there.wait(where, to)[0]
        assert at - began < 1, at - began
        wait_tried(s, m, "ok")
        text = str(body).encode().decode("unicode_escape", "ignore") if where == "feishu" else str(body)
        assert "https://zongji.example/m/" in str(body) and WORDS not in str(body), body
        assert "加急留言" in text or "加急留言" in str(body), body
    body = s.there.of("feishu", "gaoning")[0][3]
    assert body["uuid"].startswith("zongji-") and len(body["uuid"]) <= 50, body
    assert s.there.tokens == {"wecom": 1, "dingtalk": 1, "feishu": 1}


def test_a_token_that_ran_out_is_renewed(s):
    s.there.revoke()
    before = dict(s.there.tokens)
    for person in (16, 18, 20):
        wait_tried(s, slip(s, person), "ok")
    assert s.there.tokens == {k: n + 1 for k, n in before.items()}, (before, s.there.tokens)


def test_nobody_of_that_name(s):
    for person in (17, 19, 21):
        m = slip(s, person)
        wait_tried(s, m, "bad_address")
        s.wait_query("SELECT 1 FROM messages WHERE id = ? AND stage = 1", m)
    m = slip(s, 24)  # then the next way, at once
    assert [r["channel"] for r in wait_tried(s, m, "bad_address", "ok")] == ["wecom", "dingtalk"]


def test_too_many_just_now(s):
    said = wait_tried(s, slip(s, 23), "busy", "ok")
    assert said[0]["detail"].startswith("45009"), said


def test_the_chosen_order_and_no_further(s):
    m = slip(s, 22)
    said = wait_tried(s, m, "ok", "ok")
    assert [r["channel"] for r in said] == ["dingtalk", "wecom"], said
    assert not s.there.of("feishu", "jian"), "a way that wasn't chosen"


def test_robots_of_departments(s):
    for department, where in ((3, "robot-wecom"), (4, "robot-dingtalk"), (5, "robot-feishu")):
        wait_tried(s, slip(s, department=department), "ok")
        body = s.there.wait(where)[0][3]
        assert "有一条新留言" in str(body) and WORDS not in str(body), body
    assert wait_tried(s, slip(s, department=6), "unset")
    assert wait_tried(s, slip(s, department=7), "bad_address")[0]["detail"].startswith("93000")


def test_webhooks(s):
    m = slip(s, department=8)
    wait_tried(s, m, "ok")
    body = s.there.wait("hook", "ok")[0][3]
    assert body["message"] == m and body["content"]["matter"] == WORDS and body["for"]["name"] == "物业部", body
    m = slip(s, department=11)
    wait_tried(s, m, "busy", "ok")
    first, second = s.there.wait("hook", "flaky", 2)
    assert first[4]["webhook-id"] == second[4]["webhook-id"] == first[3]["key"] and "content" not in first[3]
    wait_tried(s, slip(s, department=12), "bad_address")
    wait_tried(s, slip(s, department=10), "ok")
    m = slip(s, department=9)
    assert wait_tried(s, m, "bad_answer", "bad_answer")[0]["detail"] == "HTTP 302"
    assert not s.there.of("hook", "secret"), "a redirect was followed"
    s.wait_query("SELECT 1 FROM messages WHERE id = ? AND stage = 1", m)


def test_a_key_changed_while_running(s):
    """SIGHUP: the new key counts at once, a wrong file changes nothing."""
    m = slip(s, department=7)
    wait_tried(s, m, "bad_address")
    path = os.path.join(s.config, "bad-key")
    os.rename(path, path + ".away")
    s.process.send_signal(signal.SIGHUP)
    wait_log(s, "the configuration has errors: nothing is changed")
    wait_tried(s, slip(s, department=3), "ok")
    with open(path, "w") as f:
        f.write(KEY + "\n")
    s.process.send_signal(signal.SIGHUP)
    wait_log(s, "the configuration is in force")
    Client(s, "operator1").ask("POST", f"/api/v1/messages/{m}/delivery", {})
    wait_tried(s, m, "bad_address", "ok")


def wait_log(s, words, timeout=5):
    end = time.monotonic() + timeout
    while words not in s.tail(40):
        assert time.monotonic() < end, s.tail(10)
        time.sleep(0.05)


def test_no_secret_in_the_log(s):
    with open(os.path.join(s.dir, "log"), encoding="utf-8", errors="replace") as f:
        log = f.read()
    for word in (SECRET, KEY, SIGN, HOOK, WORDS, "token-1"):
        assert word not in log, word
