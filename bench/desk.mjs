// The desk's figures: see bench/desk. The page is worked as an operator works it: by keys.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { createRequire } from "node:module";
import readline from "node:readline";
import { parseArgs } from "node:util";
import { voice } from "../tests/browser/sound.mjs";
import { heardSince, instruments, rowOf } from "./desk_page.mjs";

const root = new URL("..", import.meta.url).pathname;
const ALL = ["ring", "speech", "search", "letters", "usual", "reload", "size"];
const text = (value) => ({ type: "string", default: value });
const { values: o } = parseArgs({ options: {
  build: text(`${root}build-bench`), figures: text(ALL.join(",")), people: text("5000"), calls: text("200"), streams: text("19"),
  arrivals: text("120"), answers: text("60"), reloads: text("10"), keys: text("400"), json: text(""),
} });
const wanted = o.figures.split(",");
const unknown = wanted.filter((f) => !ALL.includes(f));
if (unknown.length) throw new Error(`unknown figure: ${unknown}`);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1)); // which ends the world
const count = Object.fromEntries(["people", "calls", "streams", "arrivals", "answers", "reloads", "keys"].map((k) => [k, Number(o[k])]));

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const sorted = (all) => [...all].sort((a, b) => a - b);
const at = (all, share) => sorted(all)[Math.min(all.length - 1, Math.ceil(all.length * share) - 1)];
const p = (all) => ({ n: all.length, p50: at(all, 0.5), p99: at(all, 0.99), max: Math.max(...all) });
const ms = (v) => `${v.toFixed(v < 10 ? 1 : 0)} ms`;
const machine = () => `${cpus().length} × ${cpus()[0].model}, Linux ${release()}, load ${loadavg()[0].toFixed(1)}`;
const say = (...words) => console.log(...words);

const work = `/var/tmp/zongji-bench-desk-${process.pid}`;
mkdirSync(work, { recursive: true });
say(`machine: ${machine()}`);
const python = spawn("/usr/bin/python3", [`${root}bench/desk_world.py`, work, String(count.people)], {
  stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ZONGJI_BUILD: o.build, PYTHONDONTWRITEBYTECODE: "1" } });
python.stdin.on("error", () => undefined); // its end is told where it is asked
const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const line = async () => {
  const next = await lines.next();
  if (next.done) throw new Error("the world has ended");
  return JSON.parse(next.value);
};
const world = async (...command) => {
  python.stdin.write(JSON.stringify(command) + "\n");
  const answer = await line();
  if (answer.error) throw new Error(answer.error);
  return answer.value;
};
const where = await line();
say(`prompts and names were spoken for ${await world("settle")} s`);
process.env.PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD = "1";
const { begin, lang, open, signIn } = await import("../tests/browser/lib.mjs");
begin(where.base, work);
const zh = lang["zh-CN"];

// ---- the operator ----
const page = await open({ path: "/", viewport: { width: 1366, height: 768 }, bypassCSP: true,
  sounding: [[voice, { hz: where.operator_hz }], [instruments, { hear: where.caller_hz }]] });
const loaded = await firstLoad(() => signIn(page, ["operator1", where.accounts.operator1], ".desk"));
const press = (key) => page.keyboard.press(key);
const offers = (place, words) => page.locator(`[data-place="${place}"]`, { hasText: words }).first().waitFor({ timeout: 30000 });
const inHand = () => page.locator(".head .chip", { hasText: /^(外线|内线)来电$/ }).waitFor();
const isFree = () => page.locator(".head h3", { hasText: zh["console.desk.free"] }).waitFor().catch(async (e) => {
  const chip = (await page.locator(".head .chip").first().textContent()) ?? "";
  if (![zh["console.desk.tag.next"], zh["console.desk.tag.past"]].includes(chip)) throw e;
});
const random = (from, to) => from + Math.random() * (to - from);
let known_entries, known_titles;
let serial = 0;
const newNumber = () => `139${String(10000000 + ++serial)}`;
await page.locator(".desk-call .head").waitFor();

/** What the browser fetched from nothing until the desk stands, as it came over the wire. */
async function firstLoad(run) {
  const files = new Map();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
  const url = new Map();
  cdp.on("Network.responseReceived", (e) => url.set(e.requestId, e.response.url));
  cdp.on("Network.loadingFinished", (e) => {
    const path = new URL(url.get(e.requestId) ?? where.base).pathname;
    if (url.has(e.requestId) && !path.startsWith("/api/")) files.set(path, e.encodedDataLength);
  });
  await page.reload(); // from nothing, now that it is watched
  await run();
  await sleep(1000);
  await cdp.send("Network.setCacheDisabled", { cacheDisabled: false });
  await cdp.detach();
  return files;
}

