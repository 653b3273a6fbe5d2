#!/usr/bin/env python3
"""The real program and the people around it, for the browser's test: it says where the program is,
then does what each line of stdin asks (a JSON list) and answers with a line. Ends with stdin."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "call"))
from lib import commands, sound  # noqa: E402
from lib.server import Server, hears_all  # noqa: E402

# Long enough for a page to be looked at while somebody rings.
MEASURES = {"ringing": {"target": "20s"}, "attendant": {"first_digit": "8s", "choice": "15s"},
            "calls": {"silent_line": "60s"}}
# A person works the desk: rings are slow (three take 21 s), phones ring as long as it takes to see it.
DESK = {"ringing": {"ring_off": "9s", "target": "9s"}, "calls": {"silent_line": "5min"}, "attendant": {"operator_wait": "60s"},
        "desk": {"answer_strategy": "in_order"}}

STAFF_HZ = 1234
NAME = sys.argv[1] if sys.argv[1:] else "browser"


class World:
    def __init__(self):
        self.server = Server(NAME, measures=DESK if NAME in ("three", "shift") else MEASURES,
                             node={"log": "info"}, more=["--sample"])
        self.phones, self.calls, self.came = {}, {}, {}

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

    # a shift: people who do what people do, without being told each time
    def staff(self, number, kind):
        """An extension that answers, is busy, or rings in vain; who answers speaks now and then."""
        phone = self.server.phone(number)
        phone.auto = {"answer": self.talk, "busy": lambda c: c.refuse(486), "silent": lambda c: c.ring()}[kind]
        self.phones[number] = phone

    @staticmethod
    def talk(call):
        call.ring()
        time.sleep(0.3)
        if call.state != "ringing":
            return
        call.answer()
        while call.state == "up":
            call.rtp.say(sound.tone(STAFF_HZ, 300))
            time.sleep(1)

    def comes(self, number):
        """Somebody calls the main number, hangs on, speaks with whoever of the staff is heard, and
        hangs up."""
        phone = self.phones.get(number) or self.server.outside(number)
        call = phone.call("8000")
        self.came[number] = "waits"
        threading.Thread(target=self.hang_on, args=(number, call), daemon=True).start()

    def hang_on(self, number, call):
        while call.state != "ended":
            time.sleep(0.1)
            if call.state == "up" and sound.hears_tone(call.rtp.samples(200), STAFF_HZ):
                time.sleep(0.5)
                call.hang_up()
                self.came[number] = "talked"
                return
        self.came[number] = f"ended {call.final}"

    def what_came(self):
        return self.came

    def record(self, number, since_ms, count=1):
        """The steps of that caller's last ended call since then, as [kind, clause, value, text, at_ms]."""
        row = self.server.wait_query(
            "SELECT call_no, outcome, end_reason FROM calls WHERE (caller_number = ? OR caller_extension IN "
            "(SELECT id FROM extensions WHERE org = 1 AND number = ?)) AND dialled = '8000' AND "
            "started_ms >= ? AND ended_ms > 0 ORDER BY call_no DESC LIMIT 1", number, number, since_ms, timeout=20)[0]
        steps = self.server.query("SELECT kind, clause, value, text, at_ms FROM steps WHERE call_no = ? ORDER BY seq", row["call_no"])
        return {**row, "steps": [list(s.values()) for s in steps]}


world = World()
commands.serve(world, world.server.stop)
