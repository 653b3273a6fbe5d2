"""Load generators, and what is measured around them: each process by its id, each core's time."""
import csv
import glob
import json
import os
import signal
import subprocess
import time

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SERVER_CORE, LOAD_CORE = "0", "1"
NICE = "-5"  # the machine may be busy with other things: about 3 to 1, the same for peers and product
SIP, UAC, UAS, RTP = 39060, 39100, 39062, 39900
HERTZ = os.sysconf("SC_CLK_TCK")
priority = False  # run --priority: before all others (SCHED_RR), for a machine that is in use
_started = []


def start(args, core, cwd=None, out=subprocess.DEVNULL, env=None):
    # setsid makes an autogroup of its own, in which nice alone would have no effect towards others.
    p = subprocess.Popen(["setsid", "sh", "-c", f"echo {NICE} >/proc/self/autogroup 2>/dev/null; exec \"$@\"", "sh",
                          *(["chrt", "-r", "1"] if priority else []), "taskset", "-c", core, *map(str, args)], cwd=cwd,
                         stdout=out, stderr=subprocess.STDOUT if out != subprocess.PIPE else None,
                         stdin=subprocess.DEVNULL, env=env)
    _started.append(p)
    return p


def end(p, sig=signal.SIGTERM, patience=15):
    if p.poll() is None:
        p.send_signal(sig)
        try:
            p.wait(patience)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
    if p in _started:
        _started.remove(p)


def end_all():
    for p in list(_started):
        end(p, patience=3)


def build_tools(work):
    for name, libs in (("rtp", []), ("reg", ["-lcrypto"])):
        subprocess.run(["cc", "-D_GNU_SOURCE", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-o",
                        os.path.join(work, name), os.path.join(HERE, name + ".c"), *libs], check=True)


# ---- time spent ----

def family(pid):
    """The process and all that descend from it."""
    all_of = [pid]
    for path in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            with open(path) as f:
                for child in f.read().split():
                    all_of += family(int(child))
        except OSError:
            pass
    return all_of


def cpu_s(pid):
    total = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/stat") as f:
                v = f.read().rsplit(")", 1)[1].split()
            total += int(v[11]) + int(v[12])
        except OSError:
            pass
    return total / HERTZ


def rss_kb(pid):
    total = 0
    for p in family(pid):
        try:
            with open(f"/proc/{p}/smaps_rollup") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            pass
    return total


def cores():
    """Busy seconds of each core so far, whoever it was."""
    busy = {}
    with open("/proc/stat") as f:
        for line in f:
            v = line.split()
            if v[0][:3] == "cpu" and v[0] != "cpu":
                busy[v[0][3:]] = (sum(map(int, v[1:9])) - int(v[4]) - int(v[5])) / HERTZ
    return busy


class Watch:
    """Shares of a core between now and done(): the server's, the generators', other people's."""

    def __init__(self, server, generators):
        self.server, self.generators = server, generators
        self.at, self.core = time.monotonic(), cores()
        self.s, self.g = cpu_s(server), [cpu_s(p.pid) for p in generators]

    def done(self):
        wall = time.monotonic() - self.at
        s = (cpu_s(self.server) - self.s) / wall
        g = sum(max(cpu_s(p.pid) - was, 0) for p, was in zip(self.generators, self.g)) / wall
        now = cores()
        return {"server": s, "generator": g,
                "others": max((now[SERVER_CORE] - self.core[SERVER_CORE]) / wall - s, 0)}


# ---- generators ----

def bare(work):
    """Packets a second of the bare loops, a core each for it and its far end."""
    both = {}
    for mode in ("send", "relay"):
        p = start([os.path.join(work, "rtp"), mode, 2], f"{SERVER_CORE},{LOAD_CORE}", out=subprocess.PIPE)
        both[mode] = heard(p)["packets_a_second"]
    return both


def far_ends(work, seconds, warm, legs=None):
    args = [os.path.join(work, "rtp"), "far", RTP, seconds, warm] + ([legs] if legs else [])
    return start(args, LOAD_CORE, out=subprocess.PIPE)


def heard(p):
    out, _ = p.communicate(timeout=150)
    if p in _started:
        _started.remove(p)
    return json.loads(out)


def address(leg):
    return f"127.{leg >> 16 & 255}.{leg >> 8 & 255}.{leg & 255}"


class Sipp:
    """One sipp: its own port and address, its log, its counts."""

    def __init__(self, work, scenario, rows, name, args, target=True, ip="127.0.0.1", port=UAC):
        self.stat = os.path.join(work, f"{name}.stat")
        self.log = os.path.join(work, f"{name}.legs")
        for path in (self.stat, self.log):
            if os.path.exists(path):
                os.unlink(path)
        inf = os.path.join(work, f"{name}.inf")
        with open(inf, "w") as f:
            f.write("SEQUENTIAL\n" + "".join(";".join(map(str, r)) + "\n" for r in rows))
        self.errors = os.path.join(work, f"{name}.errors")
        self.process = start(["sipp", *([f"127.0.0.1:{SIP}"] if target else []), "-sf", os.path.join(HERE, scenario),
                              "-i", ip, "-p", port, "-inf", inf, "-key", "rtp_port", RTP, "-buff_size", 4194304,
                              "-trace_stat", "-stf", self.stat, "-fd", 1, "-trace_logs", "-log_file", self.log,
                              "-trace_err", "-error_file", self.errors, "-nostdin", "-l", 20000, *args],
                             LOAD_CORE, cwd=work)

    def counts(self):
        try:
            with open(self.stat) as f:
                rows = list(csv.DictReader(f, delimiter=";"))
            r = rows[-1]
            return {"ok": int(r["SuccessfulCall(C)"]), "failed": int(r["FailedCall(C)"]),
                    "again": int(r["Retransmissions(C)"]), "current": int(r["CurrentCall"]),
                    "created": int(r["TotalCallCreated"])}
        except (OSError, IndexError, KeyError, TypeError, ValueError):
            return {"ok": 0, "failed": 0, "again": 0, "current": 0, "created": 0}

    def legs(self):
        try:
            with open(self.log) as f:
                return [line.split()[1:3] for line in f if line.startswith("leg ") and len(line.split()) == 3]
        except OSError:
            return []

    def wait(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        end(self.process, patience=5)
        return self.counts()


def register(work, users, rate, seconds, own=UAC):
    p = start([os.path.join(work, "reg"), SIP, own, users, rate, seconds], LOAD_CORE, out=subprocess.PIPE)
    return p