let onDuty = false;
async function goOn() {
  if (onDuty) return;
  onDuty = true;
  await offers("enter", zh["console.desk.key.go_on"]);
  await press("Enter");
  await page.waitForFunction(() => window.bench.up, undefined, { timeout: 60000, polling: 50 });
  await sleep(1500);
}
/** Somebody rings; the row, painted. */
async function arrives(number = newNumber()) {
  const sent = await world("call", number);
  return { number, sent, row: await rowOf(page, number.replace(/\s/g, "")) };
}
/** Enter; when it was struck, and when each heard the other. */
async function answers(call) {
  await offers("enter", zh["console.desk.key.answer"]);
  await sleep(random(300, 700));
  const since = Date.now();
  await press("Enter");
  const enter = await page.evaluate(() => window.bench.keys.at(-1).at);
  const [page_at, caller_at] = await Promise.all([heardSince(page, since), world("heard_at", call.number, since)]);
  return { enter, page_at, caller_at };
}
async function over(call) {
  await world("hang_up", call.number);
  await isFree();
  await sleep(random(900, 1100)); // Enter is nobody's for a moment after the far end has gone
}

// ---- the figures ----
const table = [];
const figure = (name, goal, reached, more) => {
  table.push([name, goal, reached, more]);
  say(`  ${name}: ${reached}${more ? ` (${more})` : ""}`);
};
const figures = {
  async ring() {
    await world("hold", count.calls);
    const streams = await world("follow", count.streams);
    await goOn();
    const cpu = await world("cpu");
    const began = Date.now();
    const all = [];
    for (let i = 0; i < count.arrivals; i++) {
      const a = await arrives();
      all.push({ painted: a.row.painted - a.sent, mutated: a.row.mutated - a.sent });
      await sleep(random(150, 450));
      await world("hang_up", a.number);
      await page.locator(`.ticket[data-no="${a.row.no}"]`).waitFor({ state: "detached" });
      await sleep(random(50, 250));
    }
    const share = (((await world("cpu")) - cpu) * 1e5) / (Date.now() - began);
    const held = await world("still_held");
    const [least, most] = await world("followed");
    await world("release");
    await world("leave");
    const t = p(all.map((a) => a.painted));
    const m = p(all.map((a) => a.mutated));
    figure("INVITE to a ringing row painted, p99", "100 ms", ms(t.p99),
      `median ${ms(t.p50)}, max ${ms(t.max)} of ${t.n}; in the page's document p99 ${ms(m.p99)}; ${held} calls with the attendant, ` +
      `${streams} more event streams, each had ${least} to ${most} events; server ${share.toFixed(0)} % of a core`);
    if (held < count.calls || least < count.arrivals) throw new Error("the load was not there all the while");
    return { all, held };
  },
  async speech() {
    await goOn();
    const all = [];
    for (let i = 0; i < count.answers; i++) {
      const call = await arrives();
      const a = await answers(call);
      all.push({ operator: a.page_at - a.enter, caller: a.caller_at - a.enter });
      await sleep(300);
      await over(call);
    }
    const both = p(all.map((a) => Math.max(a.operator, a.caller)));
    const [operator, caller] = ["operator", "caller"].map((k) => p(all.map((a) => a[k])));
    figure("Enter to speech in both directions, p99", "150 ms", ms(both.p99),
      `median ${ms(both.p50)}, max ${ms(both.max)} of ${both.n}; the operator hears: median ${ms(operator.p50)}, p99 ${ms(operator.p99)}; ` +
      `the caller's first packet: median ${ms(caller.p50)}, p99 ${ms(caller.p99)}`);
    return { all };
  },

  /** With a call in hand, letter after letter of people's initials. */
  async search() {
    await goOn();
    const call = await arrives();
    await answers(call);
    await inHand();
    const people = await directory();
    const all = [];
    for (let i = 0; all.length < count.keys; i = (i + 97) % people.length) {
      for (const c of people[i].readings[0].initials) {
        await press(c);
        await page.waitForFunction(() => window.bench.keys.at(-1).painted, undefined, { polling: 10 });
        all.push(await page.evaluate(() => window.bench.keys.at(-1)));
        await sleep(random(20, 60));
      }
      const typed = all.at(-1);
      if (typed.query !== people[i].readings[0].initials || !typed.first) throw new Error(`not yet painted: ${JSON.stringify(typed)}`);
      await press("Escape");
      await page.locator("[data-testid=query]").waitFor({ state: "detached" });
    }
    await over(call);
    const t = p(all.map((k) => k.painted - k.at));
    figure(`key to paint, ${people.length} people`, "50 ms", ms(t.p50), `p99 ${ms(t.p99)}, max ${ms(t.max)} of ${t.n} keys`);
    return { all: t };
  },

  /** The console's own ranking, as it stands in the sources. */
  async letters() {
    const { indexOf, search, keyOf } = await ranking();
    const people = await directory();
    const index = indexOf(await directory(true), Date.now(), known_titles);
    const known = new Map();
    const leads = (q, e) => {
      if (!known.has(q)) known.set(q, search(index, q).hits[0]?.entry);
      return known.get(q) === e;
    };
    const fewest = [];
    const initials = [];
    for (const e of people) {
      fewest.push(spellings(e.readings[0].full.split(" ")).find((q) => leads(q, e))?.length ?? Infinity);
      const whole = e.readings[0].initials;
      initials.push([...whole].findIndex((_, i) => leads(whole.slice(0, i + 1), e)) + 1 || Infinity);
    }
    const within = (all) => `${((100 * all.filter((n) => n <= 3).length) / all.length).toFixed(1)} %`;
    const never = fewest.filter((n) => n === Infinity).length;
    figure(`letters until first, median over ${people.length} people`, "3", String(at(fewest, 0.5)),
      `spelled the shortest way, nobody called before: ${within(fewest)} within 3; typed as initials ${within(initials)}; ` +
      `never first: ${never}, mostly with another's very name`);
    return { fewest, initials };
  },

  async usual() {
    await goOn();
    await world("answering", "8312");
    const call = await arrives();
    await offers("enter", zh["console.desk.key.answer"]);
    const before = await page.evaluate(() => window.bench.keys.length);
    await press("Enter");
    await inHand();
    for (const c of "zsf") await press(c);
    await page.locator(".entry.chosen", { hasText: "张三丰" }).waitFor();
    await press("Enter");
    await isFree();
    const keys = (await page.evaluate((n) => window.bench.keys.slice(n).map((k) => k.key), before)).filter((k) => !/^[a-z0-9]$/.test(k));
    await sleep(500);
    await world("hang_up", call.number);
    const steps = (await world("record", call.number)).map((s) => s.kind);
    if (!steps.includes("connected")) throw new Error(`not connected: ${steps}`);
    await sleep(1000);
    figure("the usual call, keys besides letters", "2", String(keys.length), `${keys.join(", ")}; put through to 张三丰 with zsf`);
    return { keys };
  },

  async reload() {
    await goOn();
    const call = await arrives();
    await answers(call);
    await inHand();
    const all = [];
    for (let i = 0; i < count.reloads; i++) {
      await sleep(2000);
      const began = Date.now();
      await page.reload({ waitUntil: "commit" });
      const heard = await Promise.all([heardSince(page, began), world("back_at", call.number, began)]);
      await inHand();
      all.push(Math.max(...heard) - began);
    }
    await over(call);
    const t = p(all);
    figure("reload to the same call with sound, max", "2 s", ms(t.max), `median ${ms(t.p50)} of ${t.n}, both directions`);
    return { all };
  },

  async size() {
    const bytes = [...loaded.values()].reduce((a, b) => a + b, 0);
    figure("console, gzip, first load", "120 kB", `${(bytes / 1000).toFixed(1)} kB`,
      `${loaded.size} files over the wire with their headers, sign-in and the desk, one language`);
    return { files: [...loaded] };
  },
};

