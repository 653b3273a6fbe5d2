// The employees' own page and the page behind a mail's link, on the real program with a real mail
// server:   ZONGJI_BUILD=… node tests/browser/staff.mjs OUT-DIR
// PICTURES=DIR also makes the handbook's pictures.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { axeCheck, check, finish, lang, open, root, test } from "./lib.mjs";
import { sleep, stage, until } from "./three_stage.mjs";

const [out] = process.argv.slice(2);
const zh = lang["zh-CN"];
const { base, account, world, close } = await stage("staff-page", out, "staff_world.py");
const PHONE = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
async function picture(page, name, more = {}) {
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({ path: `${process.env.PICTURES ?? out}/${name}.png`, animations: "disabled", ...more });
}
const one = (rows) => Object.values(rows[0])[0];
const button = (page, key, more = {}) => page.getByRole("button", { name: zh[key], exact: true, ...more });
const fits = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const tab = async (page, key) => {
  await page.locator(".tabs a", { hasText: zh[`console.my.${key}`] }).click();
  await page.waitForURL(new RegExp(`tab=${key}`));
};

const SCRIPT = "<img src=x onerror=document.title='owned'>";
await world("slip", 16, { from_name: SCRIPT, matter: SCRIPT });
const page = await open({ path: "/my", ...PHONE });

await test("somebody without an account asks for a link, and signs in by its button", async () => {
  await page.locator(".signin").waitFor();
  await axeCheck(page);
  await picture(page, "staff-enter", { fullPage: true });
  await page.getByLabel(zh["console.my.mail"]).fill("nobody");
  await button(page, "console.my.by_mail.send").click();
  await page.locator(".wrong", { hasText: zh["api.bad_value"] }).waitFor();
  await page.getByLabel(zh["console.my.mail"]).fill("zsf@example.com");
  await button(page, "console.my.by_mail.send").click();
  await page.locator("[role=status]", { hasText: "zsf@example.com" }).waitFor();
  // the slip's mail came first
  const way = await world("link", "zsf@example.com", 2, "enter");
  await page.goto(base + way);
  check((await page.locator("main").innerText()).includes("张三丰"), "whose link is it?");
  await axeCheck(page);
  await page.reload(); // changes nothing
  await page.getByRole("button", { name: zh["enter.button"] }).click();
  await page.waitForURL(/\/my$/);
  await page.locator(".my h1", { hasText: "张三丰" }).waitFor();
  const again = await open({ path: way, ...PHONE });
  await again.locator("h1", { hasText: zh["enter.none"] }).waitFor();
  await axeCheck(again);
  await again.context().close();
});

await test("messages: opened, read, heard, done; scripts in names stay words", async () => {
  const id = await world("slip", 16, {
    from_name: "王先生", organisation: "华建工程有限公司", number: "02188886666", urgency: "urgent",
    matter: "图纸第三版请今天下午四点前确认，确认后回电。",
  });
  await page.reload();
  const items = page.locator(".message");
  await until(async () => (await items.count()) === 2, "two messages");
  await axeCheck(page);
  await items.first().locator(".open").click();
  await items.first().locator(".inside .said").waitFor();
  const rows = await world("query", "SELECT kind || ' ' || channel AS k FROM receipts WHERE message = ? AND kind = 'read'", id);
  check(one(rows) === "read page", JSON.stringify(rows));
  await items.first().getByLabel(zh["console.my.note"]).fill("已回电，问题解决");
  await button(items.first(), "console.my.done").click();
  await until(async () => (await items.count()) === 1, "what is done isn't new");
  await items.first().locator(".open").click();
  await items.first().locator(".said", { hasText: SCRIPT }).waitFor();
  check((await page.title()) !== "owned", "a script ran");
  await page.locator(".seg a", { hasText: zh["console.my.state.done"] }).click();
  await until(async () => (await items.count()) === 1 && (await items.first().innerText()).includes(zh["console.my.state.done"]), "it is among the done");
});

await test("the caller's voice is heard on a phone's screen, and called back", async () => {
  const id = await world("voice", "13800001234", "8312");
  await page.goto(`${base}/my`);
  const item = page.locator(".message", { hasText: "138 0000 1234" });
  await item.locator(".open").click();
  await item.getByRole("button", { name: zh["console.messages.play.message"] }).click();
  const audio = item.locator("audio");
  await audio.waitFor();
  await until(() => audio.evaluate((a) => a.currentTime > 0.2 && !a.error), "its sound plays");
  check((await item.locator("a[href^='tel:']").getAttribute("href")) === "tel:13800001234", "no way to call back");
  const opened = await world("query", "SELECT COUNT(*) AS n FROM history WHERE what = 'message_opened' AND item = ?", id);
  check(one(opened) === 2, `${one(opened)} openings are kept (A5.8)`);
  await picture(page, "staff-messages");
  check((await fits(page)) <= 0, "it is wider than the screen");
});

