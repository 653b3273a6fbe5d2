// A call breaks off at the operator's browser, in each of its twelve steps: the page is loaded anew,
// the browser is killed, the network is cut, the lid is closed. Prints what the caller heard.
//   ZONGJI_BUILD=… node tests/browser/breaks.mjs OUT-DIR
// One cell of each kind; all with ZONGJI_TIER=full. STEP=… KIND=… for some of them.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import readline from "node:readline";
import { begin, check, chromium, CHROMIUM, ends, finish, lang, root, signIn, test } from "./lib.mjs";
import { sounding } from "./sound.mjs";

const [out] = process.argv.slice(2);
const zh = lang["zh-CN"];
const BACK_MS = Number(process.env.RELOAD_MS ?? 2000);
// until a silent headset is noticed and the word has begun; more where pages share the cores
const SILENCE_MS = 1600 + BACK_MS;
const LOST_MS = 4000; // beyond the page's own five seconds
const USUAL = { reload: "conference", "killed browser": "screening form half written", "cut network": "consultation answered", "closed lid": "in hand" };

const python = spawn("/usr/bin/python3", [root + "tests/browser/breaks_world.py"], { stdio: ["pipe", "pipe", "inherit"] });
const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const line = async () => {
  const next = await lines.next();
  if (next.done) throw new Error("the world has ended");
  return JSON.parse(next.value);
};
async function world(...command) {
  python.stdin.write(JSON.stringify(command) + "\n");
  const answer = await line();
  if (answer.error) throw new Error(answer.error);
  return answer.value;
}
const where = await line();
const { base } = where;
begin(base, out);
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function hears(page, hz, ms = 8000) {
  const until = Date.now() + ms;
  while (Date.now() < until) {
    if ((await page.evaluate((f) => window.loud?.(f) ?? -200, hz)) > -60) return;
    await sleep(50);
  }
  throw new Error(`the operator doesn't hear ${hz} Hz`);
}

// ---- the operator's browser, in a network of its own ----

let operator;
async function openBrowser() {
  const server = await chromium.launchServer({ ...CHROMIUM, executablePath: where.chromium,
    args: [...CHROMIUM.args, `--unsafely-treat-insecure-origin-as-secure=${base}`] });
  const browser = await chromium.connect(server.wsEndpoint());
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: "zh-CN" });
  for (const script of sounding(1500)) await context.addInitScript(...script);
  const page = await context.newPage();
  page.setDefaultTimeout(20000);
  await page.goto(base + "/");
  operator = { page, process: server.process() };
}
const signedIn = () => signIn(operator.page, ["operator1", where.accounts.operator1], ".desk");

/** The browser with all that it has started. */
function processes() {
  const parents = new Map(readdirSync("/proc").filter((p) => /^\d+$/.test(p)).map((p) => {
    try {
      const text = readFileSync(`/proc/${p}/stat`, "utf8");
      return [Number(p), Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[1])];
    } catch {
      return [Number(p), 0]; // gone meanwhile
    }
  }));
  const all = new Set([operator.process.pid]);
  for (let n = 0; n !== all.size; ) {
    n = all.size;
    for (const [pid, parent] of parents) if (all.has(parent)) all.add(pid);
  }
  return [...all];
}
function signal(which) {
  for (const pid of processes()) {
    try {
      process.kill(pid, which);
    } catch {
      // gone meanwhile
    }
  }
}
const lost = async () => {
  await world("wait_state", "lost");
  await sleep(LOST_MS);
};

const KINDS = {
  async reload() {
    await world("breaks");
    await world("returns");
    await operator.page.reload();
  },
  async "killed browser"() {
    await world("breaks");
    operator.process.kill("SIGKILL");
    await lost();
    await openBrowser();
    await operator.page.waitForSelector("form");
    await world("returns");
    await signedIn();
  },
  async "cut network"() {
    await world("breaks");
    await world("link", "down");
    await lost();
    await world("link", "up");
    await world("returns");
  },
  async "closed lid"() {
    await world("breaks");
    signal("SIGSTOP");
    await lost();
    await world("returns");
    signal("SIGCONT");
  },
};

