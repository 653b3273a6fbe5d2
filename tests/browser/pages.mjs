// The console's quieter pages in Chromium, by keyboard, against a small server of their own:
//   node tests/browser/pages.mjs OUT-DIR [DIST]
import { createRequire } from "node:module";
import { axeCheck, begin, check, finish, lang, open, root, signIn as signInAs, test } from "./lib.mjs";
import { startFake } from "./pages_fake.mjs";

const [out, dist = root + "console/dist"] = process.argv.slice(2);
const fake = await startFake(dist);
begin(fake.base, out);
const t = (key) => lang["zh-CN"][key];

async function enter(path, as, options = {}) {
  const page = await open({ ...options, path });
  await signInAs(page, [as, "x"], ".quiet");
  return page;
}
const row = (page, text) => page.locator("tbody tr", { hasText: text });
const lastSent = (path) => fake.sent.filter((s) => s.path === path).at(-1);
/** A spreadsheet as Excel writes one. */
function sheet(cells) {
  const { strToU8, zipSync } = createRequire(root + "console/")("fflate");
  const esc = (v) => v.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
  const r = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const rows = cells.map((line, i) => `<row r="${i + 1}">${line.map((v, j) =>
    `<c r="${String.fromCharCode(65 + j)}${i + 1}" t="inlineStr"><is><t>${esc(v)}</t></is></c>`).join("")}</row>`);
  return Buffer.from(zipSync({
    "xl/workbook.xml": strToU8(`<workbook ${main} xmlns:r="${r}"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`),
    "xl/_rels/workbook.xml.rels": strToU8('<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>'),
    "xl/worksheets/sheet1.xml": strToU8(`<worksheet ${main}><sheetData>${rows.join("")}</sheetData></worksheet>`),
  }));
}
/** The page's policy forbids what Playwright's own waiting needs. */
async function until(page, what, arg) {
  for (let i = 0; i < 100; i++) {
    if (await page.evaluate(what, arg)) return;
    await page.waitForTimeout(50);
  }
  throw new Error(`never: ${what}`);
}
const rows = (page, n) => until(page, (k) => document.querySelectorAll("tbody tr").length === k, n);
/** Tab until an element is reached: what can't be reached so can't be used. */
async function tabTo(page, locator) {
  for (let i = 0; i < 80; i++) {
    if (await locator.evaluate((e) => e === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("not reached by Tab");
}

await test("messages: filtered in the address, opened with a reason, by keyboard", async () => {
  const page = await enter("/messages", "manager");
  await row(page, "朱善富").waitFor();
  check((await page.locator("tbody tr").count()) === 3, "a page of three");
  await page.getByRole("button", { name: t("console.table.older") }).click();
  await rows(page, 5);
  await page.locator(".filters select").first().selectOption("unheard");
  await rows(page, 3);
  check(page.url().endsWith("?state=unheard"), page.url());
  await tabTo(page, page.locator("a.row").first());
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator(".opened h2", { hasText: "朱善富" }).waitFor();
  await axeCheck(page);
  await page.screenshot({ path: `${out}/messages-light.png` });
  await tabTo(page, page.locator(".opened .btn", { hasText: t("console.messages.open") }));
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").waitFor();
  await axeCheck(page);
  await page.screenshot({ path: `${out}/messages-reason.png` });
  await page.keyboard.press("Enter");
  check(await page.isVisible("#w-reason-reason"), "a reason is asked for");
  await page.keyboard.type("王总来电追问");
  await page.keyboard.press("Enter");
  await page.locator(".said", { hasText: "询问签约时间" }).waitFor();
  check((await page.locator("dialog").count()) === 0, "the dialog has gone");
  await page.goBack();
  await page.locator(".opened", { hasText: t("console.messages.choose") }).waitFor();
  await page.context().close();
});

await test("messages: one that came back shows what was tried; told by telephone it is received", async () => {
  const page = await enter("/messages?state=returned", "operator");
  await rows(page, 1);
  await page.locator("dd", { hasText: "3 / 41" }).waitFor();
  await page.locator("a.row").first().click();
  const part = page.locator(".delivery");
  await part.locator("li li", { hasText: t("console.delivery.outcome.bad_address") }).waitFor();
  check(await page.evaluate(() => window.cracked === undefined), "a script ran");
  check((await part.innerText()).includes(t("console.delivery.why.late")), "why it came back");
  await axeCheck(page);
  await page.screenshot({ path: `${out}/messages-delivery.png` });
  await tabTo(page, part.getByRole("button", { name: t("console.delivery.told") }));
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").waitFor();
  await page.keyboard.type("念给本人听了");
  await page.keyboard.press("Enter");
  await rows(page, 0).catch(() => page.locator("td", { hasText: t("console.messages.none") }).waitFor());
  const { body } = lastSent("/api/v1/messages/6/receipts");
  check(body.kind === "told" && body.note === "念给本人听了", JSON.stringify(body));
  fake.w.messages.find((m) => m.id === 6).heard_ms = 0; // for those that come after
  await page.context().close();
});

await test("messages: what callers said is text; its sound is played", async () => {
  const page = await enter("/messages?item=5", "operator");
  await page.getByRole("button", { name: t("console.messages.open") }).click();
  await page.locator(".said", { hasText: "<script>" }).waitFor();
  check(await page.evaluate(() => window.cracked === undefined), "a script ran");
  await page.goto(fake.base + "/messages?item=7");
  await page.getByRole("button", { name: t("console.messages.open") }).click();
  await page.getByRole("button", { name: t("console.messages.play.message") }).click();
  await until(page, () => document.querySelector("audio")?.readyState > 0);
  await page.context().close();
});

await test("messages: a slip is written by keyboard alone, and kept once", async () => {
  const page = await enter("/messages", "operator");
  const button = page.getByRole("button", { name: t("console.messages.new") });
  await button.waitFor();
  await tabTo(page, button);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#f-slip-for");
  await until(page, () => document.activeElement?.id === "f-slip-for");
  await page.keyboard.type("zsf");
  await page.locator('[role="option"]', { hasText: "张三丰" }).waitFor();
  await axeCheck(page);
  await page.screenshot({ path: `${out}/messages-slip.png` });
  await page.keyboard.press("Enter");
  for (const text of ["陈女士", "白鹭设计", "13800001111", "图纸已寄出，周五前回电"]) {
    await page.keyboard.press("Tab");
    await page.keyboard.type(text);
  }
  await page.keyboard.press("Tab");
  await page.keyboard.type("今天下午三点后");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Control+Enter");
  await page.locator(".opened h2", { hasText: "张三丰" }).waitFor();
  const { body, key } = lastSent("/api/v1/messages");
  check(body.for_person === 7 && body.matter.startsWith("图纸") && body.urgency === "urgent" && body.call_back === "今天下午三点后", JSON.stringify(body));
  check(/^[0-9a-f]{32}$/.test(key), `key ${key}`);
  await page.context().close();
});

await test("messages: staff see their own page, and a refusal with its clause", async () => {
  const page = await enter("/messages?item=6", "staff");
  await page.getByRole("button", { name: t("console.messages.open") }).click();
  await page.locator('[role="alert"]', { hasText: "A1" }).waitFor();
  check((await page.locator(".ways a").count()) === 3, "staff have three pages: messages, their own calls, what is theirs");
  await page.context().close();
});

await test("directory: filtered, ordered, paged in the address; found by letters", async () => {
  const page = await enter("/directory", "manager");
  await row(page, "顾长河").waitFor();
  await rows(page, 100);
  await page.getByRole("searchbox").fill("zsf"); // 朱善富 too
  await rows(page, 2);
  check((await row(page, "张三丰").count()) === 1 && page.url().includes("q=zsf"), page.url());
  await page.getByRole("searchbox").fill("");
  await rows(page, 100);
  await page.getByRole("button", { name: t("console.column.number") }).click();
  await page.getByRole("link", { name: t("console.table.after") }).click();
  await until(page, () => document.querySelector("tbody tr")?.textContent.includes("8900"));
  check(page.url().includes("p=2") && page.url().includes("sort=number"), page.url());
  const number = page.locator('th[aria-sort="ascending"]');
  check((await number.textContent()).includes(t("console.column.number")), "aria-sort");
  await page.locator(".filters select").first().selectOption("1");
  await rows(page, 3);
  check((await page.evaluate(() => window.cracked)) === undefined, "a script ran");
  await page.context().close();
});

await test("directory: an entry is changed by keyboard; what is wrong stands at its field; history tells", async () => {
  const page = await enter("/directory?q=zhangsf", "manager");
  await row(page, "张三丰").waitFor();
  await tabTo(page, page.locator("a.row").first());
  await page.keyboard.press("Enter");
  await page.locator(".opened h2", { hasText: "张三丰" }).waitFor();
  await tabTo(page, page.locator("#f-row-title"));
  await page.keyboard.press("Control+a");
  await page.keyboard.type("总工程师");
  await tabTo(page, page.locator("#f-row-deputy"));
  await page.keyboard.type("limin");
  await page.locator('[role="option"]', { hasText: "李敏" }).waitFor();
  await page.keyboard.press("Enter");
  await page.screenshot({ path: `${out}/directory-edit.png` });
  await page.keyboard.press("Control+Enter");
  await page.locator("[role=status]", { hasText: t("console.directory.saved") }).waitFor();
  const put = lastSent("/api/v1/people/7");
  check(JSON.stringify(put.body) === '{"title":"总工程师","deputy":"6"}', JSON.stringify(put.body));
  await row(page, "总工程师").waitFor();
  await page.locator("summary", { hasText: t("console.directory.history") }).click();
  await page.locator(".changes ins", { hasText: "总工程师" }).waitFor();
  await page.locator(".changes del", { hasText: "工程部副经理" }).waitFor();
  await axeCheck(page);
  await page.goto(fake.base + "/directory?table=departments&item=3");
  await page.locator("#f-row-number").fill("83x");
  await page.keyboard.press("Control+Enter");
  await page.locator("#w-row-number", { hasText: "83x" }).waitFor();
  await page.context().close();
});

await test("directory: readings, absence, a new entry, one that goes", async () => {
  const page = await enter("/directory?item=8", "manager");
  await page.locator("summary", { hasText: t("console.directory.readings") }).click();
  await page.locator("#f-readings-readings").fill("he2 jing4\nhe4 jing4");
  await page.keyboard.press("Control+Enter");
  await until(page, () => document.querySelector("[role=status].free")?.textContent !== "");
  check(JSON.stringify(lastSent("/api/v1/people/8/reading").body.readings) === '["he2 jing4","he4 jing4"]', "readings");
  await page.locator("summary", { hasText: t("console.directory.absence") }).click();
  await page.locator("#f-absence-word").fill("开会中");
  await page.keyboard.press("Control+Enter");
  await row(page, "何静").filter({ hasText: "回来" }).waitFor();
  const away = lastSent("/api/v1/people/8/absence").body;
  check(away.until_ms > Date.now() && away.word === "开会中", JSON.stringify(away));
  await page.getByRole("button", { name: t("console.directory.absence.end") }).click();
  await until(page, () => !document.querySelector("tbody").textContent.includes("回来"));
  await page.getByRole("button", { name: t("console.directory.add"), exact: true }).click();
  await page.locator("#f-row-name").fill("=HYPERLINK(\"x\")");
  await page.keyboard.press("Control+Enter");
  await page.locator(".opened h2", { hasText: "=HYPERLINK" }).waitFor();
  await page.getByRole("button", { name: t("console.directory.remove"), exact: true }).click();
  await axeCheck(page);
  await page.locator("dialog").getByRole("button", { name: t("console.directory.remove"), exact: true }).click();
  await page.locator("[role=status]", { hasText: "=HYPERLINK" }).waitFor();
  check(fake.sent.at(-1).method === "DELETE", "gone");
  await page.context().close();
});

await test("directory: an import is shown before it is done, from CSV in GBK and from XLSX", async () => {
  const page = await enter("/directory", "manager");
  await row(page, "顾长河").waitFor();
  await page.getByRole("button", { name: t("console.directory.import") }).click();
  const file = page.locator("dialog input[type=file]");
  await file.setInputFiles({ name: "bad.csv", mimeType: "text/csv", buffer: Buffer.from("id,name,number,strategy\n3,工程部,83x,all\n") });
  await page.locator("dialog", { hasText: "83x" }).waitFor();
  await page.screenshot({ path: `${out}/directory-import-errors.png` });
  check((await page.getByRole("button", { name: t("console.import.apply") }).count()) === 0, "nothing to apply");
  await file.setInputFiles({ name: "no.xlsx", mimeType: "", buffer: Buffer.from("PK\u0003\u0004 nonsense") });
  await page.locator('dialog [role="alert"]', { hasText: t("console.import.not_a_sheet") }).waitFor();
  await file.setInputFiles({ name: "gbk.csv", mimeType: "text/csv", // 7,张三丰,,总工 in GBK
    buffer: Buffer.concat([Buffer.from("id,name,reading,title\r\n7,"), Buffer.from([0xd5, 0xc5, 0xc8, 0xfd, 0xb7, 0xe1]), Buffer.from(",,"),
      Buffer.from([0xd7, 0xdc, 0xb9, 0xa4]), Buffer.from("\r\n")]) });
  await page.locator("dialog ins", { hasText: /^总工$/ }).waitFor();
  await page.locator("dialog", { hasText: t("console.import.kept_blank").replace("{n}", "1") }).waitFor();
  await file.setInputFiles({ name: "people.xlsx", mimeType: "", buffer: sheet([["编号", "名称", "职务"], ["7", "张三丰", "副总工"], ["5001", "<b>新人</b>", "=1+1"]]) });
  await page.locator("dialog ins", { hasText: "副总工" }).waitFor();
  await page.locator("dialog td", { hasText: "<b>新人</b>" }).waitFor();
  await page.getByLabel(t("console.import.leavers")).check();
  await page.locator("dialog h3", { hasText: t("console.import.removed") }).waitFor();
  await page.getByLabel(t("console.import.leavers")).uncheck();
  await page.locator("dialog h3", { hasText: t("console.import.removed") }).waitFor({ state: "detached" });
  await axeCheck(page);
  await page.screenshot({ path: `${out}/directory-import.png` });
  await page.getByRole("button", { name: t("console.import.apply") }).click();
  await page.locator("[role=status]", { hasText: t("console.directory.imported") }).waitFor();
  check(fake.w.tables.people.some((p) => p.id === "5001" && p.title === "=1+1"), "imported");
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: t("console.directory.export") }).click()]);
  check(download.suggestedFilename() === "people.csv", download.suggestedFilename());
  await page.context().close();
});

