// The browser's sound, end to end on the real program: tones sent by one page are measured at another.
//   ZONGJI_BUILD=… node tests/browser/headset.mjs OUT-DIR
import { spawn } from "node:child_process";
import dgram from "node:dgram";
import readline from "node:readline";
import { begin, check, chromium, CHROMIUM, finish, lang, open, root, signIn, test } from "./lib.mjs";

const [out] = process.argv.slice(2);
const zh = lang["zh-CN"];

const python = spawn("/usr/bin/python3", [root + "tests/browser/world.py", "headset"], { stdio: ["pipe", "pipe", "inherit"] });
const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const line = async () => JSON.parse((await lines.next()).value);
const where = await line();
const { base } = where;
begin(base, out);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The microphone is a tone; what is heard can be measured.
function sounding({ hz, codec }) {
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
        window.heard = () => {
          const bins = new Float32Array(analyser.frequencyBinCount);
          analyser.getFloatFrequencyData(bins);
          let best = 0;
          bins.forEach((v, i) => (best = v > bins[best] ? i : best));
          return { hz: (best * context.sampleRate) / analyser.fftSize, db: bins[best] };
        };
      });
    }
  };
}
async function soundingPage(hz, codec = "opus", path = "/caller") {
  const page = await open({ base: base + "/healthz", sounding: [sounding, { hz, codec }] });
  await page.goto(base + path);
  return page;
}
const heard = (page) => page.evaluate(() => window.heard?.() ?? { hz: 0, db: -200 });
async function hears(page, hz, ms = 5000) {
  const until = Date.now() + ms;
  let h;
  do {
    h = await heard(page);
    if (h.db > -60 && Math.abs(h.hz - hz) < 12) return;
    await sleep(50);
  } while (Date.now() < until);
  throw new Error(`hears ${h.hz.toFixed(0)} Hz at ${h.db.toFixed(0)} dB, not ${hz} Hz`);
}
async function hearsNot(page, hz, ms = 700) {
  const until = Date.now() + ms;
  while (Date.now() < until) {
    const h = await heard(page);
    check(h.db < -60 || Math.abs(h.hz - hz) > 12, `hears ${hz} Hz at ${h.db.toFixed(0)} dB`);
    await sleep(50);
  }
}

const button = (page, key) => page.getByRole("button", { name: zh[key], exact: true });
const state = (page, name) => page.locator(`.telephone[data-state="${name}"]`).waitFor();
async function take(page, as) {
  if (as !== "outside") {
    await page.getByLabel(zh["console.caller.inside"]).check();
    await page.locator("[name=extension]").fill(as);
  }
  await button(page, "console.caller.pick_up").click();
  await page.locator(".telephone").waitFor();
  await page.getByText(zh["console.caller.no_sound"]).waitFor({ state: "detached" });
}
async function call(page, number) {
  await page.locator("[name=to]").fill(number);
  await button(page, "console.caller.call").click();
}
async function talk(one, other, number) {
  await call(one, number);
  await state(other, "ringing");
  await button(other, "console.caller.answer").click();
  await state(one, "talking");
  await state(other, "talking");
}
const codecOf = (page) =>
  page.evaluate(async () => {
    const stats = [...(await window.line.getStats()).values()];
    const out = stats.find((s) => s.type === "outbound-rtp");
    return stats.find((s) => s.id === out?.codecId)?.mimeType;
  });

for (const [codec, mime] of [["opus", "audio/opus"], ["pcma", "audio/PCMA"]]) {
  const a = await soundingPage(440, codec);
  const b = await soundingPage(1000, codec);
  await test(`two telephones in browsers hear each other: ${codec}`, async () => {
    await take(a, "outside");
    await take(b, "8312");
    await talk(a, b, "8312");
    await hears(b, 440);
    await hears(a, 1000);
    check((await codecOf(a)) === mime, await codecOf(a));
  });
  await test(`hold, retrieve, hang up: ${codec}`, async () => {
    await button(b, "console.caller.hold").click();
    await hearsNot(b, 440);
    await button(b, "console.caller.retrieve").click();
    await hears(a, 1000);
    await button(a, "console.caller.hang_up").click();
    await state(b, "ended");
    await hearsNot(b, 440);
  });
  await a.context().close();
  await b.context().close();
}
python.stdin.end();
await finish();
