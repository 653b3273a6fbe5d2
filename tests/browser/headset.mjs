// The browser's sound, end to end on the real program: tones sent by one page are measured at another.
//   ZONGJI_BUILD=… node tests/browser/headset.mjs OUT-DIR
import { spawn } from "node:child_process";
import dgram from "node:dgram";
import readline from "node:readline";
import { begin, check, chromium, CHROMIUM, ends, finish, lang, open, root, signIn, test } from "./lib.mjs";
import { sounding } from "./sound.mjs";

const [out] = process.argv.slice(2);
const zh = lang["zh-CN"];

const python = spawn("/usr/bin/python3", [root + "tests/browser/world.py", "headset"], { stdio: ["pipe", "pipe", "inherit"] });
const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const line = async () => JSON.parse((await lines.next()).value);
const where = await line();
const { base } = where;
begin(base, out);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function soundingPage(hz, codec = "opus", path = "/caller") {
  const page = await open({ base: base + "/healthz", sounding: sounding(hz, codec) });
  page.on("response", (r) => r.status() >= 500 && console.log(`       ${r.status()} ${r.request().method()} ${r.url()}`));
  await page.goto(base + path);
  return page;
}
const heard = (page) => page.evaluate(() => window.heard?.() ?? { hz: 0, db: -200 });
async function hears(page, hz, ms = 10000) {
  const until = Date.now() + ms;
  let h;
  do {
    h = await heard(page);
    if (h.db > -60 && Math.abs(h.hz - hz) < 12) return;
    await sleep(50);
  } while (Date.now() < until);
  throw new Error(`hears ${h.hz.toFixed(0)} Hz at ${h.db.toFixed(0)} dB, not ${hz} Hz`);
}
/** Silent from at most a second on; more where pages share the cores. */
async function fallsSilent(page, hz) {
  const end = Date.now() + Number(process.env.LOST_MS ?? 1000);
  const loud = async () => {
    const h = await heard(page);
    return h.db >= -60 && Math.abs(h.hz - hz) <= 12;
  };
  while ((await loud()) && Date.now() < end) await sleep(50);
  await hearsNot(page, hz);
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
  const a = await soundingPage(620, codec); // the switchboard's own tones are of 450 Hz
  const b = await soundingPage(1000, codec);
  await test(`two telephones in browsers hear each other: ${codec}`, async () => {
    await take(a, "outside");
    await take(b, "8312");
    await talk(a, b, "8312");
    await hears(b, 620);
    await hears(a, 1000);
    check((await codecOf(a)) === mime, await codecOf(a));
  });
  await test(`hold, retrieve, hang up: ${codec}`, async () => {
    await button(b, "console.caller.hold").click();
    await button(b, "console.caller.retrieve").waitFor();
    await fallsSilent(b, 620);
    await button(b, "console.caller.retrieve").click();
    await hears(a, 1000);
    await button(a, "console.caller.hang_up").click();
    await state(b, "ended");
    await fallsSilent(b, 620);
  });
  await a.context().close();
  await b.context().close();
}

// ---- the operator's headset ----

const as = (name) => [name, where.accounts[name]];
async function session(name) {
  const r = await fetch(base + "/api/v1/session", {
    method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, password: where.accounts[name] }),
  });
  const cookie = r.headers.get("set-cookie").split(";")[0];
  return (method, path, body, type = "application/json") =>
    fetch(base + path, { method, body, headers: { cookie, ...(body === undefined ? {} : { "content-type": type }) } });
}
const manager = await session("manager");
async function positions() {
  return (await (await manager("GET", "/api/v1/desk")).json()).positions;
}
async function until(ok, text, ms = 15000) {
  const end = Date.now() + ms;
  while (!(await ok())) {
    check(Date.now() < end, text);
    await sleep(50);
  }
}
const sounds = async (on) => (await positions()).some((p) => p.sound === on && p.state !== "off");
async function deskPage(codec) {
  const page = await soundingPage(1500, codec, "/");
  await signIn(page, as("operator1"), ".desk");
  return page;
}
async function goOn(page) {
  await button(page, "console.desk.key.go_on").first().click();
  await until(() => sounds(true), "the position has no sound");
}
const ports = (page) =>
  page.evaluate(() => window.line.remoteDescription.sdp.match(/a=candidate:1 1 udp \d+ \S+ (\d+)/)[1]);