async function directory(everything = false) {
  const { entries, titles } = await page.evaluate(async () => await (await fetch("/api/v1/directory")).json());
  known_titles ??= titles;
  return everything ? (known_entries ??= entries) : (await directory(true)).filter((e) => e.kind === "person" && e.id >= 10000);
}
async function ranking() {
  const out = `${work}/desksearch.mjs`;
  const esbuild = createRequire(`${root}console/`)("esbuild");
  await esbuild.build({ entryPoints: [`${root}console/src/desk/search.ts`], bundle: true, format: "esm", outfile: out, logLevel: "error" });
  return import(out);
}
/** Every way to spell a name by beginnings of its syllables in turn, shortest first. */
function spellings(syllables, longest = 8) {
  const all = new Set();
  const go = (i, s) => {
    if (s) all.add(s);
    if (i === syllables.length || s.length >= longest) return;
    for (let n = 1; n <= syllables[i].length; n++) go(i + 1, s + syllables[i].slice(0, n));
  };
  go(0, "");
  return [...all].filter((s) => s.length <= longest).sort((a, b) => a.length - b.length);
}

let status = 0;
const results = {};
const began = Date.now();
try {
  for (const name of ALL)
    if (wanted.includes(name)) {
      try {
        results[name] = await figures[name]();
      } catch (e) {
        status = 1;
        await page.screenshot({ path: `/var/tmp/zongji-bench-desk-${name}.png` }).catch(() => undefined);
        say(`  ${name}: FAILED ${String(e.message ?? e).split("\n")[0]}`);
      }
    }
} finally {
  await page.context().browser().close();
  python.stdin.end();
  const end = await line().catch(() => ({ status: 1 }));
  if (end.status !== 0) say(`the switchboard ended with ${end.status}`);
  if (!process.env.KEEP) rmSync(work, { recursive: true, force: true });
}
say(`\n| figure | goal | reached | more |\n| --- | --- | --- | --- |\n${table.map((r) => `| ${r.join(" | ")} |`).join("\n")}`);
say(`${((Date.now() - began) / 1000).toFixed(0)} s, ${machine()}`);
if (o.json) writeFileSync(o.json, JSON.stringify(results));
process.exit(status);
