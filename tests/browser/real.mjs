// The console on the real program, with calls going on:
//   ZONGJI_BUILD=… node tests/browser/real.mjs OUT-DIR
// PICTURES=DIR also makes the handbooks' pictures.
import { spawn } from "node:child_process";
import readline from "node:readline";
import { axeCheck, begin, check, ends, finish, lang, open, root, signIn, test } from "./lib.mjs";

const [out] = process.argv.slice(2);
const zh = lang["zh-CN"];
const EVENT_MS = Number(process.env.EVENT_MS ?? 100); // the product's own is 20, a sanitized one shares its cores

const python = spawn("/usr/bin/python3", [root + "tests/browser/world.py"], { stdio: ["pipe", "pipe", "inherit"] });
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
const as = (name) => [name, where.accounts[name]];

async function account(name) {
  const r = await fetch(base + "/api/v1/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, password: where.accounts[name] }),
  });
  check(r.ok, `${name}: sign in ${r.status}`);
  const cookie = r.headers.get("set-cookie").split(";")[0];
  return {
    get: (path) => fetch(base + path, { headers: { cookie } }),
    async json(path) {
      const answer = await this.get(path);
      check(answer.ok, `${path}: ${answer.status}`);
      return answer.json();
    },
    end: () => fetch(base + "/api/v1/session", { method: "DELETE", headers: { cookie } }),
  };
}
const strip = (page, number) => page.locator(".strip", { hasText: number });
const step = (page, name) => page.locator(".path li:not(.next)", { hasText: zh[`step.${name}`] });
async function arrives(page, number, dials = "8000") {
  await world("call", number, dials);
  const spaced = number.replace(/^(1\d{2})(\d{4})(\d{4})$/, "$1 $2 $3");
  await strip(page, spaced).click();
  await world("up", number);
  await step(page, "answered_attendant").waitFor();
  return spaced;
}
async function gone(page, number) {
  await strip(page, number).waitFor({ state: "detached" });
  await page.locator(".head", { hasText: zh["console.ended"] }).waitFor();
}

const page = await open({ viewport: { width: 1366, height: 768 } });
const boss = await open({ viewport: { width: 1366, height: 768 } });

await test("operator and manager sign in to the real program", async () => {
  await signIn(page, as("operator1"));
  await signIn(boss, as("manager"));
  await page.locator(".state.automatic").waitFor();
  check((await page.textContent("h1")).includes("某城集团"), "the company's name");
  check((await page.textContent(".account summary")).includes("李敏"), "the operator's name");
  check((await boss.textContent(".account summary")).includes("周敏之"), "the manager's name");
  await axeCheck(page);
});

await test("a phone that registers shows itself free", async () => {
  check((await page.locator(".phone.unreachable", { hasText: "8312" }).count()) === 1, "not there before");
  await world("register", "8312");
  await page.locator(".phone.idle", { hasText: "8312" }).waitFor();
});

await test("a call to 张三丰 goes its way through Article 4, phone and trunk follow, it ends", async () => {
  const before = await page.locator(".phone, .trunks, .bay li, .top > *").evaluateAll((all) =>
    all.map((e) => JSON.stringify(e.getBoundingClientRect())));
  const n = await arrives(page, "13900001234");
  check((await page.textContent("[role=status]")).includes(n), "the arrival is announced");
  check((await step(page, "answered_attendant").locator(".clause").textContent()) === "A4.2", "A4.2");
  await page.locator(".trunks td", { hasText: /^1 \/ \d+$/ }).waitFor();
  await world("digits", "13900001234", "8312");
  await step(page, "dialled").waitFor();
  check((await step(page, "target").locator(".clause").textContent()) === "A4.1.2", "A4.1.2");
  await world("rings", "8312");
  await step(page, "target_ringing").waitFor();
  await page.locator(".phone.ringing", { hasText: "8312" }).waitFor();
  await page.locator(".head .line", { hasText: "张三丰 8312" }).waitFor();
  await world("answer", "8312");
  await page.locator(".path .now", { hasText: zh["step.connected"] }).waitFor();
  check((await page.locator(".path .now .clause").textContent()) === "A4.1.2", "connected by A4.1.2");
  await page.locator(".phone.busy", { hasText: "8312" }).waitFor();
  await strip(boss, n).waitFor();
  const after = await page.locator(".phone, .trunks, .bay li, .top > *").evaluateAll((all) =>
    all.map((e) => JSON.stringify(e.getBoundingClientRect())));
  check(String(before) === String(after), "something moved");
  await world("hang_up", "13900001234");
  await gone(page, n);
  await page.locator(".phone.idle", { hasText: "8312" }).waitFor();
  await page.locator(".trunks td", { hasText: /^0 \/ \d+$/ }).waitFor();
});

