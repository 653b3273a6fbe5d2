/**
 * One sound connection with the server: an offer is posted, the answer set, and from then on the
 * line looks after itself: a new network restarts ICE, a line that the server has lost is opened
 * anew. The server is ICE-lite with a known address, so nothing is waited for and no candidate of
 * ours need be told.
 */
import { signal } from "@preact/signals";
import { Refusal, send } from "../api/client";
import type { Codec } from "./devices";

export type LineState = "off" | "opening" | "up" | "lost" | "elsewhere";

const RESTART_MS = 1000; // of a connection that is interrupted
const AGAIN_MS = [500, 1000, 2000, 4000];
/** Of a server that can't be reached: short, because a caller waits. */
const UNREACHED_MS = 500;
/** A question into a dead network is given up: its socket would stay silent long after the return. */
const PATIENCE_MS = 4000;

/** RFC 8840: what a restart tells. */
function fragmentOf(sdp: string): string {
  const want = /^a=(ice-ufrag|ice-pwd|mid):/;
  const lines = sdp.split(/\r?\n/).filter((l) => want.test(l));
  const ice = lines.filter((l) => !l.startsWith("a=mid"));
  const mid = lines.filter((l) => l.startsWith("a=mid"));
  return [...ice, "m=audio 9 RTP/AVP 0", ...mid, ""].join("\r\n");
}

/** The last answer with the name, password and candidates of the fragment. */
function withFragment(sdp: string, fragment: string): string {
  const fresh = fragment.split(/\r?\n/);
  const valueOf = (name: string) => fresh.find((l) => l.startsWith(`a=${name}:`));
  const old = /^a=(candidate:|end-of-candidates)/;
  const kept = sdp.split(/\r?\n/).filter((l) => l && !old.test(l));
  const out = kept.map((l) => {
    if (l.startsWith("a=ice-ufrag:")) return valueOf("ice-ufrag") ?? l;
    if (l.startsWith("a=ice-pwd:")) return valueOf("ice-pwd") ?? l;
    return l;
  });
  return [...out, ...fresh.filter((l) => old.test(l)), ""].join("\r\n");
}

/** The wanted codec first, the others of ours behind it; telephone events stay. */
function prefer(transceiver: RTCRtpTransceiver, codec: Codec): void {
  const ours = ["opus", "pcma", "pcmu", "telephone-event"];
  const all = RTCRtpReceiver.getCapabilities("audio")?.codecs ?? [];
  const nameOf = (c: { mimeType: string }) => c.mimeType.toLowerCase().replace("audio/", "");
  const rank = (c: { mimeType: string }) => (nameOf(c) === codec ? -1 : ours.indexOf(nameOf(c)));
  const chosen = all.filter((c) => ours.includes(nameOf(c))).sort((a, b) => rank(a) - rank(b));
  if (chosen.length > 0) transceiver.setCodecPreferences(chosen);
}

export class Line {
  readonly state = signal<LineState>("off");
  private pc: RTCPeerConnection | undefined;
  private location = "";
  private track: MediaStreamTrack | undefined;
  private wanted = false;
  private tries = 0;
  private timer = 0;
  private restarting = false;

  constructor(
    private readonly where: string,
    private readonly codec: () => Codec,
    /** The far end's sound, each time that a connection is made. */
    private readonly onStream: (stream: MediaStream) => void,
  ) {}

  /** Rejects with a Refusal when the server doesn't take it. */
  async open(track: MediaStreamTrack): Promise<void> {
    this.track = track;
    this.wanted = true;
    this.tries = 0;
    window.addEventListener("online", this.onNetwork);
    await this.connect();
  }

  /** Another microphone; calls go on. */
  async replace(track: MediaStreamTrack): Promise<void> {
    this.track = track;
    await this.pc?.getSenders()[0]?.replaceTrack(track);
  }

  async close(): Promise<void> {
    this.wanted = false;
    window.removeEventListener("online", this.onNetwork);
    window.clearTimeout(this.timer);
    this.drop();
    this.state.value = "off";
    if (!this.location) return;
    await send("DELETE", this.location).catch(() => undefined);
    this.location = "";
  }

