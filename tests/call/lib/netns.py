"""Network namespaces for a test: each with a cable (veth) of its own to the machine, so that phones
and carriers have an address that isn't the switchboard's. Needs root; taken away at the end."""
import contextlib
import ctypes
import os
import subprocess

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000


def ip(*args):
    r = subprocess.run(["ip", *args], capture_output=True, text=True)
    if r.returncode:
        raise AssertionError(f"ip {' '.join(args)}: {r.stderr.strip()}")


class Net:
    """`here` is the machine's address on the cable, `there` the namespace's, `more` further ones."""

    @property
    def enter(self):
        """Not `ip netns exec`: that remounts /, which can't be done in a chroot."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def ip(self, *args):
        r = subprocess.run([*self.enter, "ip", *args], capture_output=True, text=True)
        assert r.returncode == 0, f"ip {' '.join(args)} in {self.name}: {r.stderr.strip()}"

    def __init__(self, kind, third, more=0):
        if os.geteuid():
            raise AssertionError("network namespaces need root: run the tests as root or with sudo")
        tag = os.getpid() % 100000
        self.name, self.cable = f"zj{kind}{tag}", f"zj{kind}{tag}h"
        self.base = f"10.{213 + third}.{tag % 250}"
        self.here, self.there = f"{self.base}.1", f"{self.base}.2"
        self.more = [f"{self.base}.{3 + i}" for i in range(more)]
        self.made = False
        ip("netns", "add", self.name)
        self.made = True
        try:
            far = f"zj{kind}{tag}n"
            ip("link", "add", self.cable, "type", "veth", "peer", "name", far, "netns", self.name)
            ip("addr", "add", f"{self.here}/24", "dev", self.cable)
            ip("link", "set", self.cable, "up")
            for a in [self.there] + self.more:
                self.ip("addr", "add", f"{a}/24", "dev", far)
            self.ip("link", "set", "lo", "up")
            self.ip("link", "set", far, "up")
            self.ip("route", "add", "default", "via", self.here)
        except Exception:
            self.close()
            raise

    @contextlib.contextmanager
    def inside(self):
        """Sockets made and threads begun in here belong to the namespace."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.name}") as far:
            if _libc.setns(far.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield self
            finally:
                _libc.setns(home.fileno(), CLONE_NEWNET)

    def run(self, *command):
        """A command line that runs in the namespace."""
        return [*self.enter, *command]

    def close(self):
        if self.made:
            self.made = False
            subprocess.run(["ip", "netns", "del", self.name], capture_output=True)
            subprocess.run(["ip", "link", "del", self.cable], capture_output=True)
