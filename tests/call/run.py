#!/usr/bin/env python3
"""Runs the call tests: each module tests/call/test_*.py has a `world` (a Server) of its own and is
run in a process of its own, a few side by side. Prints each failure and `N passed, N failed`."""
import concurrent.futures
import importlib
import inspect
import os
import subprocess
import sys
import time
import traceback

AGAIN = 16  # more failures than that aren't the machine's fault
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)


def run_module(name, only=None, until=None):
    module = importlib.import_module(name)
    tests = [(n, f) for n, f in inspect.getmembers(module, inspect.isfunction)
             if n.startswith("test_") and f.__module__ == name and (not only or n == only)]
    tests.sort(key=lambda t: inspect.getsourcelines(t[1])[1])
    if until:
        tests = tests[:[n for n, _ in tests].index(until) + 1]
    passed = failed = 0
    world = None
    try:
        world = module.world()
    except Exception as e:
        print(f"FAIL {name}: no world: {e}", flush=True)
        print(f"0 passed, {len(tests)} failed", flush=True)
        return False
    for n, f in tests:
        start = time.monotonic()
        try:
            f(world)
            passed += 1
            print(f"ok   {name}.{n} {time.monotonic() - start:.1f} s", flush=True)
        except Exception as e:
            failed += 1
            print(f"FAIL {name}.{n} {time.monotonic() - start:.1f} s: {e}", flush=True)
            print("     " + "     ".join(traceback.format_exc(limit=-3).splitlines(True)), flush=True)
        finally:
            for p in getattr(world, "phones", []):
                p.close()
            if world is not None and hasattr(world, "phones"):
                world.phones = []
    if world is not None and hasattr(world, "stop"):
        try:
            status = world.stop()
            if status != 0:
                raise AssertionError(f"exit status {status}: {world.tail(40)}")
            passed += 1
        except Exception as e:
            failed += 1
            print(f"FAIL {name}: the server's end: {e}", flush=True)
    print(f"{passed} passed, {failed} failed", flush=True)
    return failed == 0


# Few tests that take long, as if they were so many.
SLOW = {"test_desk_breaks": 30, "test_bad_days": 25, "test_mailbox_calls": 24, "test_kill": 13, "test_disk": 9}


def length(module):
    """So that the longest begin first."""
    if module in SLOW:
        return SLOW[module]
    with open(os.path.join(HERE, module + ".py")) as f:
        return f.read().count("\ndef test_")


def main():
    if len(sys.argv) > 1 and sys.argv[1].startswith("test_"):
        last = sys.argv[2] if len(sys.argv) > 2 else None
        until = last[6:] if last and last.startswith("until:") else None
        sys.exit(0 if run_module(sys.argv[1], None if until else last, until) else 1)
    side_by_side = int(os.environ.get("ZONGJI_JOBS", "5"))
    modules = [n[:-3] for n in os.listdir(HERE) if n.startswith("test_") and n.endswith(".py")]
    modules.sort(key=lambda n: (-length(n), n))
    passed = failed = 0
    again = []
    # The first start speaks every sentence; the others, side by side, find them spoken.
    importlib.import_module("lib.server").Server("first").stop()

    def one(name, *which):
        r = subprocess.run([sys.executable, os.path.abspath(__file__), name, *which], capture_output=True,
                           text=True, timeout=900)
        return name, r.stdout, r.stderr

    with concurrent.futures.ThreadPoolExecutor(side_by_side) as pool:
        for name, out, err in pool.map(one, modules):
            lines = out.strip().splitlines()
            if not lines or " passed, " not in lines[-1]:
                print(f"FAIL {name}: no result\n{out[-2000:]}\n{err[-2000:]}", flush=True)
                failed += 1
                continue
            p, f = (int(w.split()[0]) for w in lines[-1].split(", "))
            passed, failed = passed + p, failed + f
            again += [(name, l.split()[1].split(".")[1]) for l in lines
                      if l.startswith("FAIL") and f"{name}.test_" in l]
            print("\n".join(l for l in lines[:-1] if f or not l.startswith("ok")), flush=True) if f else \
                print(f"{name}: {lines[-1]}", flush=True)
    # These tests are about seconds and sound, and the machine may have been busy: a module in which
    # one failed is run once more, two of them at a time, up to the last that failed. What fails then,
    # after all that ran before it, has failed.
    last = dict(again if len(again) <= AGAIN else [])
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda kv: one(kv[0], "until:" + kv[1]), last.items()))
    for name, out, _ in runs:
        lines = out.splitlines()
        for t in (t for n, t in again if n == name):
            fine = any(l.startswith(f"ok   {name}.{t} ") for l in lines)
            print(f"{name}.{t}: {'passed' if fine else 'failed again'} when its module ran again", flush=True)
            passed, failed = passed + fine, failed - fine
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
