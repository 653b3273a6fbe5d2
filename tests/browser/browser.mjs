// The console in Debian's Chromium:
//   node tests/browser/browser.mjs BASE-URL OUT-DIR [NAME PASSWORD]
// With the fake server (no name given) everything; with a real one what doesn't need to steer calls.
import net from "node:net";
import { axeCheck, begin, check, finish, lang, open, signIn as signInAs, test } from "./lib.mjs";

const [base, out, name = "manager", password = "sesame-manager"] = process.argv.slice(2);
const fake = process.argv.length < 5;
begin(base, out);
const signIn = (page, as = [name, password], until) => signInAs(page, as, until);

/** A wire to the server that can be cut. */
async function wire() {
  const sockets = new Set();
  let whole = true;
  const server = net.createServer((from) => {
    if (!whole) return from.destroy();
    const to = net.connect(Number(new URL(base).port), new URL(base).hostname);
    for (const [a, b] of [[from, to], [to, from]]) {
      sockets.add(a);
      a.on("error", () => b.destroy()).on("close", () => (sockets.delete(a), b.destroy()));
      a.pipe(b);
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    cut() {
      whole = false;
      for (const s of sockets) s.destroy();
    },
    mend: () => (whole = true),
    close: () => server.close(),
  };
}
async function tell(eventName, data) {
  const r = await fetch(base + "/api/v1/fake", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name: eventName, data }),
  });
  check(r.status === 204, `fake ${r.status}`);
}
const call = (no, more = {}) => ({
  no, org: 1, caller: { number: "13900001234", name: "", extension: "", trunk: "T" }, dialled: "8000",
  target: { name: "", number: "" }, state: "announce", began_ms: Date.now(), since_ms: Date.now(),
  attendant: true, emergency: false, steps: [{ at_ms: Date.now(), step: "arrived", clause: "A4.2" }], ...more,
});
const boxes = (page, what) => page.$$eval(what, (all) => all.map((e) => JSON.stringify(e.getBoundingClientRect())));

await test("sign in: refused with the reason, by keyboard only", async () => {
  const page = await open();
  await page.waitForSelector("form");
  check(await page.evaluate(() => document.activeElement?.name === "name"), "the first field has the focus");
  await page.keyboard.type(name);
  await page.keyboard.press("Enter");
  check(await page.isVisible("#w-password"), "the missing password is asked for");
  await page.keyboard.type("wrong password");
  await page.keyboard.press("Enter");
  const alert = page.locator('[role="alert"]', { hasText: lang["zh-CN"]["api.wrong_password"] });
  await alert.waitFor();
  check(await page.evaluate(() => document.activeElement?.name === "password"), "focus is on the password");
  await axeCheck(page);
  await page.screenshot({ path: `${out}/signin.png` });
  await page.context().close();
});

