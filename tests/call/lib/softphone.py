"""Soft phones that nobody here wrote, without a sound card: Debian's baresip by its control socket,
and linphone's console. Each runs in a network namespace, says a tone, writes down what it hears."""
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import wave

from . import sound

MODULES = "/usr/lib/baresip/modules"


def write_wav(path, samples, rate=sound.RATE):
    with wave.open(path, "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(samples.tobytes())


def growing_wav(path):
    """The samples of a WAV file whose header isn't finished yet, at 8 kHz."""
    import audioop
    import numpy as np
    with open(path, "rb") as f:
        data = f.read()
    if len(data) < 44:
        return np.zeros(0, np.int16)
    channels, rate = (int.from_bytes(data[22:24], "little") or 1), (int.from_bytes(data[24:28], "little") or sound.RATE)
    at = data.find(b"data") + 8 if b"data" in data[:64] else 44
    body = data[at:len(data) - (len(data) - at) % (2 * channels)]
    if channels == 2:
        body = audioop.tomono(body, 2, 0.5, 0.5)
    if rate != sound.RATE:
        body, _ = audioop.ratecv(body, 2, 1, rate, sound.RATE, None)
    return np.frombuffer(body, dtype=np.int16)


class Softphone:
    def __init__(self, net, folder, user, password, server, port, transport, address, hz):
        self.net, self.dir, self.user, self.password = net, folder, user, password
        self.server, self.port, self.transport = server, port, transport
        self.address, self.hz, self.process = address, hz, None
        self.changed = threading.Condition()
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.log = open(os.path.join(folder, "log"), "w+b")

    def spawn(self, command, **more):
        env = dict(os.environ, HOME=self.dir, LC_ALL="C")
        self.process = subprocess.Popen(self.net.run(*command), cwd=self.dir, env=env,
                                        start_new_session=True, **more)

    def uri(self, number):
        return f"sip:{number}@{self.server}:{self.port}"

    def tail(self, lines=12):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return "\n".join(f.read().splitlines()[-lines:])

    def wait(self, test, timeout, what):
        end = time.monotonic() + timeout
        while not test():
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{type(self).__name__} {self.user}: no {what} in {timeout} s\n{self.tail()}")
            with self.changed:
                self.changed.wait(0.1)
        return self

    def close(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.log.close()


class Baresip(Softphone):
    """Driven by netstrings of JSON (module ctrl_tcp); hears by module sndfile."""
    CONTROL = 4444

    def __init__(self, *args, cafile="", local_port=5060, control=CONTROL, answer="auto",
                 modules=()):
        super().__init__(*args)
        self.events, self.replies, self.token = [], {}, 0
        transport = f";transport={self.transport}"
        say = os.path.join(self.dir, "say.wav")
        write_wav(say, sound.tone(self.hz, 40000))
        # registered within 10 ms of its start, module mwi would subscribe without end, deaf to answers: it registers later
        later = "mwi" in modules
        account = (f"<sip:{self.user}@{self.server}:{self.port}{transport}>;auth_user={self.user};"
                   f"auth_pass={self.password};answermode={answer};regint=120;audio_codecs=PCMA")
        with open(os.path.join(self.dir, "accounts"), "w") as f:
            f.write("" if later else account + "\n")
        with open(os.path.join(self.dir, "config"), "w") as f:
            f.write(f"sip_listen {self.address}:{local_port}\n"
                    f"{'sip_cafile ' + cafile if cafile else ''}\n"
                    f"audio_source aufile,{say}\naudio_player aubridge,nil\naudio_alert aubridge,nil\n"
                    f"audio_buffer 20-160\nrtp_ports {20000 + local_port}-{20098 + local_port}\n"
                    f"module_path {MODULES}\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n"
                    + "".join(f"module_app {m}.so\n" for m in modules) +
                    f"module_app account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\n"
                    f"ctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {self.dir}\ncall_max_calls 4\n")
        for f in ("contacts", "uuid"):
            open(os.path.join(self.dir, f), "w").close()
        self.spawn(["baresip", "-f", self.dir], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.link = self.connect(control)
        threading.Thread(target=self.listen, daemon=True).start()
        if later:
            self.wait(lambda: "is ready" in self.tail(400), 8, "start")
            self.command("uanew", account)

    def connect(self, port):
        end = time.monotonic() + 10
        with self.net.inside():
            while True:
                s = socket.socket()
                try:
                    s.connect(("127.0.0.1", port))
                    return s
                except OSError:
                    s.close()
                    if time.monotonic() > end or self.process.poll() is not None:
                        raise AssertionError(f"baresip doesn't start: {self.tail()}") from None
                    time.sleep(0.1)

    def listen(self):
        data = b""
        while True:
            try:
                more = self.link.recv(65536)
            except OSError:
                return
            if not more:
                return
            data += more
            while b":" in data:
                n, _, rest = data.partition(b":")
                if len(rest) < int(n) + 1:
                    break
                m, data = json.loads(rest[:int(n)]), rest[int(n) + 1:]
                with self.changed:
                    if m.get("event"):
                        self.events.append(m)
                    else:
                        self.replies[m.get("token")] = m
                    self.changed.notify_all()

    def command(self, name, params=""):
        self.token += 1
        t = str(self.token)
        text = json.dumps({"command": name, "params": params, "token": t}).encode()
        self.link.sendall(b"%d:%s," % (len(text), text))
        self.wait(lambda: t in self.replies, 5, f"reply to {name}")
        return self.replies[t]

    def mark(self):
        return len(self.events)

    def wait_event(self, kind, since=0, timeout=8):
        self.wait(lambda: any(e["type"] == kind for e in self.events[since:]), timeout,
                  f"{kind} in {[e['type'] for e in self.events[since:]]}")
        return self

    def wait_registered(self):
        return self.wait(lambda: "200 OK" in self.tail(), 8, "registration")

    def call(self, number):
        self.command("dial", self.uri(number))

    def hang_up(self):
        self.command("hangup")

    def heard(self):
        files = sorted(glob.glob(os.path.join(self.dir, "dump-*-dec.wav")), key=os.path.getmtime)
        return growing_wav(files[-1]) if files else sound.tone(0, 0)

    def close(self):
        self.link.close()
        super().close()


class Linphone(Softphone):
    """Driven by the lines of its console; says and hears by files."""

    def __init__(self, *args, cafile="", sip_port=5070, auto=True, rtp=7078):
        super().__init__(*args)
        self.states = os.path.join(self.dir, "states")  # its own log says each state
        os.makedirs(os.path.join(self.dir, ".local/share/linphone"))  # it doesn't start without
        self.record = os.path.join(self.dir, "heard.wav")
        say = os.path.join(self.dir, "say.wav")
        write_wav(say, sound.tone(self.hz, 30000))
        ports = {t: 0 for t in ("udp", "tcp", "tls")}
        ports[self.transport] = sip_port
        rc = os.path.join(self.dir, "rc")
        with open(rc, "w") as f:
            f.write("[sip]\n" + "".join(f"sip_{'port' if t == 'udp' else t + '_port'}={p}\n" for t, p in ports.items())
                    + "guess_hostname=1\nuse_ipv6=0\n"
                    + (f"root_ca={cafile}\n" if cafile else "") +
                    "verify_server_certs=1\nverify_server_cn=1\n"
                    f"[rtp]\naudio_rtp_port={rtp}-{rtp + 40}\n[net]\nmtu=1300\nfirewall_policy=none\n"
                    "[sound]\nechocancellation=0\n[video]\nenabled=0\n[misc]\nuuid=\n")
        self.spawn(["linphonec", "-c", rc, "-d", "5", "-l", self.states] + (["-a"] if auto else []),
                   stdin=subprocess.PIPE, stdout=self.log, stderr=self.log)
        self.type("soundcard use files")
        self.type(f"play {say}")
        self.type(f"record {self.record}")
        self.type(f"register sip:{self.user}@{self.server} "
                  f"<sip:{self.server}:{self.port};transport={self.transport}> {self.password}")

    def type(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def mark(self):
        return os.path.getsize(self.states) if os.path.exists(self.states) else 0

    def said(self, since=0):
        if not os.path.exists(self.states):
            return ""
        with open(self.states, "rb") as f:
            f.seek(since)
            return f.read().decode(errors="replace")

    def wait_state(self, state, since=0, timeout=8):
        """`state` as liblinphone names it: LinphoneRegistrationOk, LinphoneCallStreamsRunning…"""
        return self.wait(lambda: re.search(rf"to \[?{state}\b", self.said(since)), timeout, state)

    def wait_registered(self):
        return self.wait_state("LinphoneRegistrationOk", timeout=12)

    def call(self, number):
        self.type(f"call {self.uri(number)}")

    def heard(self):
        return growing_wav(self.record) if os.path.exists(self.record) else sound.tone(0, 0)
