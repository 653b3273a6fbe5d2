"""A telephone for tests, written from the RFCs and from nothing of the product: SIP over UDP, TCP
or TLS, digest MD5 and SHA-256, G.711, RFC 4733, hold, REFER, Replaces. One thread a phone."""
import hashlib
import os
import queue
import random
import re
import select
import socket
import ssl
import struct
import threading
import time

import numpy as np

from . import sound


def token(n=8):
    return os.urandom(n).hex()


class Message:
    def __init__(self, data):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        self.first = lines[0]
        self.headers = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.append((self.long(name.strip().lower()), value.strip()))

    SHORT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
             "c": "content-type", "k": "supported", "r": "refer-to", "b": "referred-by", "o": "event"}

    def long(self, name):
        return self.SHORT.get(name, name)

    def all(self, name):
        return [v for n, v in self.headers if n == name]

    def get(self, name, default=""):
        v = self.all(name)
        return v[0] if v else default

    @property
    def status(self):
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self):
        return "" if self.status else self.first.split()[0]

    @property
    def cseq(self):
        n, m = self.get("cseq").split()
        return int(n), m

    def tag(self, name):
        m = re.search(r";tag=([^;>\s]+)", self.get(name))
        return m.group(1) if m else ""

    def contact_uri(self):
        m = re.search(r"<([^>]+)>", self.get("contact"))
        return m.group(1) if m else self.get("contact").split(";")[0]


class Link:
    """One transport to the switchboard; hands whole messages to `on_message`."""

    def __init__(self, server, port, transport, local_ip, on_message, local_port=0):
        self.transport, self.server = transport, (server, port)
        self.family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.closed = False
        if transport == "udp":
            self.sock = socket.socket(self.family, socket.SOCK_DGRAM)
            self.sock.bind((local_ip, local_port))
        else:
            self.sock = socket.socket(self.family, socket.SOCK_STREAM)
            self.sock.bind((local_ip, local_port))
            self.sock.connect((server, port))
            if transport == "tls":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
                self.sock = context.wrap_socket(self.sock)
        self.port = self.sock.getsockname()[1]
        self.on_message = on_message
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def send(self, text, body=b"", to=None):
        data = text.encode() + body
        with self.lock:
            if self.transport == "udp":
                self.sock.sendto(data, to or self.server)
            else:
                self.sock.sendall(data)

    def read_tls(self):
        """A TLS connection can't be read by one thread while another one writes."""
        if not select.select([self.sock], [], [], 0.5)[0]:
            return None
        with self.lock:
            self.sock.setblocking(False)
            try:
                return self.sock.recv(65535)
            except ssl.SSLWantReadError:
                return None
            finally:
                self.sock.setblocking(True)

    def run(self):
        buffer = b""
        while not self.closed:
            try:
                if self.transport == "udp":
                    data, source = self.sock.recvfrom(65535)
                    if len(data) > 4:
                        self.on_message(Message(data), source)
                    continue
                data = self.read_tls() if self.transport == "tls" else self.sock.recv(65535)
                if data is None:
                    continue
                if not data:
                    return
                buffer += data
                while b"\r\n\r\n" in buffer.lstrip(b"\r\n"):
                    buffer = buffer.lstrip(b"\r\n")
                    head, _, rest = buffer.partition(b"\r\n\r\n")
                    m = re.search(rb"(?im)^(?:content-length|l)\s*:\s*(\d+)", head)
                    n = int(m.group(1)) if m else 0
                    if len(rest) < n:
                        break
                    self.on_message(Message(head + b"\r\n\r\n" + rest[:n]), self.server)
                    buffer = rest[n:]
            except OSError:
                return

    def close(self):
        self.closed = True
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()


