"""The figures: a trial at a load, the search for the highest load that is good, and the table."""
import csv
import glob
import os
import time

from . import load

RATIO = {"asterisk": "Asterisk", "kamailio": "Kamailio", "rtpengine": "rtpengine"}
START = {("attendant", "zongji"): 600, ("attendant", "asterisk"): 300, ("held", "zongji"): 800, ("held", "asterisk"): 200,
         ("bridged", "zongji"): 400, ("bridged", "asterisk"): 200, ("bridged", "rtpengine"): 500,
         ("registrations", "zongji"): 4000, ("registrations", "asterisk"): 1500, ("registrations", "kamailio"): 7000}
UNIT = {"attendant": "calls/s", "held": "calls", "bridged": "calls", "registrations": "/s"}
GENERATOR_MOST = 0.85
SETUP_RATE = {"zongji": 500, "asterisk": 80}


def addresses(first, count):
    return [(load.address(first + i),) for i in range(count)]


def lines(server, calls):
    """Calls over the lines that are needed: (own address, port, count) each."""
    out = []
    while calls > 0:
        n = min(calls, server.channels - 50)
        out.append((f"127.0.0.{10 + len(out)}", load.UAC + len(out), n))
        calls -= n
    return out


# ---- trials: each returns a dict with 'good', 'why', and the shares of the cores ----

def attendant(server, rate, seconds=6):
    server.start()
    try:
        warm = load.Sipp(server.work, "attendant.xml", addresses(2, 500), "warm", ["-r", 20, "-m", 20, "-key", "called", 8000], ip="127.0.0.10")
        warm.wait(10)
        s = load.Sipp(server.work, "attendant.xml", addresses(2, 500), "attendant",
                      ["-r", rate, "-rp", 1000, "-m", rate * seconds, "-key", "called", 8000], ip="127.0.0.10")
        time.sleep(1)
        w = load.Watch(server.pid, [s.process])
        time.sleep(seconds - 2)
        r = w.done()
        c = s.wait(8)
    finally:
        server.stop()
    good = c["failed"] == 0 and c["again"] == 0 and c["ok"] == rate * seconds
    return dict(r, good=good, why=f"ok {c['ok']} failed {c['failed']} repeated {c['again']}")


def hold(server, calls, name, seconds, first=2):
    """Sets up calls that hear the prompt; the sipps."""
    rate, sipps = SETUP_RATE[server.name], []
    for ip, port, n in lines(server, calls):
        d = int((calls / rate + seconds) * 1000)
        sipps.append(load.Sipp(server.work, "hold.xml", addresses(first, n), f"{name}{port}",
                               ["-r", rate, "-m", n, "-d", d, "-key", "called", 8000], ip=ip, port=port))
        first += n
        end = time.monotonic() + n / rate * 2 + 5
        while time.monotonic() < end and sum(1 for _ in sipps[-1].legs()) < n:
            time.sleep(0.2)
    return sipps


def held(server, calls, seconds=5):
    server.start()
    try:
        sink = load.far_ends(server.work + "/..", 1 + int(calls / SETUP_RATE[server.name]), 0)  # hears the setting up
        sipps = hold(server, calls, "hold", seconds + 6)
        up = sum(len(s.legs()) for s in sipps)
        load.end(sink)
        far = load.far_ends(server.work + "/..", seconds, 2)
        time.sleep(2)
        w = load.Watch(server.pid, [far, *(s.process for s in sipps)])
        time.sleep(seconds - 0.3)
        r = w.done()
        h = load.heard(far)
        for s in sipps:
            load.end(s.process, patience=1)
    finally:
        server.stop()
    full = h["in"] / (50 * seconds * calls)
    good = up == calls and h["late_p99_ms"] < 5 and full > 0.99 and h["lost"] == 0
    return dict(r, good=good, heard=h, why=f"up {up}, packets {100 * full:.1f} %, late p50 {h['late_p50_ms']} p99 {h['late_p99_ms']} "
                f"max {h['late_max_ms']} ms, gaps {h['gap_percent']} %, lost {h['lost']}, own late {h['own_late']}")


