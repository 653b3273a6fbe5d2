"""WeCom, DingTalk, Feishu, their group robots and a webhook's receiver on one port, behaving as each
platform documents: tokens that run out, errors inside a 200, users who aren't there, signatures."""
import base64
import hashlib
import hmac
import json
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CORP, APP_KEY, APP_ID = "ww-corp", "ding-key", "cli-app"
SECRET = "application-secret-of-the-tests"
KEY, SIGN = "robot-key-of-the-tests", "robot-sign-of-the-tests"
HOOK = "webhook-secret-of-the-tests"


def mac(key, text):
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Platforms:
    def __init__(self):
        self.got, self.tokens, self.seen, self.lock = [], {"wecom": 0, "dingtalk": 0, "feishu": 0}, {}, threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.answer("GET", None)

            def do_POST(self):
                self.answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

            def answer(self, method, body):
                u = urllib.parse.urlsplit(self.path)
                q = dict(urllib.parse.parse_qsl(u.query))
                status, value = outer.handle(method, u.path, q, body, self.headers)
                data = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                if status == 302:
                    self.send_header("Location", f"http://127.0.0.1:{outer.port}/hook/secret")
                self.end_headers()
                try:
                    self.wfile.write(data)
                except OSError:
                    pass

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()

    # ---- what they know ----

    def token(self, platform):
        return f"{platform}-token-{self.tokens[platform]}"

    def revoke(self):
        """Every token that was given is none any more."""
        with self.lock:
            self.tokens = {k: n + 100 for k, n in self.tokens.items()}

    def once(self, what):
        """True the first time."""
        with self.lock:
            self.seen[what] = self.seen.get(what, 0) + 1
            return self.seen[what] == 1

    def take(self, where, to, body, headers=None):
        with self.lock:
            self.got.append((time.time(), where, to, body, dict(headers or {})))

    def of(self, where, to=None):
        with self.lock:
            return [g for g in self.got if g[1] == where and to in (None, g[2])]

    def wait(self, where, to=None, count=1, timeout=6):
        end = time.monotonic() + timeout
        while len(self.of(where, to)) < count:
            assert time.monotonic() < end, (where, to, self.got[-3:])
            time.sleep(0.02)
        return self.of(where, to)

    # ---- routes ----

    def handle(self, method, path, q, body, headers):
        value = json.loads(body) if body else None
        if path.startswith("/hook/"):
            return self.hook(path[6:], body, value, headers)
        for prefix, f in (("/cgi-bin/", self.wecom), ("/gettoken", self.dingtalk), ("/topapi/", self.dingtalk),
                          ("/robot/", self.dingtalk), ("/open-apis/", self.feishu)):
            if path.startswith(prefix):
                return f(path, q, value, headers)
        return 404, {"error": path}

    def wecom(self, path, q, value, headers):
        if path == "/cgi-bin/gettoken":
            if (q.get("corpid"), q.get("corpsecret")) != (CORP, SECRET):
                return 200, {"errcode": 40001, "errmsg": "invalid credential"}
            self.tokens["wecom"] += 1
            return 200, {"errcode": 0, "errmsg": "ok", "access_token": self.token("wecom"), "expires_in": 7200}
        if path == "/cgi-bin/webhook/send":
            if q.get("key") != KEY:
                return 200, {"errcode": 93000, "errmsg": "invalid webhook url"}
            self.take("robot-wecom", None, value)
            return 200, {"errcode": 0, "errmsg": "ok"}
        if q.get("access_token") != self.token("wecom"):
            return 200, {"errcode": 42001, "errmsg": "access_token expired"}
        if not isinstance(value["agentid"], int) or value["msgtype"] not in ("text", "textcard"):
            return 200, {"errcode": 40008, "errmsg": "invalid message type"}
        if value["touser"] == "nobody":
            return 200, {"errcode": 0, "errmsg": "ok", "invaliduser": "nobody"}
        if value["touser"] == "slow" and self.once("wecom-slow"):
            return 200, {"errcode": 45009, "errmsg": "reach max api daily quota limit"}
        self.take("wecom", value["touser"], value)
        return 200, {"errcode": 0, "errmsg": "ok", "invaliduser": "", "msgid": "m1"}

    def dingtalk(self, path, q, value, headers):
        if path == "/gettoken":
            if (q.get("appkey"), q.get("appsecret")) != (APP_KEY, SECRET):
                return 200, {"errcode": 40089, "errmsg": "invalid appkey or secret"}
            self.tokens["dingtalk"] += 1
            return 200, {"errcode": 0, "errmsg": "ok", "access_token": self.token("dingtalk"), "expires_in": 7200}
        if path == "/robot/send":
            good = mac(SIGN, f"{q.get('timestamp')}\n{SIGN}")
            if q.get("access_token") != KEY:
                return 200, {"errcode": 300001, "errmsg": "token is not exist"}
            if q.get("sign") != good or abs(int(q["timestamp"]) / 1000 - time.time()) > 3600:
                return 200, {"errcode": 310000, "errmsg": "sign not match"}
            self.take("robot-dingtalk", None, value)
            return 200, {"errcode": 0, "errmsg": "ok"}
        if q.get("access_token") != self.token("dingtalk"):
            return 200, {"errcode": 88, "sub_code": "40014", "errmsg": "ding talk error", "sub_msg": "token"}
        if path.endswith("/getsendresult"):
            nobody = ["nobody"] if value["task_id"] == 404 else []
            return 200, {"errcode": 0, "send_result": {"invalid_user_id_list": nobody, "failed_user_id_list": [],
                                                       "unread_user_id_list": []}}
        self.take("dingtalk", value["userid_list"], value)
        return 200, {"errcode": 0, "errmsg": "ok", "task_id": 404 if value["userid_list"] == "nobody" else 7}

    def feishu(self, path, q, value, headers):
        if path == "/open-apis/auth/v3/tenant_access_token/internal":
            if (value["app_id"], value["app_secret"]) != (APP_ID, SECRET):
                return 200, {"code": 10014, "msg": "app secret invalid"}
            self.tokens["feishu"] += 1
            return 200, {"code": 0, "msg": "ok", "tenant_access_token": self.token("feishu"), "expire": 7200}
        if path == f"/open-apis/bot/v2/hook/{KEY}":
            if value.get("sign") != mac(f"{value.get('timestamp')}\n{SIGN}", ""):
                return 200, {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}
            self.take("robot-feishu", None, value)
            return 200, {"code": 0, "msg": "success", "data": {}}
        if path.startswith("/open-apis/bot/"):
            return 200, {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
        if headers.get("Authorization") != f"Bearer {self.token('feishu')}":
            return 400, {"code": 99991663, "msg": "Invalid access token for authorization"}
        if value["receive_id"] == "nobody":
            return 400, {"code": 230013, "msg": "Bot has NO availability to this user."}
        json.loads(value["content"])["text"]
        self.take("feishu", value["receive_id"], value)
        return 200, {"code": 0, "msg": "success", "data": {"message_id": "om_1"}}

    def hook(self, name, body, value, headers):
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
        if headers["webhook-signature"] != "v1," + mac(HOOK, text):
            return 401, {}
        self.take("hook", name, value, headers)
        if name == "redirect":
            return 302, {}
        if name == "huge":
            return 200, b"x" * 10_000_000
        if name == "gone":
            return 410, {}
        if name == "flaky" and self.once("flaky"):
            return 500, {}
        return 200, {}