class Rtp:
    """The sound of one call: sends silence or what `say` was given, keeps all that is heard."""

    def __init__(self, local_ip, codec=8):
        family = socket.AF_INET6 if ":" in local_ip else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_DGRAM)
        self.sock.bind((local_ip, 0))
        self.port = self.sock.getsockname()[1]
        self.codec, self.remote, self.dtmf_type = codec, None, 101
        self.ssrc, self.seq, self.stamp = random.getrandbits(32), random.getrandbits(15), 0
        self.heard, self.packets, self.sources = [], [], set()
        self.digits_heard, self.last_event = "", None
        self.to_say, self.muted, self.closed = np.zeros(0, np.int16), False, False
        self.lock = threading.Lock()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        due = time.monotonic()
        while not self.closed:
            wait = due - time.monotonic()
            if wait > 0:
                try:
                    if select.select([self.sock], [], [], wait)[0]:
                        self.receive()
                except (OSError, ValueError):
                    return
                continue
            due += 0.02
            if self.remote and not self.muted:
                try:
                    self.send_frame()
                except OSError:
                    pass

    def send_frame(self):
        with self.lock:
            frame, self.to_say = self.to_say[:160], self.to_say[160:]
        if len(frame) < 160:
            frame = np.concatenate((frame, np.zeros(160 - len(frame), np.int16)))
        payload = sound.alaw(frame) if self.codec == 8 else sound.ulaw(frame)
        self.packet(self.codec, payload)
        self.stamp += 160

    def packet(self, kind, payload, marker=False, stamp=None):
        self.seq = (self.seq + 1) & 0xFFFF
        head = struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), self.seq,
                           (self.stamp if stamp is None else stamp) & 0xFFFFFFFF, self.ssrc)
        self.sock.sendto(head + payload, self.remote)

    def receive(self):
        data, source = self.sock.recvfrom(2048)
        if len(data) < 12:
            return
        kind, seq, stamp, ssrc = data[1] & 0x7F, *struct.unpack("!HII", data[2:12])
        self.sources.add(source)
        self.packets.append((time.monotonic(), kind, seq, stamp, ssrc))
        if kind == self.dtmf_type:
            if stamp != self.last_event:
                self.last_event = stamp
                self.digits_heard += "0123456789*#ABCD"[data[12] & 15]
        elif kind == 8:
            self.heard.append(sound.from_alaw(data[12:]))
        elif kind == 0:
            self.heard.append(sound.from_ulaw(data[12:]))

    def samples(self, last_ms=None):
        x = np.concatenate(self.heard) if self.heard else np.zeros(0, np.int16)
        return x if last_ms is None else x[-8 * last_ms :]

    def say(self, samples):
        with self.lock:
            self.to_say = np.concatenate((self.to_say, samples))

    def digits(self, text, gap_ms=80):
        """RFC 4733: each digit three updates and three ends."""
        self.muted = True
        for d in text:
            code, start = "0123456789*#ABCD".index(d), self.stamp
            for i in range(1, 6):
                self.packet(self.dtmf_type, struct.pack("!BBH", code, 10, 160 * i), i == 1, start)
                time.sleep(0.02)
            for _ in range(3):
                self.packet(self.dtmf_type, struct.pack("!BBH", code, 0x8A, 960), False, start)
            self.stamp += 1600
            time.sleep(gap_ms / 1000)
        self.muted = False

    def close(self):
        self.closed = True
        self.sock.close()