const desk = await deskPage("opus");
const caller = await soundingPage(600, "pcma");
await take(caller, "outside");
await test("on duty the position has the browser's sound", async () => {
  await goOn(desk);
});
await test("Enter to speech in both directions", async () => {
  await call(caller, "8000");
  await desk.locator(".desk-rack, .desk").getByText("138").first().waitFor();
  await sleep(1500);
  await desk.locator("body").press("Enter");
  const began = Date.now();
  await hears(desk, 600);
  await hears(caller, 1500);
  console.log(`       Enter to speech: ${Date.now() - began} ms, measured every 50 ms`);
});
await test("ICE restart: the call goes on", async () => {
  const ufrag = () => desk.evaluate(() => window.line.remoteDescription.sdp.match(/a=ice-ufrag:(\S+)/)[1]);
  const before = await ufrag();
  await desk.evaluate(() => window.dispatchEvent(new Event("online")));
  await until(async () => (await ufrag()) !== before, "no new answer");
  await sleep(500);
  await hears(desk, 600);
  await hears(caller, 1500);
});
await test("forged SRTP, STUN and DTLS from elsewhere change nothing", async () => {
  const port = Number(await ports(desk));
  const socket = dgram.createSocket("udp4");
  for (let i = 0; i < 500; i++) {
    const data = Buffer.alloc(172, 0x55);
    data[0] = [0x80, 0x00, 0x16, 0xff][i % 4];
    data[1] = 111;
    data.writeUInt16BE((i * 777) & 0xffff, 2);
    socket.send(data, port, "127.0.0.1");
  }
  await sleep(300);
  await hears(desk, 600);
  await hears(caller, 1500);
  socket.close();
});
await test("bad offers are refused in words, and the call goes on", async () => {
  const operator = await session("operator1");
  const good = await desk.evaluate(() => window.line.localDescription.sdp);
  const candidates = Array.from({ length: 200 }, (_, i) => `a=candidate:${i} 1 udp 1 192.0.2.1 9 typ host\r\n`).join("");
  for (const [offer, status, code] of [
    ["nonsense", 400, "not_sdp"],
    [good.replace("m=audio", "m=video"), 400, "no_audio"],
    [good.replace("a=sendrecv", "a=recvonly"), 400, "not_both_ways"],
    [good.replace(/a=fingerprint:sha-256/g, "a=fingerprint:sha-1"), 400, "unknown_fingerprint"],
    [good + candidates, 400, "too_many_candidates"],
  ]) {
    const r = await operator("POST", "/api/v1/headset", offer, "application/sdp");
    const { error } = await r.json();
    check(r.status === status && error.code === `headset.refused.${code}` && !error.text.startsWith("headset."),
      `${code}: ${r.status} ${JSON.stringify(error)}`);
  }
  const big = await operator("POST", "/api/v1/headset", "v".repeat(200000), "application/sdp");
  check(big.status === 413, `too big: ${big.status}`);
  const json = await operator("POST", "/api/v1/headset", "{}");
  check(json.status === 415, `JSON: ${json.status}`);
  const no = await manager("POST", "/api/v1/headset", good, "application/sdp");
  check(no.status === 403, `manager: ${no.status}`);
  const wrong = good.replace(/(a=fingerprint:sha-256 )(\w\w)/, (_, a, b) => a + (b === "00" ? "01" : "00"));
  const r = await operator("POST", "/api/v1/headset", wrong, "application/sdp");
  check(r.status === 201 && r.headers.get("location").startsWith("/api/v1/headset/"), `another's: ${r.status}`);
  const end = await operator("DELETE", r.headers.get("location"));
  check(end.status === 200, `DELETE: ${end.status}`);
  const gone = await operator("DELETE", r.headers.get("location"));
  check(gone.status === 404, `again: ${gone.status}`);
  await hears(desk, 600);
  await hears(caller, 1500);
});
await test("a reload is in the same call with sound within two seconds", async () => {
  const began = Date.now();
  await desk.reload();
  await hears(desk, 600);
  await hears(caller, 1500);
  const ms = Date.now() - began;
  console.log(`       reload to the same call with sound: ${ms} ms`);
  check(ms < Number(process.env.RELOAD_MS ?? 2000), `${ms} ms`);
});
await test("a killed browser is noticed within 2.6 s", async () => {
  const server = await chromium.launchServer(CHROMIUM);
  const other = await chromium.connect(server.wsEndpoint());
  const context = await other.newContext({ locale: "zh-CN" });
  for (const script of sounding(1700)) await context.addInitScript(...script);
  // a second sign-in elsewhere takes the sound of the first
  const second = await context.newPage();
  await second.goto(base + "/");
  await signIn(second, as("operator1"), ".desk");
  await hears(caller, 1700);
  await hears(second, 600);
  server.process().kill("SIGKILL");
  const began = Date.now();
  await until(() => sounds(false), "still thought to be there");
  const ms = Date.now() - began;
  console.log(`       killed browser noticed: ${ms} ms`);
  check(ms < Number(process.env.LOST_MS ?? 2600), `${ms} ms`);
  await hearsNot(caller, 1700);
});
await test("the program ends in order, and nothing was found in it", async () => {
  ends();
  python.stdin.end();
  const { status } = await line();
  check(status === 0, `status ${status}`);
});
await finish();
