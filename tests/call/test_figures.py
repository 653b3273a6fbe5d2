"""Records and figures over real HTTP, of calls made from a seed: what is found, that sums open the
calls they are made of, what is refused; the month as a file; the commands that compare and seal."""
import csv
import io
import os
import re
import sqlite3
import subprocess
import time
import xml.etree.ElementTree as xml
import zipfile

import yaml

from lib.reached import Mailbox, columns
from lib.server import ALWAYS, BUILD, ROOT, Server, dump
from test_directory_api import Client, refused

END_MS = 1796054400000  # made.h: 1 December 2026 in China
MONTH = f"from_ms={END_MS - 30 * 86400000}&to_ms={END_MS}"
CALLS = 3000
MANAGER = 5  # of the sample
EVIL = '=HYPERLINK("http://x","王")'


class World(Server):
    def __init__(self):
        self.mail = Mailbox()
        try:
            super().__init__("figures", office=ALWAYS, csv_edit=self.edit)
        except BaseException:
            self.mail.stop()
            raise

    def edit(self, config):
        columns(config, {MANAGER: {"mail": "manager@example.com"}})
        path = os.path.join(config, "node.yaml")
        with open(path) as f:
            n = yaml.safe_load(f)
        n["delivery"] = {"link": "https://zongji.example", "mail": self.mail.node(config)}
        with open(path, "w") as f:
            dump(n, f)

    def client(self, name):
        if name not in self.clients:
            self.clients[name] = Client(self, name)
        return self.clients[name]


def world():
    s = World()
    s.clients = {}
    assert s.stop() == 0
    tool = os.path.join(BUILD, "tests", "unit", "records", "make_calls")
    subprocess.run([tool, "sqlite", os.path.join(s.data, "zongji.db"), str(CALLS), "5", "4"], check=True, timeout=120)
    return s.start()


def zongji(s, *args):
    r = subprocess.run([os.path.join(BUILD, "zongji"), *args, "--data", s.data, "--config",
                        os.path.join(s.config, "node.yaml")], capture_output=True, text=True, timeout=120,
                       env=dict(os.environ, ZONGJI_ROOT=ROOT, LANG="en"))
    return r.returncode, r.stdout + r.stderr


def manager(s):
    return s.client("manager") if "manager" in names(s) else s.client(next(n for n in names(s) if "gad" in n))


def names(s):
    with open(os.path.join(s.data, "first-accounts.txt")) as f:
        return [line.split()[0] for line in f if line.strip()]


def everything(c, query):
    found, before = [], ""
    while True:
        page = c.ask("GET", f"/records?limit=200&{query}{before}")
        found += page["items"]
        if not page["next"]:
            return found
        before = f"&before={page['next']}"


def quote(text):
    from urllib.parse import quote as q
    return q(text, safe="")


def test_sums_open_the_calls_they_are_made_of(s):
    c = manager(s)
    f = c.ask("GET", f"/figures?{MONTH}")
    t = f["total"]
    assert t["calls"] > CALLS / 6 and t["offered"] == t["within"] + t["attendant"] + t["given_up"] + t["otherwise"], t
    assert t["calls"] == sum(r["sums"]["calls"] for r in f["rows"])
    for mark, figure in (("within", "within"), ("given_up", "given_up"), ("message", "messages"),
                         ("complaint", "complaints"), ("long", "long_calls"),
                         ("long_reminded", "long_reminded")):
        found = everything(c, f"{MONTH}&mark={mark}")
        assert len(found) == t[figure], (mark, len(found), t[figure])
        assert all(mark in r["marks"] for r in found)
    assert len(everything(c, MONTH)) == t["calls"]
    assert f["messages"]["kept"] >= f["messages"]["heard"] > 0 and f["messages"]["median_ms"] > 0
    busy = max(f["hours"], key=lambda h: h["offered"])
    assert busy["operators_most"] >= busy["operators"] >= 1 and busy["most"] >= busy["offered"] >= 1, busy


def test_figures_by_operator_department_and_line(s):
    c = manager(s)
    whole = c.ask("GET", f"/figures?{MONTH}&step=month")["total"]
    by = c.ask("GET", f"/figures?{MONTH}&step=month&by=operator")
    assert by["total"]["within"] == whole["within"] and by["rows"][0]["name"], by["rows"][0]
    one = by["rows"][0]["item"]
    found = everything(c, f"{MONTH}&operator={one}&mark=within")
    assert len(found) == sum(r["sums"]["within"] for r in by["rows"] if r["item"] == one)
    lines = c.ask("GET", f"/figures?{MONTH}&step=week&by=line")
    assert lines["total"]["calls"] == whole["incoming"] + whole["outgoing"]
    hours = c.ask("GET", f"/figures?{MONTH}&step=hour&by=department&item=5")
    assert all(r["item"] == 5 for r in hours["rows"]) and hours["total"]["calls"] > 0
    assert len(everything(c, f"{MONTH}&department=5")) == hours["total"]["calls"]