  /** On a new network the sound finds its way again; calls go on. */
  async restart(): Promise<void> {
    const pc = this.pc;
    const answer = pc?.currentRemoteDescription?.sdp;
    if (!pc || !answer || !this.location || this.restarting) return;
    this.restarting = true;
    window.clearTimeout(this.timer);
    try {
      await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
      const type = "application/trickle-ice-sdpfrag";
      const body = new Blob([fragmentOf(pc.localDescription?.sdp ?? "")], { type });
      const response = await this.ask("PATCH", this.location, body);
      const sdp = response.status === 200 ? withFragment(answer, await response.text()) : answer;
      await pc.setRemoteDescription({ type: "answer", sdp });
    } catch (e) {
      if (pc === this.pc) this.notRestarted(pc, e);
    } finally {
      this.restarting = false;
    }
  }

  /** Out of reach, the server may still have the line: its sound is back soonest. */
  private notRestarted(pc: RTCPeerConnection, e: unknown): void {
    const unreached = e instanceof Refusal && e.status === 0;
    if (unreached && pc.connectionState !== "failed") this.restartIn(UNREACHED_MS);
    else this.again(e instanceof Refusal && !unreached);
  }

  /** A digit into the call. */
  digit(which: string): boolean {
    const dtmf = this.pc?.getSenders()[0]?.dtmf;
    if (!dtmf?.canInsertDTMF) return false;
    dtmf.insertDTMF(which, 100, 70);
    return true;
  }

  private readonly onNetwork = () => {
    if (this.pc?.currentRemoteDescription) void this.restart();
    else if (this.state.value === "lost") this.connectIn(0);
  };

  private restartIn(ms: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.restart(), ms);
  }

  private ask(method: string, path: string, body: Blob): Promise<Response> {
    return send(method, path, body, {}, AbortSignal.timeout(PATIENCE_MS));
  }

  private drop(): void {
    const pc = this.pc;
    this.pc = undefined;
    pc?.close();
  }

  private async connect(): Promise<void> {
    this.drop();
    const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.pc = pc;
    this.state.value = this.state.value === "lost" ? "lost" : "opening";
    if (!this.track) return;
    const stream = new MediaStream([this.track]);
    const transceiver = pc.addTransceiver(this.track, { direction: "sendrecv", streams: [stream] });
    prefer(transceiver, this.codec());
    pc.ontrack = (e) => this.onStream(e.streams[0] ?? new MediaStream([e.track]));
    this.follow(pc);
    await pc.setLocalDescription();
    const body = new Blob([pc.localDescription?.sdp ?? ""], { type: "application/sdp" });
    const response = await this.ask("POST", this.where, body);
    const sdp = await response.text();
    if (pc !== this.pc) return;
    this.location = response.headers.get("Location") ?? "";
    await pc.setRemoteDescription({ type: "answer", sdp });
    const dtls = pc.getSenders()[0]?.transport;
    if (dtls) dtls.onstatechange = () => this.onDtls(pc, dtls.state);
  }

  private follow(pc: RTCPeerConnection): void {
    pc.onconnectionstatechange = () => {
      if (pc !== this.pc) return;
      window.clearTimeout(this.timer);
      if (pc.connectionState === "connected") {
        this.tries = 0;
        this.state.value = "up";
      } else if (pc.connectionState === "disconnected") {
        this.state.value = "lost";
        this.restartIn(RESTART_MS);
      } else if (pc.connectionState === "failed") {
        this.again(false);
      }
    };
  }

  /** The server said good-bye: another page has the sound, or the switchboard closes. */
  private onDtls(pc: RTCPeerConnection, state: RTCDtlsTransportState): void {
    if (pc !== this.pc || state !== "closed" || !this.wanted) return;
    window.clearTimeout(this.timer);
    this.location = "";
    this.drop();
    this.state.value = "elsewhere";
  }

  /** Anew from the beginning; `gone`: the server doesn't know the line any more. */
  private again(gone: boolean): void {
    if (!this.wanted) return;
    if (gone) this.location = "";
    this.state.value = "lost";
    this.connectIn(AGAIN_MS[Math.min(this.tries++, AGAIN_MS.length - 1)] ?? 0);
  }

  private connectIn(ms: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      const connecting = this.connect();
      const pc = this.pc;
      connecting.catch((e: unknown) => {
        if (pc !== this.pc || !this.wanted) return;
        // a refusal is final, but for a server that is busy or away
        if (e instanceof Refusal && e.status > 0 && e.status < 500) this.state.value = "elsewhere";
        else this.again(false);
      });
    }, ms);
  }
}
