/**
 * The desk's sounds. Arriving calls ring in the loudspeaker; while the operator talks there is one
 * soft tick instead. The headset itself is loaded when duty begins.
 */
import { effect, signal } from "@preact/signals";
import { choice, routeTo } from "../sound/devices";

/** What console/src/sound/headset.ts gives. */
export interface Headset {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /** Calls back with 0 to 1 until the returned function is called. */
  watchLevel(call: (level: number) => void): () => void;
  /** True while the far end is heard speaking. */
  hears(): boolean;
}

let connecting: Promise<void> | undefined;
/** Loaded when it is first connected; whoever asks meanwhile waits for the same. */
function firstConnect(): Promise<void> {
  connecting ??= (async () => {
    const { makeHeadset } = await import("../sound/headset");
    const made = makeHeadset();
    await made.connect();
    headset.value = made;
  })().finally(() => (connecting = undefined));
  return connecting;
}

const silent: Headset = {
  connect: firstConnect,
  disconnect: () => Promise.resolve(),
  watchLevel: () => () => undefined,
  hears: () => false,
};
export const headset = signal<Headset>(silent);
/** Why the headset isn't there: a key of lang/, "" it is. */
export const trouble = signal("");

/** For a page that was loaded anew while its operator is on duty. */
export async function connectAgain(): Promise<void> {
  if (headset.value !== silent) return;
  try {
    await headset.value.connect();
    trouble.value = "";
  } catch {
    trouble.value = "console.desk.start.no_headset";
  }
}

const RING_HZ = 450;
const ON_S = 1;
const EVERY_S = 5;

type Place = "ear" | "loudspeaker";
const contexts: Partial<Record<Place, AudioContext>> = {};
let ringing: { stop(): void } | undefined;

function audio(place: Place): AudioContext | undefined {
  if (typeof AudioContext === "undefined") return undefined;
  let context = contexts[place];
  if (!context) {
    const made = new AudioContext();
    contexts[place] = context = made;
    effect(() => void routeTo(made, choice.value[place]));
  }
  void context.resume().catch(() => undefined);
  return context;
}

function tone(ctx: AudioContext, at: number, length: number, loud: number): OscillatorNode {
  const osc = ctx.createOscillator();
  const gain = ctx.createGain();
  osc.frequency.value = RING_HZ;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loud, at + 0.02);
  gain.gain.setValueAtTime(loud, at + length - 0.03);
  gain.gain.linearRampToValueAtTime(0, at + length);
  osc.connect(gain).connect(ctx.destination);
  osc.start(at);
  osc.stop(at + length);
  return osc;
}

function startRinging(): { stop(): void } | undefined {
  const ctx = audio("loudspeaker");
  if (!ctx) return undefined;
  const last: { osc?: OscillatorNode } = {};
  const burst = () => (last.osc = tone(ctx, ctx.currentTime, ON_S, 0.12));
  burst();
  const timer = window.setInterval(burst, EVERY_S * 1000);
  return {
    stop() {
      window.clearInterval(timer);
      last.osc?.stop();
    },
  };
}

export const sound = {
  watchLevel: (call: (level: number) => void) => headset.value.watchLevel(call),
  /** `rings`: somebody waits and the operator's hands are free. */
  ring(rings: boolean): void {
    if (rings && !ringing) ringing = startRinging();
    if (!rings && ringing) {
      ringing.stop();
      ringing = undefined;
    }
  },
  tick(): void {
    const ctx = audio("ear");
    if (ctx) tone(ctx, ctx.currentTime, 0.06, 0.03);
  },
};
