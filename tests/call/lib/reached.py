"""Counterparts of delivery: a real SMTP server with STARTTLS and sign-in that can be as bad as real ones
are, and the columns of the directory that say who is reached where."""
import asyncio
import csv
import email
import email.policy
import logging
import os
import socket
import ssl
import threading
import time
import warnings

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from .server import certificate, free_port

logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # connections that are cut are what is tried
warnings.filterwarnings("ignore", module="aiosmtpd")
PASSWORD = "mail-password-of-the-tests"


def columns(config, people=None, departments=None, org="mou-cheng"):
    """Adds columns to the directory's files: {id: {"mail": …, "deliver": …}}."""
    for name, more in (("people", people or {}), ("departments", departments or {})):
        path = os.path.join(config, org, name + ".csv")
        with open(path, newline="") as f:
            rows = list(csv.DictReader(f))
        names = list(rows[0]) + [c for c in {c: 0 for m in more.values() for c in m} if c not in rows[0]]
        for r in rows:
            r.update({c: "" for c in names if c not in r})
            r.update(more.get(int(r["id"]), {}))
        with open(path, "w", newline="") as f:
            w = csv.DictWriter(f, names)
            w.writeheader()
            w.writerows(rows)


def secret(config, name, text):
    """A file with a secret; its name as the configuration has it."""
    with open(os.path.join(config, name), "w") as f:
        f.write(text + "\n")
    return name


class Mailbox:
    """Takes mail for everybody but: refuse@ (550), full@ (552), busy@ (451 twice), stall@ (never
    answers the first time), drop@ (closes before it has the mail, once), twice@ (takes it and closes
    before it says so, once)."""

    def __init__(self):
        self.mails, self.tries, self.lock = [], {}, threading.Lock()
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate())
        for left in reversed(range(5)):  # a free port may have been taken by the time it is bound
            self.port = free_port(socket.SOCK_STREAM)
            self.controller = Controller(self, hostname="127.0.0.1", port=self.port, tls_context=context,
                                         require_starttls=True, auth_required=True, auth_require_tls=True,
                                         authenticator=self.authenticate)
            try:
                return self.controller.start()
            except OSError:
                if not left:
                    raise

    def authenticate(self, server, session, envelope, mechanism, data):
        good = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)

    def times(self, who):
        with self.lock:
            self.tries[who] = self.tries.get(who, 0) + 1
            return self.tries[who]

    async def handle_RCPT(self, server, session, envelope, address, options):
        who = address.split("@")[0]
        n = self.times(address)
        if who == "refuse":
            return "550 5.1.1 No such user here"
        if who == "full":
            return "552 5.2.2 Mailbox full"
        if who == "busy" and n <= 2:
            return "451 4.3.0 Try again later"
        if who == "drop" and n == 1:
            server.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        who, n = address.split("@")[0], self.tries.get(address)
        if who == "stall" and n == 1:
            await asyncio.sleep(30)
        with self.lock:
            self.mails.append((time.time(), address,
                               email.message_from_bytes(envelope.content, policy=email.policy.default)))
        if who == "twice" and n == 1:
            server.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        return "250 OK"

    def of(self, address):
        with self.lock:
            return [(at, m) for at, to, m in self.mails if to == address]

    def wait(self, address, count=1, timeout=8):
        end = time.monotonic() + timeout
        while len(self.of(address)) < count:
            assert time.monotonic() < end, f"{address}: {count} mails were waited for, {len(self.of(address))} came"
            time.sleep(0.02)
        return self.of(address)

    def node(self, config):
        """The mail section of a node's configuration."""
        return {"server": f"127.0.0.1:{self.port}", "security": "starttls", "user": "switchboard",
                "password_file": secret(config, "mail-password", PASSWORD), "from": "zongji@example.com",
                "ca": certificate()}

    def stop(self):
        self.controller.stop()
