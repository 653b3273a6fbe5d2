// The page of records and figures on the real program with calls of two months:
//   ZONGJI_BUILD=… node tests/browser/records.mjs OUT-DIR
// PICTURES=DIR also makes the handbooks' pictures.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import readline from "node:readline";
import { axeCheck, begin, check, ends, finish, lang, open, root, signIn, test } from "./lib.mjs";

const [out] = process.argv.slice(2);
const zh = lang["zh-CN"];
const python = spawn("/usr/bin/python3", [root + "tests/browser/records_world.py"], { stdio: ["pipe", "pipe", "inherit"] });
const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
const line = async () => {
  const next = await lines.next();
  if (next.done) throw new Error("the world has ended");
  return JSON.parse(next.value);
};
const where = await line();
begin(where.base, out);
const page = await open({ path: "/records?m=2026-10" });
const number = async (locator) => Number((await locator.innerText()).replace(/[^\d.]/g, ""));
async function until(is, what) {
  for (let i = 0; i < 100; i++) {
    if (await is()) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`never: ${what}`);
}
const rows = page.locator(".sheet tbody tr.opens");
const picture = (name) =>
  page.screenshot({ path: `${process.env.PICTURES ?? out}/${name}.png`, animations: "disabled" });

await test("the month stands in four figures that add up", async () => {
  await signIn(page, ["manager", where.accounts.manager], ".figures");
  await page.waitForSelector(".chart canvas");
  await page.waitForSelector("tr.opens");
  const [parts, whole] = (await page.locator(".band .sum").innerText()).split("=");
  check(parts.split("+").reduce((a, b) => a + Number(b), 0) === Number(whole), `${parts} is not ${whole}`);
  check(Number(whole) > 100, `${whole} calls`);
  await axeCheck(page);
});

