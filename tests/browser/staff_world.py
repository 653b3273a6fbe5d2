#!/usr/bin/env python3
"""The real program with a real mail server beside it, for the employees' page: says where it is, then
does what each line of stdin asks. Ends with stdin."""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "call"))
from lib import commands, sound  # noqa: E402
from lib.desk import Client  # noqa: E402
from lib.server import hears_all  # noqa: E402
import test_staff  # noqa: E402


class World(test_staff.World):
    NAME = "staff-page"

    def where(self):
        with open(os.path.join(self.data, "first-accounts.txt")) as f:
            accounts = {line.split()[0]: line.split()[1] for line in f if len(line.split()) > 1}
        return {"base": f"http://127.0.0.1:{self.http_port}", "accounts": accounts}

    def link(self, mail, count, kind):
        """The way of the last mail's link, once there are so many: to sign in by, or of a message."""
        _, m = self.mail.wait(mail, count)[-1]
        return re.search(r"https://zongji\.example(/%s/[\w-]+)" % kind, m.get_body().get_content()).group(1)

    def slip(self, person, more):
        return Client(self, "operator1").ask("POST", "/api/v1/messages", {"for_person": person, **more})["id"]

    def voice(self, number, dialled):
        """Somebody outside leaves a message in their own voice."""
        call = self.outside(number).call("02155508000").wait_up()
        time.sleep(0.5)
        call.digits(dialled)
        hears_all(call, "through.no_answer_choice", timeout=25)
        call.digits("1")
        hears_all(call, "message.ask", timeout=15)
        time.sleep(1)
        call.rtp.say(sound.tone(520, 1500, 0.5))
        time.sleep(2)
        call.hang_up()
        return self.wait_query("SELECT id FROM messages WHERE from_number = ?", number)[0]["id"]


world = World()
commands.serve(world, world.stop)