await test("sign in, see the switchboard, sign out, by keyboard only", async () => {
  const page = await open();
  await signIn(page);
  await page.waitForSelector(".phone");
  const summary = page.locator(".account summary");
  for (let i = 0; i < 40 && !(await summary.evaluate((e) => e === document.activeElement)); i++)
    await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  for (let i = 0; i < 3; i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("form");
  check((await page.context().cookies()).every((c) => c.name !== "zongji"), "the cookie is gone");
  await page.context().close();
});

await test("the cookie is not for scripts nor for other sites", async () => {
  const page = await open();
  await signIn(page);
  const cookie = (await page.context().cookies()).find((c) => c.name.endsWith("zongji"));
  check(cookie?.httpOnly && cookie.sameSite === "Strict", JSON.stringify(cookie));
  check((await page.evaluate(() => document.cookie)) === "", "document.cookie");
  await page.context().close();
});

for (const [l, scheme, size] of [
  ["zh-CN", "light", [1440, 900]], ["zh-CN", "dark", [1440, 900]],
  ["zh-TW", "dark", [1920, 1080]], ["en", "light", [1366, 768]], ["zh-CN", "light", [683, 384]],
])
  await test(`${l}, ${scheme}, ${size.join("×")}: texts are there, nothing overflows, axe is content`, async () => {
    const page = await open({ locale: l, colorScheme: scheme, viewport: { width: size[0], height: size[1] } });
    await signIn(page);
    await page.waitForSelector(".phone");
    await page.waitForTimeout(400);
    check((await page.getAttribute("html", "lang")) === l, "lang");
    const text = await page.innerText("body");
    check(!/console\.\w|step\.\w|undefined|NaN/.test(text), "a key instead of a text");
    check((await page.textContent(".state b")) === lang[l]["console.state.automatic"] ||
      (await page.textContent(".state b")) === lang[l]["console.state.manual"], "state");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    check(wide <= 0, `${wide} px too wide`);
    const small = await page.$$eval("button, select, summary, input", (all) =>
      all.filter((e) => e.getClientRects().length && e.getBoundingClientRect().height < 28).map((e) => e.outerHTML.slice(0, 80)));
    check(small.length === 0, small.join());
    const tiny = await page.$$eval("body *", (all) => all.filter((e) => e.childNodes.length &&
      [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()) && parseFloat(getComputedStyle(e).fontSize) < 16)
      .map((e) => e.outerHTML.slice(0, 60)));
    check(tiny.length === 0, "text under 16 px: " + tiny.slice(0, 3).join());
    await axeCheck(page);
    await page.screenshot({ path: `${out}/live-${l}-${scheme}-${size[0]}.png`, fullPage: size[0] < 1180 });
    await page.context().close();
  });

await test("language and theme are chosen on the page and kept", async () => {
  const page = await open();
  await signIn(page);
  await page.click(".account summary");
  await page.selectOption(".menu select >> nth=0", "en");
  await page.locator(".state b", { hasText: /Automatic|Manual/ }).waitFor();
  await page.selectOption(".menu select >> nth=1", "dark");
  check((await page.getAttribute("html", "data-theme")) === "dark", "dark");
  await page.reload();
  await page.waitForSelector(".state b");
  check((await page.getAttribute("html", "lang")) === "en" && (await page.getAttribute("html", "data-theme")) === "dark", "kept");
  await page.context().close();
});

if (fake) {
  await test("a call arrives in its slot and nothing else moves; its path goes on; it ends", async () => {
    const page = await open();
    await signIn(page);
    await page.waitForSelector(".strip");
    const before = await boxes(page, ".bay li, .phone, .zone, .top > *, .keys, .strip");
    await page.evaluate(() => {
      new MutationObserver(() => {
        if (document.querySelector('[data-no="2001"]'))
          requestAnimationFrame(() => (window.painted ??= Date.now()));
      }).observe(document.body, { childList: true, subtree: true });
    });
    const began = Date.now();
    await tell("call", call(2001));
    await page.waitForSelector('[data-no="2001"]');
    await page.waitForTimeout(100);
    console.log(`       a row ${(await page.evaluate(() => window.painted)) - began} ms after it was told`);
    const after = await boxes(page, ".bay li, .phone, .zone, .top > *, .keys, .strip:not([data-no='2001'])");
    check(String(before) === String(after), "something moved");
    check((await page.textContent("[role=status]")).includes("139 0000 1234"), "the arrival is announced");
    await page.click('[data-no="2001"]');
    check((await page.textContent(".path .now")).includes(lang["zh-CN"]["step.arrived"]), "current step");
    await tell("call", call(2001, { steps: [
      { at_ms: Date.now(), step: "arrived", clause: "A4.2" }, { at_ms: Date.now(), step: "target", clause: "A4.1.3" }] }));
    await page.locator(".path .now", { hasText: lang["zh-CN"]["step.target"] }).waitFor();
    check((await page.locator(".path .now .clause").textContent()) === "A4.1.3", "its clause");
    check((await page.locator(".path .next", { hasText: lang["zh-CN"]["step.consent"] }).count()) === 1, "consent is to come");
    await page.screenshot({ path: `${out}/path.png` });
    await tell("call_ended", { no: 2001 });
    await page.locator('[data-no="2001"]').waitFor({ state: "detached" });
    await page.locator(".head", { hasText: lang["zh-CN"]["console.ended"] }).waitFor();
    check((await page.locator(".path .next").count()) === 0, "nothing is to come");
    await page.context().close();
  });

  await test("more calls than slots are counted, and reachable by the arrow keys", async () => {
    const page = await open();
    await signIn(page);
    await page.waitForSelector(".strip");
    for (let i = 0; i < 12; i++) await tell("call", call(3000 + i));
    await page.waitForSelector('[data-no="3011"]');
    check(/\+\d/.test(await page.textContent(".bay .up")), "the count");
    await page.focus(".strip");
    for (let i = 0; i < 12; i++) await page.keyboard.press("ArrowDown");
    check(await page.evaluate(() => document.activeElement?.getAttribute("aria-current") === "true"), "chosen by keys");
    await page.screenshot({ path: `${out}/busiest.png` });
    await axeCheck(page);
    for (let i = 0; i < 12; i++) await tell("call_ended", { no: 3000 + i });
    await page.locator('[data-no="3011"]').waitFor({ state: "detached" });
    await page.context().close();
  });

  await test("lamps, trunks and the state follow", async () => {
    const page = await open();
    await signIn(page);
    await page.waitForSelector(".phone");
    await tell("extension", { id: 1, number: "8800", name: "X", state: "ringing", dnd: false });
    await page.locator(".phone.ringing b", { hasText: "8800" }).waitFor();
    await tell("extension", { id: 1, number: "8800", name: "X", state: "idle", dnd: false });
    await page.locator(".phone.idle b", { hasText: "8800" }).waitFor();
    await tell("trunk", { id: "sample", name: "T1", usable: false, in_use: 7, limit: 30 });
    await page.locator(".trunks td", { hasText: "7 / 30" }).waitFor();
    await tell("switchboard", { state: "manual", reason: "on_duty", operators: 1 });
    await page.locator(".state.manual").waitFor();
    await tell("switchboard", { state: "automatic", reason: "no_operator", operators: 0 });
    await page.locator(".state.automatic").waitFor();
    await page.context().close();
  });

  await test("a name that looks like markup is a name", async () => {
    const page = await open();
    await signIn(page);
    await page.waitForSelector(".strip");
    const c = call(4001);
    c.caller.name = "<img src=x onerror=alert(1)>";
    await tell("call", c);
    await page.locator('[data-no="4001"]', { hasText: "<img" }).waitFor();
    check((await page.locator("img").count()) === 0, "an img came to be");
    await tell("call_ended", { no: 4001 });
    await page.context().close();
  });

  await test("what came while the page had no connection is there when it is back", async () => {
    const w = await wire();
    const page = await open({ base: w.base });
    await signIn(page);
    await page.waitForSelector(".strip");
    w.cut();
    await page.waitForSelector(".lost");
    const seconds = await page.textContent(".lost .s");
    await page.waitForTimeout(1600);
    check((await page.textContent(".lost .s")) !== seconds, "the seconds run");
    check((await page.locator(".phone .lamp.idle").count()) === 0, "lamps are unknown");
    await axeCheck(page);
    await page.screenshot({ path: `${out}/lost.png` });
    await tell("call", call(5001));
    w.mend();
    await page.waitForSelector('[data-no="5001"]', { timeout: 20000 });
    await page.locator(".lost").waitFor({ state: "detached", timeout: 20000 });
    await tell("call_ended", { no: 5001 });
    await page.locator('[data-no="5001"]').waitFor({ state: "detached" });
    await page.context().close();
    w.close();
  });

  await test("seven tabs of one browser all follow", async () => {
    const first = await open();
    await signIn(first);
    const pages = [first];
    for (let i = 0; i < 6; i++) {
      const p = await first.context().newPage();
      p.setDefaultTimeout(20000);
      await p.goto(base);
      pages.push(p);
    }
    for (const p of pages) await p.waitForSelector(".phone");
    await tell("call", call(6001));
    for (const p of pages) await p.waitForSelector('[data-no="6001"]', { state: "attached" });
    await first.close(); // it may have been the one with the stream
    await tell("call_ended", { no: 6001 });
    for (const p of pages.slice(1)) await p.locator('[data-no="6001"]').waitFor({ state: "detached" });
    await pages[1].context().close();
  });

  await test("staff are told that the desk isn't theirs", async () => {
    const page = await open();
    await signIn(page, ["staff", "sesame-staff"], ".top");
    await page.locator("main", { hasText: lang["zh-CN"]["console.no_desk"] }).waitFor();
    await axeCheck(page);
    await page.context().close();
  });
}

await finish();
