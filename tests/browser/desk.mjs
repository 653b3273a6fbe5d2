// The operator's desk in Chromium, against the fake server of desk_fake.mjs:
//   node tests/browser/desk.mjs OUT-DIR
// PICTURES=DIR also makes the handbooks' pictures (all of them with ZONGJI_TIER=full).
import { axeCheck, begin, check, finish, lang, open, test } from "./lib.mjs";
import { startFake } from "./desk_fake.mjs";

const out = process.argv[2] ?? "/tmp/desk";
const PEOPLE = 5000; // only where they matter: each page loads them all
let fake = await startFake({ people: 100 });
begin(fake.base, out);
const zh = lang["zh-CN"];
const full = process.env.ZONGJI_TIER === "full"; // else one size
const SIZES = full ? [[1366, 768], [1440, 900], [1920, 1080]] : [[1366, 768]];
const HANDBOOK = { 1: "free", 2: "search", 4: "returned", 5: "three", 6: "consultation", 10: "lost", 12: "busiest" };
const AXE = ["1366 light", "1920 dark", "683 light"]; // one of each kind is enough: it is slow

let last;
async function desk(scene, options = {}) {
  await last?.context().close().catch(() => undefined); // of a test that failed
  fake.scene(scene);
  fake.log.length = 0;
  const page = await open({ path: "/", ...options });
  page.setDefaultTimeout(90000); // the machine may be busy with other tests
  await page.waitForSelector("form, .desk", { state: "attached", timeout: 60000 });
  if (await page.$("input[name=name]")) {
    await page.keyboard.type("limin");
    await page.keyboard.press("Tab");
    await page.keyboard.type("secret");
    await page.keyboard.press("Enter");
  }
  await page.waitForSelector(".desk");
  await page.waitForSelector(".entry, .desk-away", { state: "attached", timeout: 60000 });
  await page.waitForTimeout(150);
  last = page;
  return page;
}
/** Another moment, on the same page. */
async function moment(page, scene) {
  fake.scene(scene);
  await page.reload();
  await page.waitForSelector(".desk");
  await page.waitForTimeout(300);
  fake.log.length = 0;
}
const whats = () => fake.log.map((c) => c.what).join(" ");
const sentence = (page) => page.textContent("[data-testid=sentence]");
const place = (page, name) => page.locator(`[data-place="${name}"]`);
async function until(ok, text) {
  for (let i = 0; i < 300; i++) {
    if (await ok()) return;
    await new Promise((r) => setTimeout(r, 50));
  }
  throw new Error(text());
}
const did = (what) => until(() => fake.log.some((c) => c.what === what), () => `${what} wasn't sent: ${whats()}`);
const shows = (page, selector, text) =>
  page.locator(selector, { hasText: text }).first().waitFor({ timeout: 60000 });
/** What a screen reader was told. */
const heard = (page) => page.evaluate(() => window.heard ?? []);
async function listen(page) {
  await page.evaluate(() => {
    window.heard = [];
    new MutationObserver(() => {
      const text = document.querySelector("[role=log]")?.textContent ?? "";
      if (text && window.heard.at(-1) !== text) window.heard.push(text);
    }).observe(document.querySelector("[role=log]"), { childList: true, subtree: true, characterData: true });
  });
}
const hears = (page, text) =>
  until(async () => (await heard(page)).some((h) => h.includes(text)), () => `not heard: ${text}`);

