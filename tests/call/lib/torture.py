"""RFC 4475's torture messages, in the RFC's own notation: <allOneLine>, <hex>, <repeat>, and
<length> where the body's size stands."""
import os
import re
import socket
import time

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "torture")


def expand(text):
    text = re.sub(r"<allOneLine>\n(.*?)\n?</allOneLine>", lambda m: m.group(1).replace("\n", ""), text, flags=re.S)
    text = re.sub(r"<repeat count=(\d+)>(.*?)</repeat>", lambda m: m.group(2) * int(m.group(1)), text, flags=re.S)
    data = text.encode().replace(b"\n", b"\r\n")
    data = re.sub(rb"<hex>([0-9A-Fa-f]*)</hex>", lambda m: bytes.fromhex(m.group(1).decode()), data)
    head, gap, body = data.partition(b"\r\n\r\n")
    return head.replace(b"<length>", b"%d" % len(body)) + gap + body


def messages():
    out = {}
    for name in sorted(os.listdir(FOLDER)):
        with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
            out[name[:-4]] = expand(f.read())
    return out


class Source:
    """Somebody at an address of their own, who sends bytes and collects answers. Port 5060: there
    answers without rport go."""

    def __init__(self, address, server, port=5060):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sock.bind((address, port))
        self.sock.setblocking(False)
        self.server, self.address = server, address

    def send(self, data):
        try:
            self.sock.sendto(data, self.server)
        except OSError:
            pass  # larger than a datagram can be

    def answers(self, seconds=0.0, enough=None):
        """All that came within the time, as (status or method, Call-ID)."""
        got, end = [], time.monotonic() + seconds
        while True:
            try:
                data = self.sock.recv(65535)
            except BlockingIOError:
                if time.monotonic() >= end or (enough and enough(got)):
                    return got
                time.sleep(0.005)
                continue
            first = data.split(b"\r\n", 1)[0].split()
            call = re.search(rb"(?im)^(?:call-id|i)\s*:\s*(\S+)", data)
            if len(first) > 1:
                got.append((int(first[1]) if first[0].startswith(b"SIP/") else first[0].decode(),
                            call.group(1).decode(errors="replace") if call else "", data))

    def close(self):
        self.sock.close()
