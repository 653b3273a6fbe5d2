/** An operator's own greeting: recorded in the page, cut, written as WAV. The server levels it. */
import { Refusal, send } from "../api/client";

export const RATE = 16_000;
export const MOST_S = 10;
const EDGE_MS = 150;
/** Of full scale: what is quieter for longer than EDGE_MS at either end isn't speech. */
const SILENCE = 0.012;

/** Where speech begins and ends, in samples; all of it when nothing is loud enough. */
export function speechSpan(samples: Float32Array, rate: number): [number, number] {
  const edge = Math.round((EDGE_MS * rate) / 1000);
  let first = -1;
  let last = -1;
  for (let i = 0; i < samples.length; i++) {
    if (Math.abs(samples[i] ?? 0) < SILENCE) continue;
    if (first < 0) first = i;
    last = i;
  }
  if (first < 0) return [0, samples.length];
  return [Math.max(0, first - edge), Math.min(samples.length, last + 1 + edge)];
}

/** Mean level and peak in dB of full scale; −99 for silence. */
export function levelsOf(samples: Float32Array): { mean: number; peak: number } {
  let sum = 0;
  let most = 0;
  for (const x of samples) {
    sum += x * x;
    most = Math.max(most, Math.abs(x));
  }
  const db = (x: number) => (x > 0 ? Math.max(-99, 20 * Math.log10(x)) : -99);
  return { mean: db(Math.sqrt(sum / Math.max(1, samples.length))), peak: db(most) };
}

export type Judged = "silent" | "quiet" | "loud" | "good";
export function judge({ mean, peak }: { mean: number; peak: number }): Judged {
  if (peak < -40) return "silent";
  if (peak > -0.2) return "loud";
  return mean < -38 ? "quiet" : "good";
}

/** 16-bit mono. */
export function wavOf(samples: Float32Array, rate: number): Blob {
  const data = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const word = (at: number, text: string) =>
    Array.from(text).forEach((c, i) => data.setUint8(at + i, c.charCodeAt(0)));
  word(0, "RIFF");
  data.setUint32(4, 36 + samples.length * 2, true);
  word(8, "WAVEfmt ");
  data.setUint32(16, 16, true);
  data.setUint16(20, 1, true);
  data.setUint16(22, 1, true);
  data.setUint32(24, rate, true);
  data.setUint32(28, rate * 2, true);
  data.setUint16(32, 2, true);
  data.setUint16(34, 16, true);
  word(36, "data");
  data.setUint32(40, samples.length * 2, true);
  samples.forEach((x, i) =>
    data.setInt16(44 + i * 2, Math.round(Math.max(-1, Math.min(1, x)) * 32767), true),
  );
  return new Blob([data.buffer], { type: "audio/wav" });
}

/** What a recorder made, as samples at RATE with the silence before and after cut off. */
export async function samplesOf(recorded: Blob): Promise<Float32Array> {
  const bytes = await recorded.arrayBuffer();
  const one = new OfflineAudioContext(1, 1, RATE);
  const sound = await one.decodeAudioData(bytes); // to the context's rate
  const mono = new Float32Array(sound.length);
  for (let c = 0; c < sound.numberOfChannels; c++)
    sound
      .getChannelData(c)
      .forEach((x, i) => (mono[i] = (mono[i] ?? 0) + x / sound.numberOfChannels));
  const [from, to] = speechSpan(mono, RATE);
  return mono.slice(from, Math.min(to, from + MOST_S * RATE));
}

const path = (language: string, line: string) =>
  `/api/v1/desk/greetings/${language}${line ? `?line=${line}` : ""}`;
/** undefined: none is kept. `line`: the number that was called, "" every line. */
export async function keptGreeting(language: string, line: string): Promise<Blob | undefined> {
  try {
    const sound = await (await send("GET", path(language, line))).blob();
    return new Blob([sound], { type: "audio/wav" });
  } catch (e) {
    if (e instanceof Refusal && e.status === 404) return undefined;
    throw e;
  }
}
export const keepGreeting = (language: string, line: string, wav: Blob) =>
  send("PUT", path(language, line), wav);
export const dropGreeting = (language: string, line: string) =>
  send("DELETE", path(language, line));