const BOXES = ".desk-top, .desk-top dl > div, .desk-top .end, .pit, .pit li, .belt, .belt > .upright, .desk-dir, .find, .order, .cards, .desk-keys, .desk-keys > div";
for (const [width, height] of process.env.FAST ? [] : SIZES)
  await test(`${width}×${height}: every box is in the same place in all moments`, async () => {
    const page = await desk(1, { viewport: { width, height } });
    let first;
    for (const n of [1, 2, 3, 4, 5, 6, 7, 8, 11, 12]) {
      if (n > 1) await moment(page, n);
      if (n === 2) await page.keyboard.type("zsf");
      await page.waitForTimeout(100);
      const boxes = await page.$$eval(BOXES, (all) => all.map((e) => {
        const r = e.getBoundingClientRect();
        return `${e.className.split(" ")[0]} ${[r.x, r.y, r.width, r.height].map((v) => Math.round(v * 10) / 10).join(" ")}`;
      }));
      first ??= boxes;
      const where = (b) => b.replace(/^\S* /, "");
      const moved = boxes.filter((b, i) => where(b) !== where(first[i] ?? ""));
      check(moved.length === 0 && boxes.length === first.length, `moment ${n}: ${moved.slice(0, 3).join("; ")} (${boxes.length}/${first.length})`);
    }
    await page.context().close();
  });

// FAST=1: what is worked by keys only
const LOOKS = process.env.FAST ? [] : [...SIZES, [683, 384]];
for (const [width, height] of LOOKS)
  for (const scheme of full ? ["light", "dark"] : width > 683 ? ["light"] : ["dark"])
    await test(`${width}×${height}, ${scheme}: all moments: axe, sizes, nothing overflows; pictures`, async () => {
      const page = await desk(1, { viewport: { width, height }, colorScheme: scheme });
      for (const n of full ? [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] : [1, 2, 5, 6, 10, 12]) {
        if (n > 1) await moment(page, n);
        if (n === 2 || n === 10) await page.keyboard.type("zsf");
        if (n === 10) {
          fake.cut();
          await page.waitForSelector(".desk-lost", { timeout: 15000 });
        }
        await page.waitForTimeout(400);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        check(wide <= 0, `moment ${n}: ${wide} px too wide`);
        const small = await page.$$eval(".desk button, .desk input, .desk summary", (all) => all.filter((e) => {
          const r = e.getBoundingClientRect();
          return r.width && r.height < 27.5;
        }).map((e) => e.outerHTML.slice(0, 80)));
        check(small.length === 0, `moment ${n}: too small to press: ${small[0]}`);
        const tiny = await page.$$eval(".desk *", (all) => all.filter((e) => [...e.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim())
          && parseFloat(getComputedStyle(e).fontSize) < 16).map((e) => e.outerHTML.slice(0, 60)));
        check(tiny.length === 0, `moment ${n}: text under 16 px: ${tiny[0]}`);
        const text = await page.innerText("body");
        check(!/console\.\w|step\.\w|undefined|NaN|\{\w+\}/.test(text), `moment ${n}: a key instead of a text`);
        if (AXE.includes(`${width} ${scheme}`)) await axeCheck(page).catch((e) => { throw new Error(`moment ${n}: ${e.message}`); });
        await page.screenshot({ path: `${out}/desk-${n}-${scheme}-${width}.png`, fullPage: width < 1180 });
        if (process.env.PICTURES && HANDBOOK[n] && scheme === "light" && width === 1366)
          await page.screenshot({ path: `${process.env.PICTURES}/desk-${HANDBOOK[n]}.png` });
        if (n === 10) {
          fake.mend();
          await page.locator(".desk-lost").waitFor({ state: "detached", timeout: 15000 });
        }
      }
      await page.context().close();
    });

