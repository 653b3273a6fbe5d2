"""An operator without a browser: the desk's API over HTTP, the event stream with its heartbeats,
and the phone at the operator's elbow as headset."""
import http.client
import json
import os
import threading
import time

ACCOUNTS = {"operator1": "8602", "operator2": "8603"}


class Refused(Exception):
    def __init__(self, status, body):
        self.status, self.error = status, (body or {}).get("error", {})
        super().__init__(f"{status} {self.error}")

    @property
    def code(self):
        return self.error.get("code", "")

    @property
    def clause(self):
        return self.error.get("clause", "")


def password(server, account):
    with open(os.path.join(server.data, "first-accounts.txt")) as f:
        for line in f:
            words = line.split()
            if words and words[0] == account:
                return words[1]
    raise AssertionError(f"no account {account}")


class Client:
    """One browser's session."""

    def __init__(self, server, account):
        self.server, self.account, self.cookie = server, account, ""
        status, headers, _ = self.send("POST", "/api/v1/session",
                                       {"name": account, "password": password(server, account)})
        assert status in (200, 201), status
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def connection(self, timeout=10):
        return http.client.HTTPConnection(self.server.http_host, self.server.http_port, timeout=timeout)

    def send(self, method, path, body=None, headers=None, content="application/json"):
        c = self.connection()
        h = {"Accept-Language": "zh-CN", **(headers or {})}
        if self.cookie:
            h["Cookie"] = self.cookie
        data = None
        if body is not None:
            data = body if isinstance(body, (bytes, str)) else json.dumps(body)
            h["Content-Type"] = content
        c.request(method, path, data, h)
        r = c.getresponse()
        text = r.read()
        c.close()
        try:
            value = json.loads(text) if text else None
        except ValueError:
            value = text
        return r.status, r.headers, value

    def ask(self, method, path, body=None, headers=None):
        status, _, value = self.send(method, path, body, headers)
        if status >= 400:
            raise Refused(status, value if isinstance(value, dict) else None)
        return value


class Desk(Client):
    """A signed-in operator on duty. `calls` is what the page would show, by number of the call."""

    def __init__(self, server, account="operator1", beats=True):
        super().__init__(server, account)
        self.beats, self.calls, self.desk, self.closed = beats, {}, {}, False
        self.events, self.changed = [], threading.Condition()
        self.phone = self.headset = None
        self.stream = None
        self.follow()

    # the page
    def follow(self):
        snapshot = self.ask("GET", "/api/v1/desk")
        self.take(snapshot)
        self.stream = threading.Thread(target=self.listen, args=(snapshot["event_id"],), daemon=True)
        self.stream.start()

    def take(self, snapshot):
        with self.changed:
            self.desk = snapshot
            self.calls = {c["no"]: c for c in snapshot["calls"]}
            self.changed.notify_all()

    def listen(self, after):
        c = self.connection(timeout=30)
        c.request("GET", f"/api/v1/events?after={after}", headers={"Cookie": self.cookie})
        r = c.getresponse()
        name, data = "", []
        while not self.closed:
            line = r.readline().decode()
            if not line:
                break
            line = line.rstrip("\n")
            if line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif not line and name:
                self.on_event(name, json.loads("\n".join(data) or "{}"))
                name, data = "", []
        c.close()

    def on_event(self, name, data):
        if name == "beat_desk":
            if self.beats:
                threading.Thread(target=self.beat, args=(data.get("n", 0),), daemon=True).start()
            return
        with self.changed:
            self.events.append((time.monotonic(), name, data))
            if name == "desk_call":
                self.calls[data["no"]] = data
            elif name == "call_ended":
                self.calls.pop(data["no"], None)
            elif name == "desk":
                self.desk.update(data)
            self.changed.notify_all()

    def beat(self, n=0):
        if not self.closed:
            try:
                self.send("POST", "/api/v1/desk/beat", {"n": n})
            except OSError:
                pass

    # duty
    def on_duty(self, nailed=True):
        """Goes on duty with the phone at the elbow, its line open all day."""
        self.phone = self.server.phone(ACCOUNTS[self.account])
        if not nailed:
            self.phone.auto = lambda c: c.answer()
        self.duty("on", sound="phone", extension=ACCOUNTS[self.account], nailed=nailed)
        if nailed:
            self.headset = self.phone.wait_call()
            self.headset.answer()
        self.wait(lambda: self.me() and self.me()["state"] == "on" and self.me()["sound"], what="on duty")
        return self

    def duty(self, act, **more):
        desk = self.ask("POST", "/api/v1/desk/duty", {"act": act, **more})
        self.desk["position"] = desk["position"]  # events don't say whose page it is
        return desk

    def me(self):
        no = (self.desk.get("position") or {}).get("no")
        return next((p for p in self.desk.get("positions", []) if p["no"] == no), self.desk.get("position"))

    def command(self, what, call=None, **more):
        body = {"what": what, **more}
        if call:
            body["call"] = call if isinstance(call, int) else call["no"]
        return self.ask("POST", "/api/v1/desk/commands", body)

    def refused(self, what, call=None, code="", clause=None, **more):
        """The command is refused with that code (of refusals.def)."""
        try:
            self.command(what, call, **more)
        except Refused as e:
            assert not code or e.code == f"desk.refused.{code}", e
            assert clause is None or e.clause == clause, e
            return e
        raise AssertionError(f"{what} {more} was not refused")

    # waiting
    def wait(self, test, timeout=6, what=""):
        end = time.monotonic() + timeout
        with self.changed:
            while not test():
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{self.account}: waited {timeout} s for {what or test}; "
                                         f"{self.me()} {list(self.calls.values())}")
                self.changed.wait(min(left, 0.1))
        return self

    def from_number(self, number):
        return next((c for c in self.calls.values() if c["caller"]["number"] == number), None)

    def wait_row(self, number, bay="ringing", timeout=6):
        """The row of that caller's call, once it lies in that bay."""
        self.wait(lambda: (self.from_number(number) or {}).get("bay") == bay, timeout, f"{number} in {bay}")
        return self.from_number(number)

    def wait_outcome(self, number, outcome, timeout=8):
        self.wait(lambda: (self.from_number(number) or {}).get("outcome") == outcome, timeout,
                  f"{number}: {outcome}")
        return self.from_number(number)

    def take_call(self, number, timeout=6):
        self.wait_row(number, timeout=timeout)
        self.command("answer", self.from_number(number))
        return self.wait_row(number, "in_hand")

    def close(self):
        """The browser is closed: no more heartbeats. The phone is closed with the world's."""
        self.closed = True
        try:
            self.duty("off")
        except (Refused, OSError):
            pass

    def vanish(self):
        """Killed: neither heartbeat nor word."""
        self.beats, self.closed = False, True
