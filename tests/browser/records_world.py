#!/usr/bin/env python3
"""The real program with calls of two months in its database, for the page of records: says where it
is, and ends with stdin."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "call"))
from lib.server import BUILD, Server  # noqa: E402

s = Server("records-page", node={"log": "info"})
assert s.stop() == 0
tool = os.path.join(BUILD, "tests", "unit", "records", "make_calls")
subprocess.run([tool, "sqlite", os.path.join(s.data, "zongji.db"), "2000", "9", "2"], check=True, timeout=120,
               stdout=subprocess.DEVNULL)
s.start()
with open(os.path.join(s.data, "first-accounts.txt")) as f:
    accounts = {line.split()[0]: line.split()[1] for line in f if len(line.split()) > 1}
print(json.dumps({"base": f"http://127.0.0.1:{s.http_port}", "accounts": accounts}), flush=True)
sys.stdin.read()
print(json.dumps({"status": s.stop()}), flush=True)