class Call:
    """One dialog of a phone. `events` is all that happened, in order."""

    def __init__(self, phone, outgoing):
        self.phone, self.outgoing = phone, outgoing
        self.call_id, self.local_tag, self.remote_tag = token(12), token(4), ""
        self.cseq, self.remote_cseq = random.randint(1, 9999), 0
        self.route, self.target, self.state = [], "", "new"
        self.rtp = Rtp(phone.ip, phone.codec)
        self.invite, self.responses, self.requests = None, [], []
        self.final = 0
        self.sdp_version, self.direction, self.remote_direction = 1, "sendrecv", "sendrecv"
        self.changed = threading.Condition()
        self.reliable_seq = 0

    # waiting
    def wait(self, test, timeout=5, what=""):
        end = time.monotonic() + timeout
        with self.changed:
            while not test():
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(
                        f"{self.phone.user}: waited {timeout} s for {what or test}; state {self.state}, "
                        f"responses {[r.status for r in self.responses]}, final {self.final}")
                self.changed.wait(min(left, 0.1))
        return self

    def wait_status(self, status, timeout=5):
        return self.wait(lambda: any(r.status == status for r in self.responses), timeout, status)

    def wait_up(self, timeout=5):
        return self.wait(lambda: self.state == "up", timeout, "up")

    def wait_ended(self, timeout=5):
        return self.wait(lambda: self.state == "ended", timeout, "ended")

    def wait_held(self, held=True, timeout=5):
        return self.wait(lambda: (self.remote_direction in ("sendonly", "inactive")) == held, timeout, f"held={held}")

    def note(self):
        with self.changed:
            self.changed.notify_all()

    # bodies
    def sdp(self, direction=None, address=None):
        ip = address or self.phone.ip
        family = "IP6" if ":" in ip else "IP4"
        names = {8: "PCMA", 0: "PCMU"}
        return (f"v=0\r\no=- {self.cseq} {self.sdp_version} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\n"
                f"t=0 0\r\nm=audio {self.rtp.port} RTP/AVP {self.phone.codec} 101\r\n"
                f"a=rtpmap:{self.phone.codec} {names[self.phone.codec]}/8000\r\n"
                f"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
                f"a={direction or self.direction}\r\n").encode()

    def take_sdp(self, body):
        text = body.decode("utf-8", "replace")
        port, ip = re.search(r"m=audio (\d+)", text), re.search(r"c=IN IP[46] (\S+)", text)
        if not port or not ip:
            return
        self.rtp.remote = (ip.group(1), int(port.group(1))) if int(port.group(1)) else None
        event = re.search(r"a=rtpmap:(\d+) telephone-event", text)
        if event:
            self.rtp.dtmf_type = int(event.group(1))
        d = re.search(r"a=(sendrecv|sendonly|recvonly|inactive)", text)
        self.remote_direction = d.group(1) if d else "sendrecv"
        if ip.group(1) in ("0.0.0.0", "::"):
            self.remote_direction, self.rtp.remote = "inactive", None

    # sending
    def request(self, method, headers="", body=b"", content="application/sdp", cseq=None, branch=None):
        if cseq is None:
            self.cseq += 1
            cseq = self.cseq
        p = self.phone
        remote = f"<{self.remote_uri}>" + (f";tag={self.remote_tag}" if self.remote_tag else "")
        text = (f"{method} {self.target} SIP/2.0\r\n"
                f"Via: SIP/2.0/{p.link.transport.upper()} {p.host}:{p.link.port};branch=z9hG4bK{branch or token()};rport\r\n"
                f"Max-Forwards: 70\r\nFrom: {p.name_addr(self)};tag={self.local_tag}\r\nTo: {remote}\r\n"
                f"Call-ID: {self.call_id}\r\nCSeq: {cseq} {method}\r\nContact: {p.contact}\r\n"
                + "".join(f"Route: {r}\r\n" for r in self.route)
                + "Supported: replaces, timer, 100rel\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, REFER, NOTIFY, INFO, OPTIONS\r\n"
                + headers + (f"Content-Type: {content}\r\n" if body else "") + f"Content-Length: {len(body)}\r\n\r\n")
        p.link.send(text, body)
        return cseq

    def reply(self, m, status, reason="", headers="", body=b""):
        to = m.get("to")
        if status > 100 and ";tag=" not in to:
            to += f";tag={self.local_tag}"
        p = self.phone
        text = (f"SIP/2.0 {status} {reason or 'X'}\r\n" + "".join(f"Via: {v}\r\n" for v in m.all("via"))
                + "".join(f"Record-Route: {v}\r\n" for v in m.all("record-route"))
                + f"From: {m.get('from')}\r\nTo: {to}\r\nCall-ID: {m.get('call-id')}\r\nCSeq: {m.get('cseq')}\r\n"
                + f"Contact: {p.contact}\r\n" + headers
                + ("Content-Type: application/sdp\r\n" if body else "") + f"Content-Length: {len(body)}\r\n\r\n")
        p.link.send(text, body, getattr(m, "source", None))

    # what a person does
    def ring(self):
        self.reply(self.invite, 180, "Ringing")
        self.state = "ringing"

    def answer(self):
        self.state = "answering"
        self.reply(self.invite, 200, "OK", body=self.sdp())
        return self.wait(lambda: self.state in ("up", "ended"), 5, "ACK")

    def refuse(self, status):
        self.reply(self.invite, status, "No")
        self.final, self.state = status, "ended"

    def hang_up(self):
        if self.state in ("ended", "new"):
            pass
        elif self.outgoing and self.state in ("calling", "ringing"):
            n, _ = self.invite_cseq, 0
            self.request("CANCEL", cseq=n, branch=self.invite_branch)
            return self
        elif not self.outgoing and self.state == "ringing":
            self.refuse(603)
        else:
            self.request("BYE")
            self.state = "ended"
        self.rtp.closed = True
        return self

    def digits(self, text):
        self.rtp.digits(text)
        return self

    def info_digit(self, digit):
        self.request("INFO", body=f"Signal={digit}\r\nDuration=160\r\n".encode(), content="application/dtmf-relay")

    def hold(self, style="sendonly"):
        self.sdp_version += 1
        self.direction = style if style != "zero" else "sendrecv"
        body = self.sdp(address="0.0.0.0" if style == "zero" else None)
        self.reinvite(body)

    def retrieve(self):
        self.sdp_version += 1
        self.direction = "sendrecv"
        self.reinvite(self.sdp())

    def reinvite(self, body):
        self.responses = []
        self.invite_request(body)
        self.wait(lambda: any(r.status >= 200 for r in self.responses), 5, "answer to re-INVITE")

    def refer(self, number, replaces=None):
        uri = f"sip:{number}@{self.phone.domain}"
        if replaces:
            r = replaces
            uri = f"{r.target.split(';')[0]}?Replaces={r.call_id}%3Bto-tag%3D{r.remote_tag}%3Bfrom-tag%3D{r.local_tag}"
        self.refer_status = []
        self.request("REFER", headers=f"Refer-To: <{uri}>\r\nReferred-By: {self.phone.contact}\r\n")
        return self

    # what arrives
    def on_response(self, m):
        n, method = m.cseq
        if method == "INVITE" and n == self.invite_cseq:
            self.on_invite_response(m)
        elif method == "REFER":
            self.refer_response = m.status
        self.last_response = m
        self.note()

    def on_invite_response(self, m):
        self.responses.append(m)
        first = self.state in ("calling", "ringing", "cancelled")
        if m.status >= 200 and m.status < 300:
            self.remote_tag = m.tag("to")
            self.route = list(reversed(m.all("record-route")))
            self.target = m.contact_uri() or self.target
            self.request("ACK", cseq=m.cseq[0])
            self.take_sdp(m.body)
            if first:
                self.final = m.status
            self.state = "up"
        elif m.status >= 300:
            keep, tag = self.target, self.remote_tag
            self.remote_tag = m.tag("to")
            if first:
                self.target = self.request_uri
            self.request("ACK", cseq=m.cseq[0], branch=self.invite_branch)
            self.target = keep
            if not first:
                self.remote_tag = tag
            elif m.status in (401, 407) and not self.tried:
                self.tried = True
                self.send_invite(self.phone.credentials(m, "INVITE", self.request_uri))
            else:
                self.final, self.state = m.status, "ended"
        elif m.status > 100:
            self.state = "ringing"
            if m.body:
                self.take_sdp(m.body)
            if m.get("rseq"):
                self.prack(m)

    def prack(self, m):
        keep = self.target, self.remote_tag
        self.target, self.remote_tag = m.contact_uri() or self.target, m.tag("to")
        self.request("PRACK", headers=f"RAck: {m.get('rseq')} {m.get('cseq')}\r\n")
        self.target = keep[0]

    def invite_request(self, body, headers=""):
        """What an answer is known by is set before anything is sent: it may come at once."""
        self.cseq += 1
        self.invite_cseq, self.invite_branch = self.cseq, token()
        self.request("INVITE", headers=headers, body=body, cseq=self.cseq, branch=self.invite_branch)

    def send_invite(self, headers=""):
        self.remote_tag = ""
        self.target = self.request_uri
        self.state = "calling"
        self.invite_request(self.sdp(), headers + self.extra)

    def on_request(self, m):
        self.requests.append(m)
        handler = getattr(self, "on_" + m.method.lower(), None)
        if handler:
            handler(m)
        else:
            self.reply(m, 200, "OK")
        self.note()

    def on_invite(self, m):
        if self.state == "new":
            self.invite, self.state = m, "offered"
            self.remote_tag, self.target = m.tag("from"), m.contact_uri()
            self.route = m.all("record-route")
            self.take_sdp(m.body)
            self.reply(m, 100, "Trying")
            return
        if m.cseq[0] == self.invite.cseq[0] if self.invite else False:
            return
        self.take_sdp(m.body)
        direction = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}.get(self.remote_direction, self.direction)
        self.reply(m, 200, "OK", body=self.sdp(direction))

    def on_ack(self, m):
        if m.body:
            self.take_sdp(m.body)
        if self.state == "answering":
            self.state = "up"

    def on_bye(self, m):
        self.reply(m, 200, "OK")
        self.state = "ended"
        self.rtp.closed = True

    def on_cancel(self, m):
        self.reply(m, 200, "OK")
        if self.state in ("offered", "ringing"):
            self.reply(self.invite, 487, "Request Terminated")
            self.state = "ended"

    def on_update(self, m):
        if m.body:
            self.take_sdp(m.body)
        self.reply(m, 200, "OK", body=self.sdp() if m.body else b"")

    def on_notify(self, m):
        self.reply(m, 200, "OK")
        if m.get("event").startswith("refer"):
            self.refer_status.append(m.body.decode().strip())


