#!/usr/bin/env python3
"""The real program and the people around it, for the browser's test: it says where the program is,
then does what each line of stdin asks (a JSON list) and answers with a line. Ends with stdin."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "call"))
from lib import sound  # noqa: E402
from lib.server import Server, hears_all  # noqa: E402

# Long enough for a page to be looked at while somebody rings.
MEASURES = {"ringing": {"target": "20s"}, "attendant": {"first_digit": "8s", "choice": "15s"},
            "calls": {"silent_line": "60s"}}


class World:
    def __init__(self):
        self.server = Server(sys.argv[1] if sys.argv[1:] else "browser", measures=MEASURES, node={"log": "info"},
                             more=["--sample"])
        self.phones, self.calls = {}, {}

    def where(self):
        with open(os.path.join(self.server.data, "first-accounts.txt")) as f:
            accounts = {line.split()[0]: line.split()[1] for line in f if len(line.split()) > 1}
        return {"base": f"http://127.0.0.1:{self.server.http_port}", "accounts": accounts}

    def register(self, number):
        self.phones[number] = self.server.phone(number)

    def unregister(self, number):
        self.phones.pop(number).close()

    def call(self, who, number):
        """Somebody outside, or an extension that is registered; when the INVITE left."""
        phone = self.phones.get(who) or self.server.outside(who)
        sent = time.time() * 1000
        self.calls[who] = phone.call(number)
        return sent

    def up(self, who):
        self.calls[who].wait_up()

    def digits(self, who, text):
        self.calls[who].digits(text)

    def rings(self, number):
        self.calls[number] = self.phones[number].wait_call(20)
        self.calls[number].ring()

    def answer(self, number):
        self.calls[number].answer()

    def speak(self, who, ms):
        self.calls[who].rtp.say(sound.tone(520, ms, 0.5))
        time.sleep(ms / 1000 + 0.2)

    def hears(self, who, sentence):
        hears_all(self.calls[who], sentence, timeout=20)

    def hang_up(self, who):
        self.calls.pop(who).hang_up()

    def query(self, sql, *args):
        return self.server.wait_query(sql, *args)


def main():
    world = World()
    try:
        print(json.dumps(world.where()), flush=True)
        for line in sys.stdin:
            name, *args = json.loads(line)
            try:
                answer = {"value": getattr(world, name)(*args)}
            except Exception as e:  # the test says it in its own place
                answer = {"error": f"{name} {args}: {e}"}
            print(json.dumps(answer), flush=True)
    finally:
        status = world.server.stop()
        print(json.dumps({"status": status}), flush=True)


main()