for (const locale of process.env.FAST ? [] : full ? ["en", "zh-TW"] : [])
  await test(`${locale}: all moments: texts are there and fit their boxes`, async () => {
    const page = await desk(1, { locale });
    for (const n of [1, 2, 4, 5, 6, 7, 8, 9, 11, 12]) {
      if (n > 1) await moment(page, n);
      if (n === 2) await page.keyboard.type("zsf");
      await page.waitForTimeout(150);
      check(!/console\.\w|undefined|NaN|\{\w+\}/.test(await page.innerText("body")), `moment ${n}: a key instead of a text`);
      const cut = await page.$$eval(".desk-keys button, .sentence, .belt.say > div", (all) =>
        all.filter((e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 6).map((e) => e.textContent));
      check(cut.length === 0, `moment ${n}: cut: ${cut.join(" | ")}`);
      await page.screenshot({ path: `${out}/desk-${n}-${locale}.png` });
    }
    await page.context().close();
  });

await test("the usual call: Enter, three letters, Enter; Enter lets go and takes the next", async () => {
  const page = await desk(1);
  await page.keyboard.press("Enter");
  await did("answer");
  check(fake.log[0].call === 11, "the longest is answered");
  await shows(page, ".head h3", "王先生");
  check((await sentence(page)).includes("您好，某城集团"), "the greeting is still to be said");
  await page.keyboard.type("zsf");
  await shows(page, ".target.hot", "张三丰");
  check((await sentence(page)).includes("请稍等"), await sentence(page));
  await page.keyboard.press("Enter");
  await did("put_through");
  check(fake.log.at(-1).target.person === 1 && fake.log.at(-1).text.includes("华建工程王先生"), JSON.stringify(fake.log.at(-1)));
  await shows(page, ".target", zh["console.desk.rings_nth"].replace("{n}", zh["console.desk.nth.1"]));
  await page.keyboard.press("Enter");
  await until(() => whats().endsWith("let_go answer"), () => whats());
  await shows(page, ".head h3", "138 0000 2046");
  await shows(page, ".pit", zh["console.desk.why.let_go"].replace("{name}", "张三丰"));
  await page.context().close();
});

await test("Escape pulls a ringing target back; no answer returns with the sentence and its question", async () => {
  const page = await desk(3);
  await page.keyboard.press("Escape");
  await did("pull_back");
  await page.keyboard.type("zsf");
  await page.keyboard.press("Enter");
  await did("put_through");
  fake.target("no_answer");
  await shows(page, ".sentence", "无人接听");
  await shows(page, ".choice.first", zh["console.desk.key.message"]);
  await page.keyboard.press("NumpadAdd");
  await shows(page, ".slip output", "张三丰");
  check(await page.inputValue("#slip-surname") === "王先生" && await page.inputValue("#slip-number") === "13800000417", "filled from what is known");
  await page.keyboard.type("请今天回电");
  await shows(page, ".saved", zh["console.desk.saved.at"].slice(0, 4));
  await page.keyboard.press("Control+Enter");
  await did("message");
  const m = fake.log.at(-1);
  check(m.for_person === 1 && m.matter === "请今天回电" && m.call === 11, JSON.stringify(m));
  await shows(page, ".notice", "张三丰");
  check((await page.$(".slip")) === null, "the slip is closed only now");
  await shows(page, ".sentence", "一定转达");
  check((await page.$("[data-testid=query]")) === null, "the search is empty again");
  await page.keyboard.press("Enter"); // goodbye: one key
  await did("hang_up");
  check(fake.log.at(-1).value === "done", JSON.stringify(fake.log.at(-1)));
  await page.context().close();
});

await test("the general manager: three asked, won't say counts, F8 only then; consent, never by Enter", async () => {
  const page = await desk(2);
  await page.keyboard.type("8801");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#slip-matter");
  check(!whats().includes("put_through"), "no way round the screening");
  check(await page.evaluate(() => document.activeElement?.id === "slip-matter"), "the first unanswered has the focus");
  check((await place(page, "consult").getAttribute("aria-disabled")) === "true", "in sight, and not yet");
  await page.keyboard.press("Shift+Tab");
  check(await page.evaluate(() => document.activeElement?.id === "slip-organisation"), "Tab goes from field to field");
  await page.keyboard.press("Enter");
  await page.keyboard.press("F8");
  await page.keyboard.press("Shift+Enter"); // won't say
  await page.locator('[data-place="consult"]:not([aria-disabled="true"])').waitFor();
  await until(() => fake.log.some((c) => c.what === "screen" && c.value?.matter), () => "the three weren't told");
  check(!whats().includes("consult"), "F8 did nothing before");
  await page.keyboard.press("F8");
  await did("consult");
  fake.consulted();
  await shows(page, ".legs", zh["console.desk.legs.you"]);
  await shows(page, ".sentence", "朱善富总经理您好");
  check((await place(page, "enter").count()) === 0, "Enter isn't offered");
  await page.keyboard.press("Enter");
  await page.waitForTimeout(150);
  check(!whats().includes("outcome"), "Enter never consents");
  await page.keyboard.press("NumpadAdd");
  await did("outcome");
  check(fake.log.at(-1).value === "refused", JSON.stringify(fake.log.at(-1)));
  await page.waitForSelector("#slip-number");
  await shows(page, ".slip output", "朱善富");
  await page.context().close();
});

await test("consent puts through; absent and busy have their own sentence", async () => {
  for (const [key, value] of [["F8", "agreed"], ["Minus", "absent"], ["Slash", "busy"], ["Period", "later"]]) {
    const page = await desk(6);
    await page.keyboard.press(key);
    await did("outcome");
    check(fake.log.at(-1).value === value, `${key}: ${fake.log.at(-1).value}`);
    if (value === "absent") await shows(page, ".sentence", "综合管理部经理");
    if (value === "busy") await shows(page, ".sentence", "占线");
    await page.context().close();
  }
});

await test("a complaint goes to customer service only, with its note; also from inside the screening form", async () => {
  const page = await desk(5);
  await page.waitForSelector("#slip-matter");
  await page.keyboard.press("Alt+Minus");
  await did("complaint");
  await page.waitForSelector("#slip-said");
  check((await page.inputValue("#slip-said")).includes("工程款"), "what was written is kept");
  await page.keyboard.press("Control+Enter");
  await did("put_through");
  const c = fake.log.at(-1);
  check(c.target.department === 3 && c.note.includes("工程款"), JSON.stringify(c));
  await page.context().close();
});

await test("hang up with a reason; far end's hang-up: Enter is ignored for half a second", async () => {
  const page = await desk(2);
  await page.keyboard.press("Delete");
  await shows(page, ".choice", zh["console.desk.key.end.sales"]);
  await page.keyboard.press("NumpadMultiply");
  await did("hang_up");
  check(fake.log.at(-1).value === "sales", JSON.stringify(fake.log.at(-1)));
  await shows(page, ".head h3", "方工");
  await page.keyboard.press("Enter");
  await did("answer");
  await shows(page, ".chip", zh["console.desk.outside_call"]); // in hand, not the next
  fake.put(Object.assign(fake.state.calls.get(14), { bay: "ringing", ring_since_ms: Date.now(), position: null, ringing: [1] }));
  await shows(page, '.ticket[data-no="14"]', "s");
  fake.log.length = 0;
  await page.evaluate(() => void (window.entered = new Promise((done) => {
    new MutationObserver((_, me) => {
      if (!document.querySelector(".head h3")?.textContent.includes("陈女士")) return;
      me.disconnect();
      const key = new KeyboardEvent("keydown", { key: "Enter", code: "Enter", bubbles: true, cancelable: true });
      document.querySelector(".desk").dispatchEvent(key); // in the very moment
      setTimeout(done, 300);
    }).observe(document.querySelector(".desk"), { childList: true, subtree: true, characterData: true });
  })));
  fake.drop(fake.inHand().no);
  await page.evaluate(() => window.entered);
  check(whats() === "", `too soon: ${JSON.stringify(fake.log)}`);
  await page.waitForTimeout(2000);
  await page.keyboard.press("Enter");
  await did("answer");
  await page.context().close();
});

await test("free hands: the held caller's row shows its key; Enter when nobody else waits", async () => {
  const page = await desk(2);
  await page.keyboard.press("Delete");
  await page.keyboard.press("Enter");
  await did("hang_up");
  await shows(page, '[data-no="14"] kbd', "/");
  await shows(page, '[data-no="12"] kbd', "Enter");
  await page.keyboard.press("ArrowDown"); // chosen with free hands: not for the next call
  await page.keyboard.press("NumpadDivide");
  await did("retrieve");
  await shows(page, ".head h3", "陈女士");
  check((await page.$(".entry.chosen")) === null, "what was chosen before is carried into the call");
  await page.keyboard.press("NumpadDivide");
  await did("hold");
  fake.drop(12);
  await shows(page, '[data-no="14"] kbd', "Enter");
  fake.log.length = 0;
  await page.keyboard.press("Enter");
  await did("retrieve");
  await page.context().close();
});

await test("the chairman: his secretary's phone is the one that rings; a department is as its phones are", async () => {
  const page = await desk(2);
  await page.keyboard.type("gcb");
  await shows(page, ".target.hot", zh["console.desk.lamp.members"].replace("{n}", "2"));
  await page.keyboard.press("Escape");
  await page.keyboard.type("dsz");
  await shows(page, ".steps", zh["console.desk.step.to_secretary"]);
  await page.keyboard.press("Enter");
  await did("put_through");
  await shows(page, ".target", "何静");
  await shows(page, ".target", "顾长河 董事长");
  fake.target("unreachable");
  await page.keyboard.press("Escape");
  await page.keyboard.type("zsf");
  await page.keyboard.press("Enter");
  await shows(page, ".target", "张三丰");
  fake.target("unreachable");
  await shows(page, ".sentence", "暂时接不通");
  await page.context().close();
});

await test("hold, rows by the arrow keys, swap, park, hand over, conference isn't for the general manager", async () => {
  const page = await desk(2);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await did("retrieve");
  await shows(page, ".head h3", "陈女士");
  await shows(page, '[data-no="11"]', "王先生");
  await page.keyboard.press("F2");
  await did("park");
  await shows(page, '[data-no="14"]', "8701");
  await page.locator('[data-no="11"]').click();
  await until(() => whats().endsWith("retrieve"), whats);
  await shows(page, ".head h3", "王先生");
  await page.keyboard.press("Shift+F9");
  await page.fill("#hand-note", "要找采购");
  await page.locator(".panel .choice", { hasText: "陈洁" }).click();
  await did("hand_over");
  check(fake.log.at(-1).to_position === 2 && fake.log.at(-1).note === "要找采购", JSON.stringify(fake.log.at(-1)));
  await moment(page, 6);
  check((await page.locator(".extras", { hasText: zh["console.desk.key.conference"] }).count()) === 0, "three with the general manager");
  await page.context().close();
});

await test("digits that match nothing are dialled; with free hands too; an enquiry is told and kept", async () => {
  const page = await desk(2);
  await page.keyboard.type("013800001111");
  await shows(page, ".entry.dial", "013800001111");
  await page.keyboard.press("Enter");
  await did("put_through");
  check(fake.log.at(-1).target.number === "013800001111", JSON.stringify(fake.log.at(-1)));
  await moment(page, 2);
  await page.keyboard.press("Shift+F6");
  await page.keyboard.type("82300");
  await page.keyboard.press("Backspace");
  await shows(page, ".sentence", "孙立");
  await page.keyboard.press("Control+Enter");
  await did("told");
  check(fake.log.at(-1).target.person === 15, JSON.stringify(fake.log.at(-1)));
  await shows(page, ".sentence", "再见");
  await page.keyboard.press("Enter");
  await did("hang_up");
  await page.context().close();
});

await test("a refusal is shown with its clause and nothing is shown as done", async () => {
  const page = await desk(8);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  fake.state.calls.get(11).rev += 5; // the page's picture is old
  await page.keyboard.press("NumpadDivide");
  await did("hold");
  await shows(page, ".notice", "refused: stale");
  await shows(page, ".head h3", "刘女士");
  await page.context().close();
});

await test("F3: an input method's characters search; Enter acts only when nothing is composed", async () => {
  const page = await desk(2);
  await page.keyboard.press("F3");
  await page.waitForSelector("[data-search]");
  const client = await page.context().newCDPSession(page);
  await client.send("Input.imeSetComposition", { text: "zhang", selectionStart: 5, selectionEnd: 5 });
  await page.keyboard.press("NumpadAdd");
  check(!whats().includes("message"), "keys belong to the method");
  await client.send("Input.insertText", { text: "淑芬" });
  await shows(page, ".entry.chosen", "张淑芬");
  await page.keyboard.press("Enter");
  await did("put_through");
  check(fake.log.at(-1).target.person === 5, JSON.stringify(fake.log.at(-1)));
  await page.context().close();
});

await test("pinyin, department, post, keypad letters; what is chosen stays while lamps change", async () => {
  const page = await desk(2);
  for (const [typed, name] of [["zhangsf", "张三丰"], ["lixiang", "李向东"], ["cwb", "财务部"], ["8400", "财务部"], ["973", "张三丰"],
    ["zjl", "朱善富"], ["zongjingli", "朱善富"]]) {
    await page.keyboard.type(typed);
    await shows(page, ".entry", name);
    await page.keyboard.press("Escape");
  }
  await page.keyboard.type("z");
  await page.keyboard.press("ArrowDown");
  const before = await page.textContent(".entry.chosen .who");
  for (const s of ["busy", "idle", "ringing", "unreachable"]) {
    fake.tell("extension", { id: 1, number: "8312", name: "", state: s, dnd: false });
    await page.waitForTimeout(60);
  }
  check((await page.textContent(".entry.chosen .who")) === before, "another is chosen");
  await page.context().close();
});

await test("5,000 people: key to paint", async () => {
  const few = fake;
  fake = await startFake({ people: PEOPLE });
  begin(fake.base, out);
  const page = await desk(2);
  await page.evaluate(() => {
    window.took = [];
    document.addEventListener("keydown", () => {
      const at = performance.now();
      requestAnimationFrame(() => {
        const c = new MessageChannel();
        c.port1.onmessage = () => window.took.push(performance.now() - at);
        c.port2.postMessage(0);
      });
    }, true);
  });
  for (const w of ["zsf", "wang", "liufang", "81", "20012", "x", "chenm", "gcb", "lqj", "zhao"]) {
    for (const c of w) await page.keyboard.press(c), await page.waitForTimeout(30);
    await page.keyboard.press("Escape");
    await page.waitForTimeout(30);
  }
  const took = (await page.evaluate(() => window.took)).sort((a, b) => a - b);
  const p99 = took[Math.floor(took.length * 0.99)];
  console.log(`       ${took.length} keys: median ${took[took.length >> 1].toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  check(took[took.length >> 1] < 50, "slower than 50 ms"); // the tail is the machine's: bench/ has it
  await page.context().close();
  fake.close();
  fake = few;
  begin(fake.base, out);
});

await test("a half-written form is there after a reload, and on the other page of the position", async () => {
  const page = await desk(5);
  await page.waitForSelector("#slip-matter");
  await page.keyboard.type("，急");
  await shows(page, ".saved", zh["console.desk.saved.at"].slice(0, 4));
  const second = await page.context().newPage();
  await second.goto(fake.base);
  await second.waitForSelector("#slip-matter");
  check((await second.inputValue("#slip-matter")).endsWith("，急"), "second page");
  await second.close();
  await page.reload();
  await page.waitForSelector("#slip-matter");
  check((await page.inputValue("#slip-matter")).endsWith("，急"), "after the reload");
  check(await page.evaluate(() => document.activeElement?.id === "slip-matter"), "focus");
  await page.context().close();
});

await test("lost connection: bar, unknown lamps, no key is sent, not later either; the emergency card opens", async () => {
  const page = await desk(2);
  fake.cut();
  await page.waitForSelector(".desk-lost", { timeout: 15000 });
  await page.keyboard.press("NumpadDivide");
  await page.keyboard.press("Enter");
  check((await page.locator(".entry .lamp.idle").count()) === 0, "a lamp that isn't known");
  await page.keyboard.press("F7");
  await shows(page, ".panel", "119");
  await page.keyboard.press("Escape");
  fake.mend();
  await page.locator(".desk-lost").waitFor({ state: "detached", timeout: 15000 });
  await page.waitForTimeout(300);
  check(whats() === "", `sent: ${whats()}`);
  await page.context().close();
});

await test("leaving: return time, locked without names, a password opens; off duty with the summary", async () => {
  const page = await desk(1);
  await page.keyboard.press("F9");
  await page.locator(".panel .choice").first().click();
  await page.waitForSelector(".desk-away");
  check(!(await page.innerText(".desk-rack")).includes("王先生"), "a name on a locked page");
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await page.waitForTimeout(200);
  check((await page.$(".desk-away")) !== null, "locked");
  await page.fill(".desk-away input", "secret");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".desk-call");
  await page.click(".account summary");
  await page.locator(".account .btn", { hasText: zh["console.desk.off"] }).click();
  await shows(page, ".panel .facts", "41");
  await page.locator(".panel .prime").click();
  await shows(page, ".body h3", zh["console.desk.start.how"]);
  await page.context().close();
});

await test("cards, today's instructions, all keys; a key of one's own works and is kept", async () => {
  const page = await desk(2);
  await page.keyboard.press("F6");
  await shows(page, ".panel", "某城大道");
  await page.keyboard.press("F4");
  await page.fill("#o-text", "下午三点前不接");
  await page.locator(".panel .prime").click();
  await shows(page, ".panel .orders", "下午三点前不接");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Shift+Slash");
  const row = page.locator(".keylist li", { hasText: zh["console.desk.action.park"] });
  await row.locator(".btn").first().click();
  await page.keyboard.press("F10");
  await row.locator("kbd", { hasText: "F10" }).waitFor();
  await page.keyboard.press("Escape");
  await page.reload();
  await page.waitForSelector(".desk");
  await page.waitForTimeout(300);
  await page.keyboard.press("F10");
  await did("park");
  await page.context().close();
});

await test("a call arrives while one is in hand: nothing moves, the row is there", async () => {
  const page = await desk(2);
  const boxes = () => page.$$eval(`${BOXES}, .ticket[data-no="12"], .entry`, (all) => all.map((e) => JSON.stringify(e.getBoundingClientRect())));
  const before = await boxes();
  const c = { ...structuredClone(fake.state.calls.get(12)), no: 77, ring_since_ms: Date.now() };
  fake.put(c);
  await page.waitForSelector('[data-no="77"]');
  await page.waitForTimeout(400);
  check(String(before) === String(await boxes()), "something moved");
  fake.drop(12);
  await page.locator('[data-no="12"]').waitFor({ state: "detached" });
  const slot = await page.$eval('[data-no="77"]', (e) => [...e.closest("ul").children].indexOf(e.parentElement));
  check(slot === 1, "rows close up only at the operator's own key");
  await page.context().close();
});

await test("blind: what is announced carries the call", async () => {
  const page = await desk(1);
  await listen(page);
  await page.keyboard.press("Alt+KeyW");
  await hears(page, "外线，第二声，王先生 华建工程，共 2 通等待");
  await page.keyboard.press("Alt+KeyS");
  await hears(page, "您好，某城集团");
  await page.keyboard.press("Enter");
  await hears(page, "通话，王先生 华建工程");
  await page.keyboard.type("zsf");
  await hears(page, "张三丰，工程部经理，空闲，共 ");
  await page.keyboard.press("Enter");
  await hears(page, "振铃，张三丰，退出键拉回");
  fake.target("no_answer");
  await hears(page, "退回，张三丰，无人接听，加号留言，或输入分机");
  await page.keyboard.press("Alt+KeyH");
  await hears(page, "王先生 华建工程，退回，张三丰");
  const long = (await heard(page)).filter((h) => h.length > 60);
  check(long.length === 0, `too long: ${long[0]}`);
  await page.context().close();
});

await test("markup in names is text", async () => {
  const page = await desk(2);
  fake.put(Object.assign(fake.state.calls.get(12), { caller: { number: "1", name: "<img src=x onerror=alert(1)>", organisation: "<b>x", extension: "", trunk: "T" } }));
  await shows(page, ".ticket", "<img");
  check((await page.locator("img").count()) === 0, "an img came to be");
  await page.context().close();
});

fake.close();
await finish();