const FORMS = {
  "screening form half written": ["8801", "organisation", "华建工"],
  "message slip half written": ["", "matter", "请张经理回电，三期材"],
};
const ENTER_PAUSE_MS = 600; // Enter does nothing for a moment after a caller hung up: the last cell's
/** Writes half a form by keys. */
async function types(step) {
  const [search, name, text] = FORMS[step];
  const { page } = operator;
  await page.locator(".head .chip", { hasText: zh["console.desk.outside_call"] }).waitFor();
  await sleep(ENTER_PAUSE_MS);
  if (search) {
    await page.keyboard.type(search);
    await page.locator(".entry.chosen", { hasText: search }).waitFor();
    await page.keyboard.press("Enter");
  } else {
    await page.keyboard.press("NumpadAdd");
  }
  await page.locator(`#slip-${name}`).click();
  await page.keyboard.type(text);
  await world("typed", name, text);
}

const tell = (step, kind, ms, text) =>
  console.log(`       ${step.padEnd(28)} ${kind.padEnd(15)} back ${String(Math.round(ms)).padStart(5)} ms  ${text}`);
async function cell(step, kind) {
  const { together } = await world("begin", step);
  if (FORMS[step]) await types(step);
  if (together) await hears(operator.page, 600);
  await KINDS[kind]();
  const ms = await world("back");
  if (together) await hears(operator.page, 600);
  if (FORMS[step]) {
    const [, name, text] = FORMS[step];
    const box = operator.page.locator(`#slip-${name}`);
    await box.waitFor();
    check((await box.inputValue()) === text, `the form: ${await box.inputValue()}`);
  }
  await operator.page.locator(".desk-lost").waitFor({ state: "detached" });
  const heard = await world("heard");
  tell(step, kind, ms, heard.text);
  check(heard.wrong.length === 0, `the caller heard ${heard.wrong}: ${heard.text}`);
  check(heard.silence <= SILENCE_MS, `${heard.silence} ms of silence: ${heard.text}`);
  check(ms <= BACK_MS, `back after ${Math.round(ms)} ms; heard: ${heard.text}`);
}

/** Where the next cell can begin, whatever became of this one. */
async function mended(kind, failed) {
  if (!failed) return world("end");
  if (kind === "cut network") await world("link", "up");
  if (kind === "closed lid") signal("SIGCONT");
  await world("end").catch(() => undefined);
  signal("SIGKILL");
  await openBrowser();
  await signedIn();
  await world("wait_state", "on");
}

await openBrowser();
await test("on duty with the browser's sound, over a cable of its own", async () => {
  await signedIn();
  await operator.page.getByRole("button", { name: zh["console.desk.key.go_on"], exact: true }).first().click();
  await operator.page.locator(".desk-rack").waitFor();
  for (let i = 0; ; i++) {
    const ok = await world("on_duty").then(() => true, (e) => (i < 3 ? false : Promise.reject(e)));
    if (ok) break;
  }
});
for (const kind of Object.keys(KINDS))
  for (const step of where.steps) {
    const wanted = process.env.STEP || process.env.KIND
      ? (process.env.STEP ?? step) === step && (process.env.KIND ?? kind) === kind
      : process.env.ZONGJI_TIER === "full" || USUAL[kind] === step;
    if (!wanted) continue;
    let failed = true;
    await test(`${kind}: ${step}`, async () => {
      try {
        await cell(step, kind);
        failed = false;
      } catch (e) {
        await operator.page.screenshot({ path: `${out}/breaks-${kind}-${step}.png`.replaceAll(" ", "-") }).catch(() => undefined);
        throw e;
      }
    });
    await mended(kind, failed);
  }
await test("the program ends in order, and nothing was found in it", async () => {
  ends();
  python.stdin.end();
  const { status } = await line();
  check(status === 0, `status ${status}`);
});
signal("SIGKILL");
await finish();