await test("away until a time: the operator's desk sees it", async () => {
  await tab(page, "day");
  await axeCheck(page);
  check((await fits(page)) <= 0, "it is wider than the screen");
  await page.getByLabel(zh["console.my.reason"], { exact: true }).fill("开会");
  await page.locator("[name=until_ms]").fill("2020-01-01T08:00");
  await button(page, "console.my.absence.set").click();
  await page.locator(".wrong", { hasText: zh["api.past"] }).waitFor();
  await page.locator("[name=until_ms]").fill("2099-01-01T08:00");
  await button(page, "console.my.absence.set").click();
  await button(page, "console.my.back").waitFor();
  await axeCheck(page);
  await picture(page, "staff-day", { fullPage: true });
  const manager = await open({ path: "/directory?q=8312" });
  await manager.locator("form [name=name]").fill(account("manager")[0]);
  await manager.locator("form [name=password]").fill(account("manager")[1]);
  await manager.keyboard.press("Enter");
  await manager.locator("tbody tr", { hasText: "张三丰" }).first().waitFor();
  const shown = await manager.evaluate(async () =>
    (await (await fetch("/api/v1/directory")).json()).entries.find((e) => e.kind === "person" && e.id === 16));
  check(shown.away_word === "开会" && shown.away_until_ms > Date.now(), JSON.stringify(shown));
  await manager.context().close();
  await button(page, "console.my.back").click();
  await button(page, "console.my.absence.set").waitFor();
});

await test("forwards: refused with a reason, set, and ended", async () => {
  const always = page.locator("form", { has: page.getByLabel(zh["console.my.forward.always"]) });
  const field = always.locator("[name=number]");
  for (const [number, key] of [["8312", "api.forward_self"], ["8999", "api.forward_nobody"], ["9 110", "api.forward_emergency"]]) {
    await field.fill(number);
    await button(always, "console.save").click();
    await always.locator(".wrong", { hasText: zh[key] }).waitFor();
  }
  await field.fill("9 138-0000-1234");
  await button(always, "console.save").click();
  await button(page, "console.my.forward.off").waitFor();
  check((await field.inputValue()) === "913800001234", await field.inputValue());
  await axeCheck(page);
  await button(page, "console.my.forward.off").click();
  await until(async () => (await field.inputValue()) === "", "it is ended");
});

await test("readings are heard before they are kept; the order of delivery", async () => {
  await tab(page, "settings");
  const form = page.locator("form", { has: page.locator("[name=readings]") });
  await form.locator("[name=readings]").fill("zhang san");
  await button(form, "console.save").click();
  await form.locator(".wrong", { hasText: zh["api.bad_reading"] }).waitFor();
  await form.locator("[name=readings]").fill("zhang1 shan1 feng1");
  await form.getByRole("button", { name: zh["console.my.reading.hear"] }).click();
  await until(() => form.locator("audio").evaluate((a) => a.duration > 0.4 && !a.error).catch(() => false), "it is heard");
  await button(form, "console.save").click();
  await page.locator("[role=status]", { hasText: zh["console.my.kept"] }).waitFor();
  await page.locator("#my-reading ~ p", { hasText: "zhangshanfeng" }).first().waitFor();
  await page.getByRole("button", { name: zh["console.delivery.channel.page"] }).click();
  await page.locator(".by li").nth(1).locator("button").first().click();
  await until(async () => (await page.locator(".by li").first().innerText()).includes(zh["console.delivery.channel.page"]), "the page is first");
  await axeCheck(page);
  check((await fits(page)) <= 0, "it is wider than the screen");
  await picture(page, "staff-settings", { fullPage: true });
  const kept = await world("query", "SELECT deliver FROM people WHERE id = 16");
  check(one(kept) === "page mail", one(kept));
});