def test_found_by_the_middle_and_by_the_end(s):
    c = manager(s)
    some = next(r for r in everything(c, MONTH) if len(r["caller"]["number"]) == 11 and r["caller"]["name"])
    number, name = some["caller"]["number"], some["caller"]["name"]
    for query in (f"text={number[3:8]}", f"ends={number[-4:]}", f"number={number}", f"text={quote(name[1:3])}"):
        found = everything(c, f"{MONTH}&{query}")
        assert some["no"] in [r["no"] for r in found], query
    assert c.ask("GET", f"/records?text={quote('没有此人')}")["items"] == []
    shown = c.ask("GET", f"/records/{some['no']}")
    assert shown["steps"][0]["step"] == "arrived" and shown["steps"][-1]["step"] == "ended"


def test_what_makes_no_sense_is_refused(s):
    c = manager(s)
    for query, field in ((f"from_ms={END_MS}&to_ms=5", "to_ms"), ("outcome=happy", "outcome"), ("mark=x", "mark"),
                         ("direction=up", "direction"), ("clause=A9", "clause"), ("before=x", "before"),
                         ("ends=12a", "ends"), ("text=" + "a" * 70, "text"), ("text=" + "a" * 200, "text"),
                         ("text=%ff", None)):
        with refused(400, field):
            c.ask("GET", "/records?" + query)
    for query in ("text=%25", "text=_", "text=" + quote("' OR 1=1 --"), "text=" + quote('"*\\')):
        assert c.ask("GET", "/records?" + query)["items"] == [], query
    status, _, _ = c.send("GET", "/records?text=" + "a" * 10240)
    assert status in (400, 414, 431), status
    for query, field in (("step=year", "step"), ("by=colour", "by"), ("item=0", "item"), ("from_ms=9&to_ms=9", "to_ms")):
        with refused(400, field):
            c.ask("GET", "/figures?" + query)
    other = Client(s, next(n for n in names(s) if n.startswith("operator")))
    with refused(403):
        other.ask("GET", "/figures")
    with refused(403):
        other.ask("GET", "/reports/figures")


def test_the_month_is_fast(s):
    c = manager(s)
    start = time.monotonic()
    c.ask("GET", f"/figures?{MONTH}")
    assert time.monotonic() - start < 2


def sheet(raw):
    with zipfile.ZipFile(io.BytesIO(raw)) as z:
        assert not z.testzip()
        texts = ["".join(t.itertext()) for t in xml.fromstring(z.read("xl/sharedStrings.xml"))]
        return xml.fromstring(z.read("xl/worksheets/sheet1.xml")), texts


def spoil(s, sql):
    with sqlite3.connect(os.path.join(s.data, "zongji.db"), timeout=20) as db:
        db.execute(sql, (EVIL,) if "?" in sql else ())


