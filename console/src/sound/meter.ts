/** How loud a stream is. */

const FLOOR_DB = -60;
const SPEAKS = 0.3; // of the scale: -42 dB
const EVERY_MS = 60;

let shared: AudioContext | undefined;
export function audioContext(): AudioContext {
  shared ??= new AudioContext();
  void shared.resume().catch(() => undefined);
  return shared;
}

export class Meter {
  private readonly source: MediaStreamAudioSourceNode;
  private readonly analyser: AnalyserNode;
  private readonly room: Float32Array<ArrayBuffer>;

  constructor(stream: MediaStream) {
    const context = audioContext();
    this.source = context.createMediaStreamSource(stream);
    this.analyser = context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.room = new Float32Array(this.analyser.fftSize);
    this.source.connect(this.analyser);
  }

  /** 0 to 1, in decibels from -60 to 0. */
  level(): number {
    this.analyser.getFloatTimeDomainData(this.room);
    const power = this.room.reduce((sum, x) => sum + x * x, 0) / this.room.length;
    if (power <= 0) return 0;
    return Math.min(1, Math.max(0, 1 - (10 * Math.log10(power)) / FLOOR_DB));
  }

  speaks(): boolean {
    return this.level() > SPEAKS;
  }

  close(): void {
    this.source.disconnect();
  }
}

/** Calls back with the level of whatever meter there is, until the returned function is called. */
export function watch(meter: () => Meter | undefined, call: (level: number) => void): () => void {
  const timer = window.setInterval(() => call(meter()?.level() ?? 0), EVERY_MS);
  return () => window.clearInterval(timer);
}
