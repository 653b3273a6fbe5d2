/**
 * The operator's headset: microphone and ear as chosen, joined to the server by a line. Another
 * device or a new network leaves calls alone.
 */
import { effect, signal } from "@preact/signals";
import { Refusal } from "../api/client";
import type { Headset } from "../desk/sound";
import { choice, findDevices, openMicrophone, routeTo, troubleOf } from "./devices";
import { findHook } from "./hook";
import { Line, type LineState } from "./line";
import { Meter, watch } from "./meter";

const ECHO_S = 1;

/** A key of lang/ for what is wrong, "" nothing is. */
export const soundTrouble = signal("");

const TROUBLES: Partial<Record<LineState, string>> = {
  lost: "console.sound.trouble.lost",
  elsewhere: "console.sound.trouble.elsewhere",
};

/** A microphone, an ear, and the line between them and the server. */
export class Handset implements Headset {
  private readonly ear = new Audio();
  private microphone: MediaStream | undefined;
  private mine: Meter | undefined;
  private theirs: Meter | undefined;
  private muted = false;
  private used = "";
  private stopWatching: (() => void) | undefined;
  readonly line: Line;

  constructor(where: string) {
    this.ear.autoplay = true;
    this.line = new Line(
      where,
      () => choice.value.codec,
      (stream) => this.hear(stream),
    );
  }

  get state(): LineState {
    return this.line.state.value;
  }

  async connect(): Promise<void> {
    if (!("mediaDevices" in navigator)) {
      soundTrouble.value = "console.sound.trouble.insecure";
      throw new DOMException("", "SecurityError");
    }
    try {
      const track = await this.takeMicrophone();
      await this.line.open(track);
    } catch (e) {
      soundTrouble.value = e instanceof Refusal ? "console.sound.trouble.refused" : troubleOf(e);
      await this.disconnect();
      throw e;
    }
    this.stopWatching ??= effect(() => {
      soundTrouble.value = TROUBLES[this.line.state.value] ?? "";
      void this.changed();
    });
    navigator.mediaDevices.addEventListener("devicechange", this.onDevices);
    void findDevices();
    void findHook().catch(() => undefined);
  }

  async disconnect(): Promise<void> {
    this.stopWatching?.();
    this.stopWatching = undefined;
    navigator.mediaDevices.removeEventListener("devicechange", this.onDevices);
    this.letGo();
    this.theirs?.close();
    this.theirs = undefined;
    this.ear.srcObject = null;
    await this.line.close();
  }

  /** Neither side hears the other for as long as it is on. */
  mute(on: boolean): void {
    this.muted = on;
    const ear = this.ear.srcObject;
    const heard = ear instanceof MediaStream ? ear.getTracks() : [];
    for (const track of [...heard, ...(this.microphone?.getTracks() ?? [])]) track.enabled = !on;
  }

  watchLevel(call: (level: number) => void): () => void {
    return watch(() => this.mine, call);
  }

  hears(): boolean {
    return this.theirs?.speaks() ?? false;
  }

  private readonly onDevices = () => {
    void findDevices();
    // the microphone that was unplugged is replaced by the default
    if (this.microphone?.getAudioTracks()[0]?.readyState === "ended") {
      this.used = "";
      void this.changed();
    }
  };

  private letGo(): void {
    this.mine?.close();
    this.mine = undefined;
    for (const track of this.microphone?.getTracks() ?? []) track.stop();
    this.microphone = undefined;
    this.used = "";
  }

  private wanted(): string {
    const c = choice.value;
    return JSON.stringify([
      c.microphone,
      c.echoCancellation,
      c.noiseSuppression,
      c.autoGainControl,
    ]);
  }

  private async takeMicrophone(): Promise<MediaStreamTrack> {
    const wanted = this.wanted();
    const stream = await openMicrophone();
    const track = stream.getAudioTracks()[0];
    if (!track) throw new DOMException("", "NotFoundError");
    this.letGo();
    this.used = wanted;
    this.microphone = stream;
    this.mine = new Meter(stream);
    track.enabled = !this.muted;
    return track;
  }

  /** Devices were chosen anew. */
  private async changed(): Promise<void> {
    void routeTo(this.ear, choice.value.ear);
    if (this.wanted() === this.used || this.line.state.value === "off") return;
    try {
      await this.line.replace(await this.takeMicrophone());
    } catch (e) {
      soundTrouble.value = troubleOf(e);
    }
  }

  private hear(stream: MediaStream): void {
    this.theirs?.close();
    this.theirs = new Meter(stream);
    this.ear.srcObject = stream;
    void routeTo(this.ear, choice.value.ear);
    void this.ear.play().catch(() => {
      // not before a person has touched the page
      window.addEventListener("keydown", () => void this.ear.play(), { once: true });
      window.addEventListener("pointerdown", () => void this.ear.play(), { once: true });
    });
  }
}

export function makeHeadset(): Handset {
  return new Handset("/api/v1/headset");
}

/** One's own voice a second later in one's own ear, without the server. Ends by what it returns. */
export async function startEcho(onLevel: (level: number) => void): Promise<() => void> {
  const stream = await openMicrophone();
  void findDevices();
  const context = new AudioContext();
  const delay = context.createDelay(ECHO_S);
  delay.delayTime.value = ECHO_S;
  context.createMediaStreamSource(stream).connect(delay).connect(context.destination);
  await routeTo(context, choice.value.ear);
  const meter = new Meter(stream);
  const stop = watch(() => meter, onLevel);
  return () => {
    stop();
    meter.close();
    for (const track of stream.getTracks()) track.stop();
    void context.close();
  };
}
