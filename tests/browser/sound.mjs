// Sound as a page sends and hears it: the microphone is a tone, and what arrives is measured every
// 50 ms, so that a test can tell afterwards what was heard when, and what never was.
import { check } from "./lib.mjs";

/** dB of a tone in its narrow band. Ours arrive at about -25; music and speech lie below between notes. */
const HEARD_DB = -42;
const SILENT_DB = -50;
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Of the people of a test, between the notes of the music and no multiples of one another. */
export const TONES = { caller: 620, operator: 1480, target: 1100, other: 1400, colleague: 1660 };

/** An init script: the microphone is a tone of `hz`. */
export function voice({ hz, codec = "opus" }) {
  localStorage.setItem("sound_devices", JSON.stringify({ codec, echoCancellation: false, noiseSuppression: false, autoGainControl: false }));
  navigator.mediaDevices.getUserMedia = async () => {
    const context = new AudioContext({ sampleRate: 48000 });
    const tone = context.createOscillator();
    const loud = context.createGain();
    const to = context.createMediaStreamDestination();
    tone.frequency.value = hz;
    loud.gain.value = 0.3;
    tone.connect(loud).connect(to);
    tone.start();
    await context.resume();
    return to.stream;
  };
}

/** An init script: what is heard at the moment, the strongest tone or any. */
export function spectrum() {
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      window.line = this;
      this.addEventListener("track", (e) => {
        const context = new AudioContext({ sampleRate: 48000 });
        const analyser = context.createAnalyser();
        analyser.fftSize = 8192;
        analyser.smoothingTimeConstant = 0;
        context.createMediaStreamSource(e.streams[0]).connect(analyser);
        const each = context.sampleRate / analyser.fftSize;
        const look = () => {
          const bins = new Float32Array(analyser.frequencyBinCount);
          analyser.getFloatFrequencyData(bins);
          return bins;
        };
        window.loud = (hz) => look()[Math.round(hz / each)];
        window.heard = () => {
          const bins = look();
          let best = 0;
          bins.forEach((v, i) => (best = v > bins[best] ? i : best));
          return { hz: best * each, db: bins[best] };
        };
      });
    }
  };
}
/** Both, for lib's open(). */
export const sounding = (hz, codec) => [[voice, { hz, codec }], [spectrum]];

/** An init script: what is heard is written down. */
function ears({ tones }) {
  /** [when, dB of each tone, dB of the loudest] every 50 ms while there is sound. */
  window.ears = [];
  let ear;
  const bins = new Float32Array(2048);
  const listen = () => {
    if (!ear) return;
    ear.getFloatFrequencyData(bins);
    const each = ear.context.sampleRate / ear.fftSize;
    const loudest = (from, to) => {
      let db = -200;
      for (let i = Math.round(from / each); i <= Math.round(to / each); i++) db = Math.max(db, bins[i]);
      return Math.round(db);
    };
    window.ears.push([Date.now(), tones.map((f) => loudest(f - 12, f + 12)), loudest(200, 3400)]);
    if (window.ears.length > 12000) window.ears.splice(0, 2000);
  };
  setInterval(listen, 50);
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...args) {
      super(...args);
      window.line = this;
      this.addEventListener("track", (e) => {
        void ear?.context.close();
        const context = new AudioContext({ sampleRate: 48000 });
        ear = context.createAnalyser();
        ear.fftSize = 4096;
        ear.smoothingTimeConstant = 0;
        context.createMediaStreamSource(e.streams[0]).connect(ear);
      });
    }
  };
}

const all = Object.values(TONES);
export const soundOf = (who) => [[voice, { hz: TONES[who] }], [ears, { tones: all }]];

/** [[when, dB of that tone, dB of the loudest]] since then. */
async function trace(page, who, from) {
  const i = all.indexOf(TONES[who]);
  return page.evaluate(([i, from]) => window.ears.filter((e) => e[0] >= from).map((e) => [e[0], e[1][i], e[2]]), [i, from]);
}
const nowOf = (page) => page.evaluate(() => Date.now());

/** Waits until that one's tone is there and stays; when it began. */
export async function hears(page, who, ms = 20000) {
  const began = await nowOf(page);
  let last = [];
  do {
    const t = await trace(page, who, began - 400);
    last = t.slice(-8);
    if (last.length === 8 && last.filter((e) => e[1] > HEARD_DB).length >= 6) { // a busy machine drops some
      let at = t.length;
      while (at > 0 && t[at - 1][1] > HEARD_DB) at--;
      return t[Math.min(at, t.length - 1)][0];
    }
    await sleep(80);
  } while ((await nowOf(page)) - began < ms);
  throw new Error(`doesn't hear the ${who} (${TONES[who]} Hz): ${last.map((e) => e[1]).join(" ")} dB`);
}

/** Waits until that one's tone is gone for 300 ms; since when. What is under way may still arrive. */
export async function deafTo(page, who, ms = 5000) {
  const began = await nowOf(page);
  let last = [];
  do {
    last = (await trace(page, who, began)).slice(-6);
    if (last.length === 6 && last.every((e) => e[1] < SILENT_DB)) return last[0][0];
    await sleep(80);
  } while ((await nowOf(page)) - began < ms);
  throw new Error(`still hears the ${who} (${TONES[who]} Hz): ${last.map((e) => e[1]).join(" ")} dB`);
}

/** From then until now that one's tone was not heard, and the page did measure. */
export async function neverHeard(page, who, from) {
  const t = await trace(page, who, from);
  check(t.length >= 3, `${t.length} measurements only`);
  let run = 0;
  for (const e of t) {
    run = e[1] > SILENT_DB ? run + 1 : 0;
    check(run < 3, `heard the ${who} (${TONES[who]} Hz, ${e[1]} dB), ${e[0] - from} ms after it should have been silent`);
  }
}

/** Waits until there is sound of any kind: music, the attendant. */
export async function hearsSomething(page, ms = 20000) {
  const began = await nowOf(page);
  while ((await nowOf(page)) - began < ms) {
    const t = (await trace(page, "caller", began)).slice(-6);
    if (t.length === 6 && t.some((e) => e[2] > -55)) return;
    await sleep(100);
  }
  throw new Error("hears nothing at all");
}