def test_reports_hold_no_formula(s):
    c = manager(s)
    last = c.ask("GET", f"/records?{MONTH}&limit=1")["items"][0]["no"]
    spoil(s, f"UPDATE calls SET caller_name = ? WHERE call_no = {last}")
    status, headers, raw = c.send("GET", f"/reports/records?{MONTH}&format=csv")
    assert status == 200 and "attachment" in headers["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len(rows) - 1 == len(everything(c, MONTH)) and rows[1][3] == "'" + EVIL, rows[1]
    assert not any(re.match("[=+@-]", cell) for row in rows[1:] for cell in row)
    _, _, raw = c.send("GET", f"/reports/records?{MONTH}")
    root, texts = sheet(raw)
    assert not root.findall(".//{*}f") and EVIL in texts
    _, _, raw = c.send("GET", f"/reports/figures?{MONTH}")
    root, texts = sheet(raw)
    assert not root.findall(".//{*}f") and "人工三声内" in texts and any("总机月报" in t for t in texts), texts[:9]
    assert root.find(".//{*}pageSetup").get("fitToHeight", "1") == "1"
    total = c.ask("GET", f"/figures?{MONTH}")["total"]
    assert str(total["within"]) in numbers(root)
    _, _, raw = c.send("GET", f"/reports/figures?{MONTH}&format=csv&step=month")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[1][2] and sum(int(r[2]) for r in rows[1:] if not r[1]) >= total["calls"]


def numbers(root):
    return [c.find("{*}v").text for c in root.findall(".//{*}c") if c.get("t") != "s" and c.find("{*}v") is not None]


def test_reconcile_and_seal(s):
    status, said = zongji(s, "reconcile")
    assert status == 1 and f"{CALLS} call records compared with the event log, 1 differ" in said, said
    with refused(404):
        manager(s).ask("GET", "/records/999999999")
    assert s.stop() == 0
    status, said = zongji(s, "reconcile", "--repair")
    assert status == 0 and f"{CALLS} call records made anew" in said and ", 0 differ" in said, said
    spoil(s, "UPDATE figures SET given_up = given_up + 1 WHERE kind = 0 AND hour = (SELECT MIN(hour) FROM figures)")
    status, said = zongji(s, "reconcile")
    assert status == 1 and " given_up: " in said and ", 1 differ" in said, said
    status, said = zongji(s, "seal", "--months", "1")
    assert status == 1 and "nothing was deleted" in said, said
    zongji(s, "reconcile", "--repair")
    steps, calls = count(s, "steps"), count(s, "calls")
    figures = s.query("SELECT SUM(calls) AS n FROM figures WHERE kind = 0")
    status, said = zongji(s, "seal", "--months", "1")
    assert status == 0, said
    left = count(s, "steps")
    assert left < steps and count(s, "calls") == calls, (steps, left)
    assert s.query("SELECT SUM(calls) AS n FROM figures WHERE kind = 0") == figures
    assert s.query("SELECT steps FROM sealed")[0]["steps"] == steps - left
    status, said = zongji(s, "reconcile")
    assert status == 0, said
    status, said = zongji(s, "reconcile", "--repair")  # what is sealed stays
    assert status == 0 and s.query("SELECT SUM(calls) AS n FROM figures WHERE kind = 0") == figures, said
    assert zongji(s, "seal", "--months", "0")[0] == 2
    s.clients = {}
    s.start()


def count(s, table):
    return s.query(f"SELECT COUNT(*) AS n FROM {table} WHERE call_no > 0")[0]["n"]


def test_last_month_goes_to_the_manager_by_mail(s):
    """Once the office is open in the new month; once, whatever is restarted."""
    assert s.stop() == 0
    month = time.localtime()
    begin = time.mktime((month.tm_year, month.tm_mon, 1, 0, 0, 0, 0, 0, -1))
    with sqlite3.connect(os.path.join(s.data, "zongji.db")) as db:  # as if they were of last month
        db.execute("UPDATE figures SET hour = -hour - ?", (int(begin - END_MS / 1000) // 3600,))
        db.execute("UPDATE figures SET hour = -hour")
        db.execute("DELETE FROM reports")
    s.mail.mails.clear()
    s.clients = {}
    s.start()
    last = time.strftime("%Y-%m", time.localtime(begin - 86400))
    (_, mail), = s.mail.wait("manager@example.com", timeout=30)
    assert mail["subject"] == f"某城集团总机 {last} 月报", mail["subject"]
    assert "https://zongji.example/records" in mail.get_body().get_content()
    (book,) = mail.iter_attachments()
    assert book.get_filename() == f"总机月报-{last}.xlsx"
    offered = s.query("SELECT SUM(offered) AS n FROM figures WHERE kind = 0 AND org = 1 AND hour >= ? AND hour < ?",
                      int(time.mktime(time.strptime(last, "%Y-%m"))) // 3600, int(begin) // 3600)[0]["n"]
    assert offered > 100 and str(offered) in numbers(sheet(book.get_content())[0]), offered
    s.wait_query("SELECT id FROM reports WHERE state = 1", timeout=5)
    assert s.stop() == 0
    s.clients = {}
    s.start()
    time.sleep(9)  # it looks 8 s after a start
    assert len(s.mail.of("manager@example.com")) == 1


def test_after_a_start_the_old_log_is_sealed(s):
    assert s.stop() == 0
    tool = os.path.join(BUILD, "tests", "unit", "records", "make_calls")
    data = os.path.join(s.data, "zongji.db")
    for suffix in ("", "-wal", "-shm"):  # sqlite3's readers of this process may still hold it
        if os.path.exists(data + suffix):
            os.rename(data + suffix, data + ".old" + suffix)
    subprocess.run([tool, "sqlite", data, "500", "6", "16"], check=True, timeout=120)
    steps = count(s, "steps")
    s.clients = {}
    s.start()
    until = s.wait_query("SELECT until_ms FROM sealed WHERE steps > 0", timeout=30)[0]["until_ms"]
    end = time.monotonic() + 20
    while s.query("SELECT COUNT(*) AS n FROM steps WHERE seq = 1 AND at_ms < ?", until)[0]["n"]:
        assert time.monotonic() < end
        time.sleep(0.1)
    assert 0 < count(s, "steps") < steps

