/** Which devices and which processing were chosen in this browser. */
import { signal } from "@preact/signals";
import { keep, read } from "../state/prefs";

export const CODECS = ["opus", "pcma"] as const;
export type Codec = (typeof CODECS)[number];

export interface Choice {
  /** "" is the system's default. */
  microphone: string;
  ear: string;
  loudspeaker: string;
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
  codec: Codec;
}

const FIRST: Choice = {
  microphone: "",
  ear: "",
  loudspeaker: "",
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
  codec: "opus",
};

function kept(): Choice {
  try {
    const found = JSON.parse(read("sound_devices") ?? "{}") as Partial<Choice>;
    return { ...FIRST, ...found };
  } catch {
    return FIRST;
  }
}

export const choice = signal<Choice>(kept());

export function choose(change: Partial<Choice>): void {
  choice.value = { ...choice.value, ...change };
  keep("sound_devices", JSON.stringify(choice.value));
}

export interface Devices {
  microphones: MediaDeviceInfo[];
  outputs: MediaDeviceInfo[];
}
export const devices = signal<Devices>({ microphones: [], outputs: [] });

/** Names are told by browsers only once the microphone has been allowed. */
export async function findDevices(): Promise<void> {
  const all = await navigator.mediaDevices.enumerateDevices();
  devices.value = {
    microphones: all.filter((d) => d.kind === "audioinput"),
    outputs: all.filter((d) => d.kind === "audiooutput"),
  };
}

/** A key of lang/ for what kept the microphone away. */
export function troubleOf(e: unknown): string {
  const name = e instanceof DOMException ? e.name : "";
  if (name === "NotFoundError" || name === "OverconstrainedError")
    return "console.sound.trouble.no_device";
  return "console.sound.trouble.permission";
}

export async function openMicrophone(): Promise<MediaStream> {
  const c = choice.value;
  return navigator.mediaDevices.getUserMedia({
    audio: {
      ...(c.microphone ? { deviceId: c.microphone } : {}),
      echoCancellation: c.echoCancellation,
      noiseSuppression: c.noiseSuppression,
      autoGainControl: c.autoGainControl,
      channelCount: 1,
    },
  });
}

interface Routed {
  setSinkId?(id: string): Promise<void>;
}

/** An element or a context is heard by that output, where the browser can and the device is there. */
export async function routeTo(target: object, output: string): Promise<void> {
  try {
    await (target as Routed).setSinkId?.(output);
  } catch {
    // the device has gone: the default stays
  }
}