await test("a call for the general manager is screened, asked, consented to, put through (A4.1.3)", async () => {
  await world("register", "8801");
  const n = await arrives(page, "13900002345");
  await world("digits", "13900002345", "8801");
  await step(page, "screening").waitFor();
  check((await page.locator(".path .next", { hasText: zh["step.consent"] }).count()) === 1, "consent is to come");
  await world("hears", "13900002345", "screening.ask");
  await world("speak", "13900002345", 1500);
  await world("digits", "13900002345", "#");
  await world("rings", "8801");
  await step(page, "consultation").waitFor();
  check((await step(page, "connected").count()) === 0, "no way through before consent");
  await world("answer", "8801");
  await step(page, "consulted").waitFor();
  await world("hears", "8801", "screening.choice");
  await world("digits", "8801", "1");
  await page.locator(".path .now", { hasText: zh["step.connected"] }).waitFor();
  for (const s of ["consultation", "consent", "connected"])
    check((await step(page, s).first().locator(".clause").textContent()) === "A4.1.3", `${s}: A4.1.3`);
  await axeCheck(page);
  await page.screenshot({ path: `${out}/real-consent.png` });
  await world("hang_up", "8801");
  await gone(page, n);
});

let message;
await test("a message left is counted; refused, reasoned and recipient's openings are kept; heard, it is off", async () => {
  const unheard = page.locator(".top dl div", { hasText: zh["console.unheard"] }).locator("dd");
  const count = Number(await unheard.textContent());
  await world("unregister", "8312");
  await page.locator(".phone.unreachable", { hasText: "8312" }).waitFor();
  const number = "13900003456";
  await arrives(page, number);
  await world("digits", number, "8601"); // whose phone is not there
  await step(page, "target_unreachable").or(step(page, "target_no_answer")).first().waitFor();
  await world("hears", number, "through.no_answer_choice");
  await world("digits", number, "1");
  await world("hears", number, "message.ask");
  await world("speak", number, 2500);
  await world("hang_up", number);
  [message] = await world("query", "SELECT * FROM messages WHERE from_number = ?", number);
  await unheard.filter({ hasText: new RegExp(`^${count + 1}$`) }).waitFor();
  const admin = await account("admin");
  check((await admin.get(`/api/v1/messages/${message.id}/content`)).status === 403, "not an administrator's to open");
  const refused = await world("query", "SELECT * FROM history WHERE what = 'message_refused' AND item = ? AND changed_by = 'admin'", message.id);
  check(refused.length === 1, "the refusal is kept");
  const manager = await account("manager"); // of the department it is for
  const sound = await manager.get(`/api/v1/messages/${message.id}/sound`);
  check(sound.ok && (await sound.arrayBuffer()).byteLength > 8000, "its sound");
  await unheard.filter({ hasText: new RegExp(`^${count}$`) }).waitFor();
  await Promise.all([admin.end(), manager.end()]);
});