await test("duty: a stand-in is asked for by the operator, approved by the manager", async () => {
  const page = await enter("/duty", "operator");
  await row(page, "李敏").first().waitFor();
  const ask = page.getByRole("button", { name: t("console.duty.ask") });
  await tabTo(page, ask);
  await page.keyboard.press("Enter");
  await page.locator("#f-standin-person").fill("zhang");
  await page.locator('[role="option"]', { hasText: "张三丰" }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#f-standin-reason").fill("午休");
  await axeCheck(page);
  await page.keyboard.press("Control+Enter");
  await row(page, "午休").waitFor();
  const { body } = lastSent("/api/v1/standins");
  check(body.person === 7 && body.until_ms > body.from_ms, JSON.stringify(body));
  check((await page.getByRole("button", { name: t("console.duty.approve") }).count()) === 0, "an operator can't approve");
  const other = await enter("/duty", "manager");
  await row(other, "午休").getByRole("button", { name: t("console.duty.approve"), exact: true }).click();
  await row(other, "午休").filter({ hasText: t("console.duty.standin.approved") }).waitFor();
  check(lastSent("/api/v1/standins/2/decision").body.approve === true, "approved");
  await other.screenshot({ path: `${out}/duty-manager.png` });
  await other.context().close();
  await page.context().close();
});

await test("duty: an instruction is noted and taken back; an operator is appointed", async () => {
  const page = await enter("/duty", "manager");
  await row(page, "华建王总").waitFor();
  await page.getByRole("button", { name: t("console.duty.instruct") }).click();
  await page.locator("#f-instruction-person").fill("zsf");
  await page.locator('[role="option"]', { hasText: "朱善富" }).waitFor();
  await page.locator('[role="option"]', { hasText: "朱善富" }).click();
  await page.locator("#f-instruction-kind").selectOption("refuse");
  await page.locator("#f-instruction-text").fill("下午都不接");
  await page.keyboard.press("Control+Enter");
  await row(page, "下午都不接").waitFor();
  check(lastSent("/api/v1/instructions").body.person === 4, JSON.stringify(lastSent("/api/v1/instructions").body));
  await row(page, "下午都不接").getByRole("button").click();
  await row(page, "下午都不接").waitFor({ state: "detached" });
  await page.getByRole("button", { name: t("console.duty.appoint") }).click();
  await page.locator("#f-appoint-person").fill("hejing");
  await page.locator('[role="option"]', { hasText: "何静" }).click();
  await page.keyboard.press("Control+Enter");
  await page.locator("dialog").waitFor({ state: "detached" });
  check(lastSent("/api/v1/people/8").body.post === "operator", "appointed");
  await page.context().close();
});

await test("greeting: recorded, seen, heard, kept and dropped, in well under a minute", async () => {
  const page = await enter("/greeting", "operator", { permissions: ["microphone"] });
  await page.getByText(t("console.greeting.none")).waitFor();
  const began = Date.now();
  const record = page.getByRole("button", { name: t("console.greeting.record"), exact: true });
  await tabTo(page, record);
  await page.keyboard.press("Enter");
  await page.locator("meter").waitFor();
  await until(page, () => document.querySelector("meter")?.value > 0.2);
  await page.waitForTimeout(1500);
  await page.keyboard.press("Enter");
  await page.locator(".wave").waitFor();
  await until(page, () => [...document.querySelectorAll("audio")].some((a) => a.duration > 0.5));
  await axeCheck(page);
  await page.screenshot({ path: `${out}/greeting.png` });
  await page.getByRole("button", { name: t("console.greeting.keep") }).click();
  await page.getByRole("heading", { name: t("console.greeting.kept") }).waitFor();
  check(Date.now() - began < 20000, `${Date.now() - began} ms`);
  const wav = fake.w.greetings.get("zh-CN");
  check(wav.subarray(0, 4).toString() === "RIFF" && wav.readUInt32LE(24) === 16000 && wav.length < 330_000, `${wav.length} bytes`);
  let peak = 0;
  for (let i = 44; i < wav.length; i += 2) peak = Math.max(peak, Math.abs(wav.readInt16LE(i)));
  check(peak > 1000, `peak ${peak}`);
  await page.getByLabel(t("console.greeting.line")).selectOption("8312");
  await page.getByText(t("console.greeting.none_for_line")).waitFor();
  await page.getByLabel(t("console.greeting.line")).selectOption("");
  await page.getByRole("button", { name: t("console.greeting.drop") }).click();
  await page.getByText(t("console.greeting.none")).waitFor();
  await page.context().close();
});

for (const path of process.env.PAGES ? process.env.PAGES.split(",") : ["/messages", "/directory?item=7", "/directory?table=extensions", "/duty", "/greeting"])
  for (const [l, scheme, size] of [
    ["zh-CN", "light", [683, 384]],
    ...(process.env.ZONGJI_TIER === "full"
      ? [["zh-CN", "dark", [1366, 768]], ["zh-TW", "light", [1920, 1080]], ["en", "light", [1366, 768]]] : []),
  ])
    await test(`${path}: ${l}, ${scheme}, ${size.join("×")}: texts are there, nothing overflows, axe is content`, async () => {
      const as = path.startsWith("/greeting") ? "operator" : "manager";
      const page = await enter(path, as, { locale: l, colorScheme: scheme, viewport: { width: size[0], height: size[1] } });
      await page.waitForSelector("main");
      await page.waitForTimeout(500);
      const text = await page.innerText("body");
      const key = /console\.\w|undefined|NaN|\[object/.exec(text);
      check(!key, `a key instead of a text: ${key && text.slice(key.index, key.index + 40)}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      check(wide <= 0, `${wide} px too wide`);
      const small = await page.$$eval("button, select, summary, input:not([type=hidden])", (all) =>
        all.filter((e) => e.getClientRects().length && e.getBoundingClientRect().height < 24).map((e) => e.outerHTML.slice(0, 80)));
      check(small.length === 0, small.join());
      await axeCheck(page);
      await page.screenshot({ path: `${out}/${path.slice(1).replace(/\W+/g, "-")}-${l}-${scheme}-${size[0]}.png` });
      await page.context().close();
    });

fake.close();
await finish();