def call_phones(server, calls, seconds):
    """Phone to phone through a switchboard; the legs with where they speak to."""
    rate = SETUP_RATE[server.name] // 2
    with open(server.users) as f:
        users = [line.strip().split(",") for line in f][:2 * calls]
    d = int((calls / rate + seconds) * 1000)
    if server.name == "zongji":
        callee = os.path.join(server.work, "callees")
        with open(callee, "w") as f:
            f.writelines(",".join(u) + "\n" for u in users[calls:])
        load.heard(load.register(server.work + "/..", callee, 0, 1, own=load.UAS))
    uas = load.Sipp(server.work, "answer.xml", addresses(2 + calls, calls), "answer", [], target=False, port=load.UAS)
    time.sleep(0.5)
    if server.name == "zongji":
        rows = [(load.address(2 + i), u, f"[authentication username={u} password={p}]", users[calls + i][0][1:])
                for i, (u, p) in enumerate(users[:calls])]
        uac = load.Sipp(server.work, "caller.xml", rows, "caller", ["-r", rate, "-m", calls, "-d", d])
    else:
        uac = load.Sipp(server.work, "hold.xml", addresses(2, calls), "caller",
                        ["-r", rate, "-m", calls, "-d", d, "-key", "called", 30000])
    end = time.monotonic() + calls / rate * 2 + 5
    while time.monotonic() < end and len(uac.legs()) < calls:
        time.sleep(0.2)
    return [uac, uas], uac.legs() + uas.legs()


def bridged(server, calls, seconds=5):
    server.start()
    sipps = []
    try:
        if server.name == "rtpengine":
            legs = server.bridge(2, calls)
        else:
            sipps, legs = call_phones(server, calls, seconds + 8)
        path = os.path.join(server.work, "legs")
        with open(path, "w") as f:
            f.writelines(f"{a} 127.0.0.1 {port}\n" for a, port in legs)
        far = load.far_ends(server.work + "/..", seconds, 2, path)
        time.sleep(2)
        w = load.Watch(server.pid, [far, *(s.process for s in sipps)])
        time.sleep(seconds - 0.3)
        r = w.done()
        h = load.heard(far)
        for s in sipps:
            load.end(s.process, patience=1)
    finally:
        server.stop()
    full = h["in"] / (100 * seconds * calls)
    good = len(legs) == 2 * calls and h["gap_percent"] < 0.1 and full > 0.995
    return dict(r, good=good, heard=h, why=f"legs {len(legs)}, packets {100 * full:.1f} %, gaps {h['gap_percent']} %, transit p50 "
                f"{h['late_p50_ms']} p99 {h['late_p99_ms']} max {h['late_max_ms']} ms, lost {h['lost']}, own late {h['own_late']}")


def registrations(server, rate, seconds=5):
    server.start()
    try:
        p = load.register(server.work + "/..", server.users, rate, seconds)
        time.sleep(1)
        w = load.Watch(server.pid, [p])
        time.sleep(seconds - 1.5)
        r = w.done()
        h = load.heard(p)
    finally:
        server.stop()
    good = h["unanswered"] == 0 and h["late"] == 0 and h["refused"] == 0 and h["busy"] == 0
    return dict(r, good=good, heard=h, why=f"ok {h['ok']} of {h['started']}, late {h['late']}, refused {h['refused']}, busy {h['busy']}, "
                f"p50 {h['p50_ms']} p99 {h['p99_ms']} ms")


# ---- figures without a search ----

def memory(server, calls=300):
    """Memory of a held attendant call and of a bridged one: what N more of them add."""
    out = {}
    for kind in ("held", "bridged"):
        server.start()
        sipps = []
        try:
            before = out["idle"] = load.rss_kb(server.pid)
            if kind == "held":
                sipps = hold(server, calls, "memory", 6)
                up = sum(len(s.legs()) for s in sipps)
            else:
                sipps, legs = call_phones(server, calls, 8)
                up = len(legs) // 2
            time.sleep(1)
            out[kind] = (load.rss_kb(server.pid) - before) / max(up, 1)
            for s in sipps:
                load.end(s.process, patience=1)
        finally:
            server.stop()
    return dict(good=True, value=out, why=f"held {out['held']:.1f} kB, bridged {out['bridged']:.1f} kB a call ({calls} calls; "
                f"idle {out['idle'] / 1024:.0f} MB)",
                server=0, generator=0, others=0)