await test("what the server answers has the shape that is described", async () => {
  const need = createRequire(root + "console/");
  const ajv = new (need("ajv/dist/2020").default)({ strict: false, allErrors: true, validateFormats: false });
  ajv.addSchema(need("yaml").parse(readFileSync(root + "api/openapi.yaml", "utf8")), "api");
  const answers = await page.evaluate(async () => {
    const my = await (await fetch("/api/v1/my")).json();
    const { items } = await (await fetch("/api/v1/my/messages")).json();
    const headers = { "Content-Type": "application/json" };
    const opened = await fetch(`/api/v1/my/messages/${items[0].id}/opening`, { method: "POST", headers, body: "{}" });
    return [["Mine", my], ...items.map((m) => ["MyMessage", m]), ["MyMessageContent", await opened.json()]];
  });
  for (const [name, value] of answers) {
    const validate = ajv.compile({ $ref: `api#/components/schemas/${name}` });
    check(validate(value), `${name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
  }
});

await test("three languages, both themes, a narrow and a wide screen, by keyboard", async () => {
  for (const l of ["zh-TW", "en", "zh-CN"]) {
    await page.locator(".account summary").click();
    await page.locator(".account select").first().selectOption(l);
    await page.locator(".account summary").click();
    for (const name of ["messages", "day", "settings"]) {
      await page.goto(`${base}/my?tab=${name}`);
      await page.locator(".tabs a", { hasText: lang[l][`console.my.${name}`] }).waitFor();
      await page.locator(".my section").first().waitFor();
      check((await fits(page)) <= 0, `${l} ${name}: wider than the screen`);
      if (name === "day") await axeCheck(page);
    }
  }
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`${base}/my?state=all`);
  await page.locator(".message").first().waitFor();
  await axeCheck(page);
  await picture(page, "staff-dark");
  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.locator(".message .open").first().focus();
  await page.keyboard.press("Enter");
  await page.locator(".message .inside").waitFor();
  check((await page.locator(".message .open").first().getAttribute("aria-expanded")) === "true", "not told");
  await axeCheck(page);
  await page.setViewportSize(PHONE.viewport);
});

await test("a mail's link to one message: a scanner changes nothing, the button does", async () => {
  const id = await world("slip", 17, { from_name: "王先生", matter: "图纸第三版" });
  const way = await world("link", "lxd@example.com", 1, "m");
  for (let i = 0; i < 3; i++) await world("query", "SELECT 1 AS one"); // as slow as a scanner
  const mail = await open({ path: way, ...PHONE });
  check(one(await world("query", "SELECT heard_at_ms FROM messages WHERE id = ?", id)) === 0, "a look counts as received");
  await axeCheck(mail);
  await mail.getByRole("button", { name: zh["link.received"] }).click();
  await mail.locator("p", { hasText: zh["link.received_done"] }).waitFor();
  check(one(await world("query", "SELECT heard_at_ms FROM messages WHERE id = ?", id)) > 0, "the button does nothing");
  await axeCheck(mail);
  await picture(mail, "staff-mail");
  await mail.getByRole("link", { name: zh["link.own_page"] }).click();
  await mail.waitForURL(/\/my$/);
  await mail.locator(".signin").waitFor();
  await mail.context().close();
});

await test("one's own PIN, and signing in by it; a shared number asks for the company", async () => {
  await page.goto(`${base}/my?tab=settings`);
  const form = page.locator("form", { has: page.locator("[name=again]") });
  await form.locator("[name=pin]").fill("604813");
  await form.locator("[name=again]").fill("604814");
  await button(form, "console.save").click();
  await form.locator(".wrong", { hasText: zh["console.my.pin.different"] }).waitFor();
  await form.locator("[name=pin]").fill("1234");
  await form.locator("[name=again]").fill("1234");
  await button(form, "console.save").click();
  await form.locator(".wrong", { hasText: zh["api.pin_unfit"] }).waitFor();
  await form.locator("[name=pin]").fill("604813");
  await form.locator("[name=again]").fill("604813");
  await button(form, "console.save").click();
  await form.locator("[name=old]").waitFor(); // the link has done what it allows
  await axeCheck(page);
  const other = await open({ path: "/my", ...PHONE });
  await other.locator("[name=extension]").fill("8312");
  await other.locator("[name=pin]").fill("604813");
  await other.keyboard.press("Enter");
  await other.locator("[name=organisation]").waitFor();
  await axeCheck(other);
  await button(other, "console.sign_in").click();
  await other.locator(".my h1", { hasText: "张三丰" }).waitFor();
  check((await other.locator(".tabs").count()) === 1, "the page isn't shown");
  await other.context().close();
});

await test("signed out is signed out", async () => {
  await page.locator(".account summary").click();
  await button(page, "console.sign_out").click();
  await page.locator(".signin").waitFor();
  check((await page.evaluate(async () => (await fetch("/api/v1/my")).status)) === 401, "the session lives");
});

await test("the program ends in order", async () => {
  await sleep(100);
  const status = await close();
  check(status === 0, `status ${status}`);
});
await finish();
