// What the console's browser tests share: Chromium, a count, signing in, axe.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const root = new URL("../..", import.meta.url).pathname;
const need = createRequire(root + "console/");
export const { chromium } = need("playwright-core");
const axe = readFileSync(need.resolve("axe-core/axe.min.js"), "utf8");
export const lang = Object.fromEntries(
  ["zh-CN", "zh-TW", "en"].map((l) => [l, JSON.parse(readFileSync(`${root}lang/${l}.json`, "utf8"))]),
);

let base;
export function begin(url, out) {
  base = url;
  mkdirSync(out, { recursive: true });
}

let passed = 0;
let failed = 0;
export async function test(title, run) {
  if (process.env.ONLY && !title.includes(process.env.ONLY)) return;
  try {
    await run();
    passed++;
    console.log(`ok     ${title}`);
  } catch (e) {
    failed++;
    console.log(`FAILED ${title}\n       ${String(e.message ?? e).split("\n").slice(0, 8).join("\n       ")}`);
  }
}
export function check(ok, text) {
  if (!ok) throw new Error(text);
}

// Pages have a microphone without asking anybody.
export const CHROMIUM = {
  executablePath: "/usr/bin/chromium",
  args: ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
};
const browser = await chromium.launch(CHROMIUM);

const errors = [];
let ending = false;
/** The program is told to end: from now on pages may hear that it is unavailable (503). */
export function ends() {
  ending = true;
}
export async function open(options = {}) {
  const { base: _base, path: _path, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "zh-CN", ...rest });
  for (const script of options.sounding ?? []) await context.addInitScript(...script);
  const page = await context.newPage();
  page.setDefaultTimeout(60000); // a busy machine is slow, what never comes isn't there
  page.on("pageerror", (e) => errors.push(String(e)));
  page.on("console", (m) => {
    if (m.type() === "error" && !/status of 40[01349]|ERR_CONNECTION_REFUSED|ERR_EMPTY|net::/.test(m.text())
      && !(ending && /status of 503/.test(m.text())))
      errors.push(`${m.text()} ${m.location().url}`);
  });
  // where the switchboard is seen live; an operator's first page is the desk
  await page.goto((options.base ?? base) + (options.path ?? "/live"));
  return page;
}
export async function signIn(page, as, until = ".top .state b") {
  await page.waitForSelector("form");
  await page.keyboard.type(as[0]);
  await page.keyboard.press("Tab");
  await page.keyboard.type(as[1]);
  await page.keyboard.press("Enter");
  await page.waitForSelector(until);
}
export async function axeCheck(page) {
  // evaluate() isn't bound by the page's policy, a script tag would be
  await page.evaluate(axe);
  const found = await page.evaluate(async () =>
    (await window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }))
      .violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(" ")).slice(0, 3).join(", ")}`));
  check(found.length === 0, found.join("\n"));
}

export async function finish() {
  await test("no error on any page", async () => check(errors.length === 0, errors.join("\n")));
  await browser.close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed ? 1 : 0);
}