await test("records: by the clause, with their steps; a name is found by its letters", async () => {
  const manager = await account("manager");
  const records = await manager.json("/api/v1/records?clause=A4.1.3");
  const record = records.items.find((r) => r.caller.number === "13900002345");
  check(record?.outcome === "answered", JSON.stringify(record));
  const { steps } = await manager.json(`/api/v1/records/${record.no}`);
  check(steps.some((s) => s.step === "consent" && s.clause === "A4.1.3"), "consent is in it");
  for (const text of ["zsf", "zhangsan", "三丰", "8312"]) {
    const people = await manager.json(`/api/v1/people?text=${encodeURIComponent(text)}`);
    check(people.items.some((p) => p.name === "张三丰"), text);
  }
  await manager.end();
});

await test("from INVITE to event", async () => {
  const r = await fetch(base + "/api/v1/session", { method: "POST", headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "operator2", password: where.accounts.operator2 }) });
  const cookie = r.headers.get("set-cookie").split(";")[0];
  const stop = new AbortController();
  const events = await fetch(base + "/api/v1/events", { headers: { cookie }, signal: stop.signal });
  const came = new Map();
  void (async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const part of events.body) {
      rest += decoder.decode(part, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop();
      for (const b of blocks) {
        const data = /^data: ?(.*)$/m.exec(b)?.[1];
        const number = data && /^event: ?call$/m.test(b) ? JSON.parse(data).caller.number : "";
        if (number && !came.has(number)) came.set(number, performance.timeOrigin + performance.now());
      }
    }
  })().catch(() => {});
  const took = [];
  for (let i = 0; i < 5; i++) {
    const number = `1380000500${i}`;
    const sent = await world("call", number, "8000");
    for (let k = 0; k < 200 && !came.has(number); k++) await new Promise((done) => setTimeout(done, 10));
    check(came.has(number), `no event for call ${i}`);
    took.push(Math.round((came.get(number) - sent) * 10) / 10);
    await world("up", number);
    await world("hang_up", number);
  }
  stop.abort();
  const median = [...took].sort((a, b) => a - b)[2];
  console.log(`       ${took.join(", ")} ms`);
  check(median <= EVENT_MS, `median ${median} ms`);
});

await test("three calls at once, in light and dark, nothing overflows", async () => {
  for (const n of ["8600", "8601", "8312", "8313", "8420", "8950", "8951", "8800", "8802", "8805"])
    await world("register", n).catch(() => {});
  await world("call", "13800001180", "8000");
  await world("up", "13800001180");
  await world("call", "13600002046", "8000");
  await world("up", "13600002046");
  await world("digits", "13600002046", "8312");
  await world("rings", "8312");
  await world("answer", "8312");
  await world("call", "8313", "8420");
  await world("rings", "8420");
  await world("call", "13500000417", "8000");
  await strip(page, "135 0000 0417").click();
  await world("up", "13500000417");
  await world("digits", "13500000417", "8801");
  await step(page, "screening").waitFor();
  await world("hears", "13500000417", "screening.ask");
  await world("speak", "13500000417", 1500);
  await world("digits", "13500000417", "#");
  await world("rings", "8801");
  await world("answer", "8801");
  await step(page, "consulted").waitFor();
  await page.mouse.move(700, 700);
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.waitForTimeout(300);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    check(wide <= 0, `${wide} px too wide`);
    check((await page.locator(".strip").count()) === 4, "four calls");
    await page.screenshot({ path: `${process.env.PICTURES ?? out}/live-${scheme}.png` });
  }
  await axeCheck(page);
});

await test("the API's answers have their shapes while calls go on", async () => {
  for (const name of ["operator2", "manager", "admin"]) {
    const shapes = spawn("node", [root + "tests/browser/shapes.mjs", base, ...as(name)], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    for await (const part of shapes.stdout) text += part;
    check(/ 0 failed/.test(text), `${name}: ${text.split("\n").filter((l) => !l.startsWith("ok")).join("\n")}`);
  }
});

await test("the program ends in order, without a word from the sanitizers", async () => {
  ends();
  python.stdin.end();
  const { status } = await line();
  check(status === 0, `status ${status}`);
});
await finish();
