#!/usr/bin/env python3
"""The real program with calls of two months in its database, for the page of records: says where it
is, and ends with stdin."""
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "call"))
from lib import sound  # noqa: E402
from lib.server import BUILD, Server, hears  # noqa: E402

# The main number's calls are recorded: there is one of today, with its sound.
s = Server("records-page", node={"log": "info"}, measures={"recording": {"lines": ["8000"], "keep_lines_days": 30}})
assert s.stop() == 0
tool = os.path.join(BUILD, "tests", "unit", "records", "make_calls")
subprocess.run([tool, "sqlite", os.path.join(s.data, "zongji.db"), "2000", "9", "2"], check=True, timeout=120,
               stdout=subprocess.DEVNULL)
s.start()
caller = s.outside("13900007007")
call = caller.call("8000").wait_up()
hears(call, "attendant.recording_notice")
call.rtp.say(sound.tone(620, 1500))
time.sleep(2.5)
call.hang_up()
taped = s.wait_query("SELECT call_no FROM recordings WHERE state = 'whole'", timeout=10)[0]["call_no"]
with open(os.path.join(s.data, "first-accounts.txt")) as f:
    accounts = {line.split()[0]: line.split()[1] for line in f if len(line.split()) > 1}
print(json.dumps({"base": f"http://127.0.0.1:{s.http_port}", "accounts": accounts, "taped": taped}), flush=True)
sys.stdin.read()
print(json.dumps({"status": s.stop()}), flush=True)