def answer(server, rate=50, seconds=8):
    """INVITE to 200 at a light load."""
    for path in glob.glob(f"{server.work}/attendant_*_rtt.csv"):
        os.unlink(path)
    server.start()
    try:
        s = load.Sipp(server.work, "attendant.xml", addresses(2, 500), "answer",
                      ["-r", rate, "-m", rate * seconds, "-key", "called", 8000, "-trace_rtt", "-rtt_freq", 1], ip="127.0.0.10")
        w = load.Watch(server.pid, [s.process])
        c = s.wait(seconds + 8)
        r = w.done()
    finally:
        server.stop()
    times = []
    for path in glob.glob(f"{server.work}/attendant_*_rtt.csv"):
        with open(path) as f:
            times += [float(row["response_time_ms"]) for row in csv.DictReader(f, delimiter=";")]
    times.sort()
    p50, p99 = (times[len(times) // 2], times[int(len(times) * 0.99)]) if times else (0, 0)
    return dict(r, good=c["failed"] == 0, value={"p50": p50, "p99": p99}, why=f"median {p50} ms, p99 {p99} ms ({len(times)} calls at {rate}/s)")


TRIAL = {"attendant": attendant, "held": held, "bridged": bridged, "registrations": registrations}
best_before = {}


def note(figure, server, n, r):
    void = " VOID: the generator is at its end" if r["generator"] > GENERATOR_MOST else ""
    print(f"    {server.name} {n} {UNIT[figure]}: {'good' if r['good'] else 'BAD'}; {r['why']}; server {100 * r['server']:.0f} % generator "
          f"{100 * r['generator']:.0f} % others on the server's core {100 * r['others']:.0f} %{void}", flush=True)


def once(figure, server, n):
    r = TRIAL[figure](server, n)
    note(figure, server, n, r)
    if not r["good"] and r["others"] > 0.08:  # somebody else had the core: once more
        r = TRIAL[figure](server, n)
        note(figure, server, n, r)
    return r


def search(figure, server, start):
    """Up by a quarter while it is good, then between. A void trial is no success."""
    n, best, bad = start, None, None
    for _ in range(9):
        r = once(figure, server, n)
        if r["good"] and r["generator"] <= GENERATOR_MOST:
            best = dict(r, load=n)
        else:
            bad = n
            if r["generator"] > GENERATOR_MOST:
                best = best and dict(best, limited="generator")
        if best and bad and bad <= best["load"] * 1.1:
            break
        if bad is None:
            n = int(n * 1.35)
        elif best is None:
            n = int(n * 0.7)
        else:
            n = (best["load"] + bad) // 2
    return best or dict(r, load=0)


def make(figure, server, starts):
    if figure == "memory":
        r = memory(server)
    elif figure == "answer":
        r = answer(server)
    else:
        key = (figure, server.name)
        start = starts.get(key) or int(best_before.get(key, 0) * 0.9) or START[key]
        r = search(figure, server, start)
        best_before[key] = r["load"]
    return dict(r, figure=figure, server_name=server.name)


def line(r):
    if r["figure"] in ("memory", "answer"):
        return f"{r['server_name']} {r['figure']}: {r['why']}"
    return (f"{r['server_name']} {r['figure']}: {r['load']} {UNIT[r['figure']]} (server {100 * r['server']:.0f} %, generator "
            f"{100 * r['generator']:.0f} %, {r['why']})")


def cell(r):
    if r["figure"] == "memory":
        return f"{r['value']['held']:.1f} / {r['value']['bridged']:.1f} kB"
    if r["figure"] == "answer":
        return f"{r['value']['p50']:.1f} / {r['value']['p99']:.1f} ms"
    mark = " (generator's end)" if r.get("limited") else ""
    return f"{r['load']}{mark} · {100 * r['server']:.0f} % · {100 * r['generator']:.0f} % · {1e6 * r['server'] / max(r['load'], 1):.0f} µs"


def table(results):
    out = ["| figure | server | value · server's core · generator's core · server's time a unit, each turn | bare send / relay, packets/s |", "| --- | --- | --- | --- |"]
    done = set()
    for r in results:
        key = (r["figure"], r["server_name"])
        if key in done:
            continue
        done.add(key)
        all_of = [x for x in results if (x["figure"], x["server_name"]) == key]
        bare = "; ".join(f"{x['control']['send']:.0f} / {x['control']['relay']:.0f}" for x in all_of)
        out.append(f"| {key[0]} | {key[1]} | {'; '.join(map(cell, all_of))} | {bare} |")
    return "\n".join(out)