class Phone:
    def __init__(self, server="127.0.0.1", port=5060, user="", password="", transport="udp",
                 ip="127.0.0.1", codec=8, display="", local_port=0):
        self.user, self.password, self.ip, self.codec, self.display = user, password, ip, codec, display
        self.domain = f"[{server}]" if ":" in server else server
        self.host = f"[{ip}]" if ":" in ip else ip
        self.calls, self.incoming = {}, queue.Queue()
        self.auto = None            # called with each new incoming call
        self.register_done = queue.Queue()
        self.register_cseq, self.register_id = 0, token()
        self.unmatched = []
        self.link = Link(server, port, transport, ip, self.on_message, local_port)
        self.port = port

    @property
    def contact(self):
        scheme = "" if self.link.transport == "udp" else f";transport={self.link.transport}"
        return f"<sip:{self.user}@{self.host}:{self.link.port}{scheme}>"

    def name_addr(self, call=None):
        display = f'"{self.display}" ' if self.display else ""
        return f"{display}<sip:{self.user}@{self.domain}>"

    def credentials(self, m, method, uri):
        name = "authorization" if m.status == 401 else "proxy-authorization"
        challenge = m.get("www-authenticate") or m.get("proxy-authenticate")
        c = {k.lower(): a or b for k, a, b in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)}
        algorithm = c.get("algorithm", "MD5")
        h = (lambda s: hashlib.sha256(s.encode()).hexdigest()) if algorithm.upper().startswith("SHA-256") \
            else (lambda s: hashlib.md5(s.encode()).hexdigest())
        ha1 = h(f"{self.user}:{c['realm']}:{self.password}")
        ha2 = h(f"{method}:{uri}")
        text = f'Digest username="{self.user}", realm="{c["realm"]}", nonce="{c["nonce"]}", uri="{uri}", algorithm={algorithm}'
        if "qop" in c:
            cnonce = token(4)
            answer = h(f"{ha1}:{c['nonce']}:00000001:{cnonce}:auth:{ha2}")
            text += f', qop=auth, nc=00000001, cnonce="{cnonce}"'
        else:
            answer = h(f"{ha1}:{c['nonce']}:{ha2}")
        text += f', response="{answer}"'
        if "opaque" in c:
            text += f', opaque="{c["opaque"]}"'
        return f"{name.title()}: {text}\r\n"

    def register(self, expires=300, contact=None, timeout=5):
        """Registers and returns the last status."""
        headers, uri = "", f"sip:{self.domain}"
        for _ in range(2):
            self.register_cseq += 1
            self.link.send(
                f"REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/{self.link.transport.upper()} {self.host}:{self.link.port};branch=z9hG4bK{token()};rport\r\n"
                f"Max-Forwards: 70\r\nFrom: {self.name_addr()};tag={token(4)}\r\nTo: {self.name_addr()}\r\n"
                f"Call-ID: {self.register_id}\r\nCSeq: {self.register_cseq} REGISTER\r\n"
                f"Contact: {contact or self.contact}\r\nExpires: {expires}\r\n{headers}Content-Length: 0\r\n\r\n")
            m = self.register_done.get(timeout=timeout)
            if m.status != 401:
                break
            headers = self.credentials(m, "REGISTER", uri)
        self.registered = m
        return m.status

    def call(self, number, headers=""):
        c = Call(self, True)
        c.request_uri = c.remote_uri = f"sip:{number}@{self.domain}:{self.port}"
        c.tried, c.extra = False, headers
        self.calls[c.call_id] = c
        c.send_invite()
        return c

    def wait_call(self, timeout=5):
        try:
            return self.incoming.get(timeout=timeout)
        except queue.Empty:
            raise AssertionError(f"{self.user}: no call within {timeout} s") from None

    def no_call(self, seconds=1.0):
        try:
            self.incoming.get(timeout=seconds)
        except queue.Empty:
            return
        raise AssertionError(f"{self.user}: rang, but should not")

    def on_message(self, m, source):
        m.source = source
        if m.status and m.cseq[1] == "REGISTER":
            if m.status >= 200:
                self.register_done.put(m)
            return
        call = self.calls.get(m.get("call-id"))
        if m.status:
            if call:
                call.on_response(m)
            return
        if not call:
            call = Call(self, False)
            if m.method != "INVITE":
                self.unmatched.append(m)
                if m.method != "ACK":
                    call.reply(m, 200 if m.method in ("OPTIONS", "NOTIFY") else 481, "X")
                return
            call.call_id = m.get("call-id")
            if b"RTP/SAVP" in m.body:  # no SRTP here: the other end may offer again without
                call.reply(m, 488, "Not Acceptable Here")
                call.rtp.close()
                return
            bare = re.match(r"\s*(?:.*<([^>]+)>|([^;]+))", m.get("from"))
            call.remote_uri = bare.group(1) or bare.group(2)
            self.calls[call.call_id] = call
            call.on_request(m)
            if self.auto:
                threading.Thread(target=self.auto, args=(call,), daemon=True).start()
            self.incoming.put(call)
            return
        call.on_request(m)

    def close(self):
        """Leaves as a phone does that is switched off in order: calls ended, binding removed."""
        for c in list(self.calls.values()):
            if c.state in ("up", "calling", "ringing"):
                try:
                    c.hang_up()
                except OSError:
                    pass
            c.rtp.close()
        if getattr(self, "registered", None) and self.registered.status == 200:
            try:
                self.register(expires=0, timeout=1)
            except (OSError, queue.Empty):
                pass
        self.link.close()