await test("what the server answers has the shape that is described", async () => {
  const need = createRequire(root + "console/");
  const ajv = new (need("ajv/dist/2020").default)({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(need("yaml").parse(readFileSync(root + "api/openapi.yaml", "utf8")), "api");
  const [figures, record] = await page.evaluate(async () => {
    const json = async (path) => (await fetch("/api/v1/" + path)).json();
    const no = (await json("records?limit=1&mark=within")).items[0].no;
    return [await json("figures?step=week&by=department"), await json(`records/${no}`)];
  });
  for (const [name, value] of [["Figures", figures], ["RecordWithSteps", record]]) {
    const validate = ajv.compile({ $ref: `api#/components/schemas/${name}` });
    check(validate(value), `${name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
  }
});

await test("a sum opens the calls that it is made of", async () => {
  const sum = page.locator(".figures > div", { hasText: zh["figure.given_up"] });
  const n = await number(sum.locator(".big a"));
  await sum.locator(".big a").click();
  await page.waitForURL(/mark=given_up/);
  await until(async () => (await rows.count()) === n, `${n} calls`);
  check((await page.locator(".sheet tbody").innerText()).includes(zh["figure.given_up"]), "they are others");
});

await test("a call is found by the middle of a name, and drawn", async () => {
  await page.goto(`${where.base}/records?m=2026-10&mark=message`);
  await page.waitForSelector("tr.opens");
  await page.locator(".seek input").fill("先生");
  await page.waitForURL(/q=/);
  const texts = () => rows.allInnerTexts();
  await until(async () => (await texts()).every((r) => r.includes("先生")), "only who is called so");
  check((await rows.count()) > 0, "nobody is found");
  await rows.first().locator("a.row").click();
  const drawing = page.locator("svg.sequence");
  await drawing.waitFor();
  const words = await drawing.innerText().catch(() => drawing.textContent());
  for (const step of ["arrived", "message_kept", "ended"])
    check((await drawing.textContent()).includes(zh[`step.${step}`]), `${step} is missing: ${words}`);
  check((await drawing.locator(".lane").count()) >= 2, "lanes");
  check((await page.locator(".one-call a.btn").getAttribute("href")).startsWith("/messages?item="), "its message");
  await axeCheck(page);
});

await test("the figures stand by day, operator and line, and each opens its calls", async () => {
  await page.goto(`${where.base}/records?m=2026-10&view=figures`);
  await page.waitForSelector(".wide tbody a");
  const total = Number((await page.locator(".band .sum").innerText()).split("=")[1]);
  const offered = await page.locator(".wide table").first().locator("tbody tr td:nth-child(3)").allInnerTexts();
  check(offered.reduce((a, b) => a + Number(b), 0) === total, `${offered} is not ${total}`);
  check((await page.locator(".wide table").nth(1).locator("tbody tr").count()) > 5, "hours with Erlang C");
  await axeCheck(page);
  await page.locator(".wide .seg a", { hasText: zh["report.operator"] }).click();
  await page.waitForURL(/by=operator/);
  const within = page.locator(".wide table").first().locator("tbody tr").first().locator("td:nth-child(4) a");
  const n = await number(within);
  await within.click();
  await page.waitForURL(/operator=\d+/);
  await page.waitForSelector("tr.opens");
  const shown = await page.evaluate(async (url) => {
    let found = 0, before = "";
    do {
      const list = await (await fetch(url + before)).json();
      found += list.items.length;
      before = list.next && `&before=${list.next}`;
    } while (before);
    return found;
  }, await page.evaluate(() => {
    const q = new URLSearchParams(location.search);
    const from = new Date(2026, 9, 1).getTime(), to = new Date(2026, 10, 1).getTime();
    return `/api/v1/records?limit=200&from_ms=${from}&to_ms=${to}&mark=${q.get("mark")}&operator=${q.get("operator")}`;
  }));
  check(shown === n, `${shown} calls, the sum says ${n}`);
});

await test("on paper there are the figures and the table, no buttons", async () => {
  await page.goto(`${where.base}/records?m=2026-10`);
  await page.waitForSelector("tr.opens");
  await page.emulateMedia({ media: "print" });
  check(!(await page.locator(".filters").isVisible()), "the filters are printed");
  check(await page.locator(".figures").isVisible(), "the figures aren't");
  await page.emulateMedia({ media: "screen" });
  await rows.nth(2).locator("a.row").click();
  await page.waitForSelector("svg.sequence");
  await picture("records-light");
  await page.emulateMedia({ colorScheme: "dark" });
  await picture("records-dark");
});

await test("an operator sees calls and no figures", async () => {
  const desk = await open({ path: "/records?m=2026-10" });
  const name = Object.keys(where.accounts).find((n) => n.startsWith("operator"));
  await signIn(desk, [name, where.accounts[name]], "tr.opens");
  check((await desk.locator(".band").count()) === 0, "figures");
  await desk.context().close();
});

await test("a recorded call: a reason is asked for, its sound plays, and who listened stands there", async () => {
  await page.goto(`${where.base}/records?item=${where.taped}`);
  const tape = page.locator(".recordings");
  await tape.waitFor();
  check((await tape.innerText()).includes(zh["console.records.recording.whole"]), await tape.innerText());
  const open_ = tape.getByRole("button", { name: zh["console.messages.open"], exact: true });
  await open_.click();
  check((await tape.locator(".play, audio").count()) === 0, "without a reason");
  await tape.locator("[name=reason]").fill("核对投诉");
  await open_.click();
  await tape.locator(".play button").click();
  await until(() => page.evaluate(() => document.querySelector(".recordings audio")?.duration > 1), "its sound");
  const at = await page.evaluate(async () => {
    const audio = document.querySelector(".recordings audio");
    audio.currentTime = 1;
    await new Promise((done) => (audio.onseeked = done));
    return audio.currentTime;
  });
  check(at >= 0.9, `in its middle: ${at}`);
  await until(async () => (await tape.innerText()).includes("核对投诉"), "who listened, and why");
  await axeCheck(page);

  const desk = await open({ path: `/records?item=${where.taped}` });
  const name = Object.keys(where.accounts).find((n) => n.startsWith("operator"));
  await signIn(desk, [name, where.accounts[name]], ".recordings");
  check((await desk.locator(".recordings").innerText()).includes(zh["console.records.recording.closed"]), "an operator isn't told why not");
  check((await desk.locator(".recordings form").count()) === 0, "an operator is asked for a reason");
  await desk.context().close();
});

await test("the program ends in order", async () => {
  ends();
  python.stdin.end();
  const { status } = await line();
  check(status === 0, `status ${status}`);
});
await finish();
