// Caller, operator and general manager in three browser pages on the real program: every path of
// A4.1.1 to A4.1.7, worked by the operator's keys alone, with sound. Each page sends a tone of its
// own; what is heard, and what must not be, is measured at the others.
//   ZONGJI_BUILD=… [ZONGJI_TIER=full] [ONLY=…] node tests/browser/three.mjs OUT-DIR
import { check, finish, test } from "./lib.mjs";
import { deafTo, hears, hearsSomething, neverHeard } from "./sound.mjs";
import { apart, full, inOrder, Operator, stage, Telephone, together, until, zh } from "./three_stage.mjs";

const [out] = process.argv.slice(2);
const NUMBER = "13800002001";
const set = await stage("three", out);
const { world } = set;

const caller = await (await Telephone.open("caller")).take(NUMBER);
const target = await (await Telephone.open("target")).take("8312");
const desk = await Operator.open(set, "operator1");
let other; // a third telephone, a second operator: only where they are needed
let colleague;
/** A page that was starved for ten seconds has lost its telephone: it takes it again. */
const as = async (phone, number) =>
  phone.number === number && (await phone.page.locator(".telephone").count()) ? phone : phone.take(number);
const needOther = async (number) => {
  other ??= await Telephone.open("other");
  return as(other, number);
};

/** One path: its keys are counted, its record is looked at. */
async function path(title, run, ...wanted) {
  await test(title, async () => {
    const began = Date.now();
    desk.keys = [];
    try {
      await run();
      if (wanted.length) inOrder((await world("record", NUMBER, began)).steps, wanted);
    } catch (e) {
      const name = title.replace(/[^\w一-鿿]+/g, "-").slice(0, 60);
      await desk.page.screenshot({ path: `${out}/three-${name}.png` }).catch(() => undefined);
      await again();
      throw e;
    }
  });
}
/** After a path that failed the next one begins with nobody on a line. */
async function again() {
  for (const t of [target, other])
    if (t && (await t.button("behaviour.answer").count())) await t.behaves("answer").catch(() => undefined);
  for (const t of [caller, target, other])
    for (const b of t ? ["hang_up", "refuse"] : [])
      if (await t.button(b).count()) await t.push(b).catch(() => undefined);
  for (let i = 0; i < 3; i++) await desk.page.keyboard.press("Escape");
  await desk.free().catch(() => undefined);
}
/** The caller rings, the operator answers with Enter and both speak; ms from Enter to speech. */
async function answered() {
  await as(caller, NUMBER);
  await caller.call();
  await desk.rings(NUMBER);
  await desk.says("您好，某城集团");
  await desk.offers("enter", zh["console.desk.key.answer"]);
  const enter = Date.now();
  await desk.press("Enter");
  await desk.inHand(NUMBER);
  const at = Math.max(await hears(desk.page, "caller"), await hears(caller.page, "operator"));
  return at - enter;
}
/** The three of A4.1.3 into the form, Enter from line to line; F8 is offered only after the third. */
async function screened(number = "8801") {
  await desk.find(number, "朱善富");
  await desk.offers("enter", zh["console.desk.key.through.screen"]);
  await desk.press("Enter");
  await desk.see("#slip-surname");
  await desk.says("贵姓");
  for (const [field, text] of [["surname", "王先生"], ["organisation", "华建工程"], ["matter", "工程款的事"]]) {
    if (await desk.page.inputValue(`#slip-${field}`)) continue; // known from the last call
    await until(() => desk.page.evaluate((id) => document.activeElement?.id === id, `slip-${field}`), `the focus isn't in ${field}`);
    check((await desk.page.locator("[data-place=consult]:not([aria-disabled=true])").count()) === 0, `consultation is offered before ${field}`);
    await desk.type(text);
    if (field !== "matter") await desk.press("Enter");
  }
  await desk.offers("consult", zh["console.desk.key.consult"]);
}
/** The general manager has answered the private line; since when the caller hears neither. */
async function consulted() {
  await screened();
  await desk.press("F8");
  await target.state("ringing");
  const music = await deafTo(caller.page, "operator");
  await hearsSomething(caller.page);
  await target.answers();
  await desk.see(".legs", zh["console.desk.legs.you"]);
  await desk.says("朱善富总经理您好，华建工程王先生来电，工程款的事");
  await together(desk, target);
  await deafTo(desk.page, "caller");
  return music;
}
const kept = async (name) => desk.see(".notice", zh["console.desk.message.kept"].replace("{name}", name));
/** Message with what the caller says, written and kept by keys. */
async function message(name, text) {
  await desk.see(".slip output", name);
  await until(() => desk.page.evaluate(() => document.activeElement?.id?.startsWith("slip-")), "no field has the focus");
  if (await desk.page.evaluate(() => document.activeElement?.id === "slip-surname")) {
    await desk.type("王先生");
    await desk.press("Enter", "Enter", "Enter"); // organisation, number, matter
  }
  await until(() => desk.page.evaluate(() => document.activeElement?.id === "slip-matter"), "the focus isn't in the matter");
  await desk.type(text);
  await desk.press("Control+Enter");
  await kept(name);
  const [row] = await world("query", "SELECT * FROM messages WHERE matter LIKE ? ORDER BY id DESC", `%${text}`);
  check(row.from_number === NUMBER && row.call_no > 0, JSON.stringify(row));
  return row;
}

await desk.goOnDuty();
await test("on duty with the browser's headset by one Enter: the switchboard is in the manual state", async () => {
  check(desk.keys.length === 1, String(desk.keys));
  await desk.see(".desk-state.manual");
});

await path("A4.1.1, A4.1.2 the usual call: Enter, letters, Enter; out of it after the answer", async () => {
  await as(target, "8312");
  const ms = await answered();
  await desk.find("zsf", "张三丰");
  await desk.says("请稍等");
  await desk.press("Enter");
  await target.state("ringing");
  await hears(caller.page, "operator"); // while it rings
  await target.answers();
  await desk.free();
  await together(caller, target);
  const [one] = await apart(desk, caller);
  const two = await deafTo(desk.page, "target");
  const three = await deafTo(target.page, "operator");
  check(desk.keys.join(" ") === "Enter Enter", `keys besides letters: ${desk.keys}`);
  console.log(`       Enter to speech in both directions: ${ms} ms; keys besides letters: ${desk.keys.length}`);
  await new Promise((r) => setTimeout(r, 700));
  await neverHeard(desk.page, "caller", one);
  await neverHeard(desk.page, "target", two);
  await neverHeard(target.page, "operator", three);
  await together(caller, target);
  await caller.hangsUp();
  await target.over();
}, ["answered_operator", "A4.1.1"], ["target", "A4.1.2"], ["target_ringing", null], ["connected", "A4.1.2"]);

await path("A4.1.2 busy: told at once, with the sentence; nobody's phone rings", async () => {
  await as(target, "8312");
  await target.behaves("busy");
  await answered();
  await desk.find("8312", "张三丰");
  await desk.press("Enter");
  await desk.see(".result", zh["console.desk.outcome.busy"]);
  await desk.says("对不起，电话占线，请稍后再拨");
  await together(desk, caller);
  await desk.ends();
  await caller.over();
}, ["target", "A4.1.2"], ["target_busy", "A4.1.2"], ["operator_hung_up", null]);

await path("A4.1.2 no answer: let go, returned to the same operator, asked, message", async () => {
  await as(target, "8312");
  await target.behaves("away");
  await answered();
  await desk.find("zsf", "张三丰");
  await desk.press("Enter");
  await target.state("ringing");
  await desk.offers("enter", zh["console.desk.key.let_go"]);
  await desk.press("Enter");
  await desk.free();
  await deafTo(desk.page, "caller");
  await desk.bay("returned", NUMBER);
  await desk.says("对不起，无人接听"); // before it is taken
  await desk.press("Enter");
  await desk.inHand(NUMBER);
  await together(desk, caller);
  await desk.says("对不起，无人接听。请问您需要留言，还是转其他分机");
  await desk.offers("message", zh["console.desk.key.message"]);
  await desk.press("NumpadAdd");
  const row = await message("张三丰", "请今天回电");
  check(row.for_person === 16, JSON.stringify(row));
  await together(desk, caller);
  await desk.ends();
  await target.behaves("answer");
}, ["let_go", null], ["target_no_answer", "A4.1.2"], ["returned", null], ["message_kept", null], ["operator_hung_up", null]);

await path("A4.1.2 no answer: another extension", async () => {
  await needOther("8313");
  await as(target, "8312");
  await answered();
  await desk.find("zsf", "张三丰");
  await desk.press("Enter");
  await target.refuses(); // as no answer: a refusal isn't told to the caller
  await desk.says("无人接听");
  await hears(caller.page, "operator");
  await desk.find("lxd", "李向东");
  await desk.press("Enter");
  await other.answers();
  await desk.free();
  await together(caller, other);
  await apart(desk, caller);
  await caller.hangsUp();
}, ["target_refused", null], ["target", "A4.1.2"], ["connected", "A4.1.2"]);

await path("A4.1.3 the general manager agrees: not before; nobody hears what he shouldn't", async () => {
  await as(target, "8801");
  await answered();
  const music = await consulted();
  const deaf = await deafTo(target.page, "caller");
  await desk.press("Enter"); // never consents
  await hears(target.page, "operator");
  await neverHeard(caller.page, "operator", music);
  await neverHeard(caller.page, "target", music);
  await neverHeard(target.page, "caller", deaf);
  await desk.press("F8");
  await desk.free();
  await together(caller, target);
  await deafTo(desk.page, "target");
  const [gone] = await apart(desk, caller);
  await new Promise((r) => setTimeout(r, 500));
  await neverHeard(desk.page, "caller", gone);
  await caller.hangsUp();
}, ["screened_form", "A4.1.3"], ["consultation", "A4.1.3"], ["consulted", "A4.1.3"], ["consent", "A4.1.3"], ["connected", "A4.1.3"]);

await path("A4.1.3 the general manager declines: the caller's message", async () => {
  await as(target, "8801");
  await answered();
  const music = await consulted();
  await neverHeard(caller.page, "target", music);
  await desk.offers("message", zh["console.desk.key.refused"]);
  await desk.press("NumpadAdd");
  await target.over();
  await together(desk, caller);
  const row = await message("朱善富", "改日再谈");
  check(row.for_person === 4 && row.matter.includes("工程款"), `what was asked is in the slip: ${row.matter}`);
  await neverHeard(target.page, "caller", music);
  await desk.ends();
}, ["consulted", "A4.1.3"], ["consent_refused", "A4.1.3"], ["message_kept", null]);

await path("A4.1.3 the general manager is absent: GAD's manager", async () => {
  await as(target, "8801");
  await needOther("8601");
  await target.behaves("away");
  await answered();
  await screened();
  await desk.press("F8");
  await target.state("ringing");
  await desk.says("总经理现在不在"); // after it rang in vain
  await together(desk, caller);
  await desk.offers("gad", "周敏之");
  await desk.press("NumpadMultiply");
  await other.answers();
  await desk.free();
  await together(caller, other);
  await apart(desk, caller);
  await caller.hangsUp();
  await target.behaves("answer");
}, ["consultation", "A4.1.3"], ["target_no_answer", "A4.1.3"], ["gad_manager", "A4.1.3"], ["connected", null]);

await path("A4.1.3 the general manager's line is busy: not absent; a message or waiting", async () => {
  await as(target, "8801");
  await target.behaves("busy");
  await answered();
  await screened();
  await desk.press("F8");
  await desk.says("总经理的电话占线");
  await together(desk, caller);
  await desk.offers("hold", zh["console.desk.key.wait_free"]);
  await desk.press("NumpadAdd");
  await message("朱善富", "等他有空");
  await desk.ends();
  await target.behaves("answer");
}, ["consultation", null], ["target_busy", null], ["message_kept", null]);

await path("A4.1.4 the chairman: his own secretary's telephone, not his", async () => {
  await as(target, "8805");
  await needOther("8800");
  await answered();
  await desk.find("8800", "顾长河");
  await desk.offers("enter", zh["console.desk.key.through.secretary"]);
  await desk.press("Enter");
  await target.answers();
  await desk.free();
  await together(caller, target);
  check(await other.page.locator('.telephone[data-state="idle"], .telephone[data-state="ended"]').count(), "the chairman's telephone rang");
  await apart(desk, caller);
  await caller.hangsUp();
}, ["secretary", "A4.1.4"], ["connected", "A4.1.4"]);

await path("A4.1.4 the secretary is absent: a message for the chairman", async () => {
  await as(target, "8805");
  await target.behaves("away");
  await answered();
  await desk.find("gch", "顾长河");
  await desk.press("Enter");
  await target.state("ringing");
  await desk.says("秘书现在不在，请您留言");
  await desk.press("NumpadAdd");
  const row = await message("顾长河", "约时间拜访");
  check(row.for_person === 1, JSON.stringify(row));
  await desk.ends();
  await target.behaves("answer");
}, ["secretary", "A4.1.4"], ["target_no_answer", "A4.1.4"], ["message_kept", null]);

await path("A4.1.6 a complaint, whomever it asks for: customer service, with the note", async () => {
  await as(target, "8951");
  await answered();
  await desk.find("8801", "朱善富");
  await desk.press("Enter"); // the general manager is asked for: it is heard to be a complaint
  await desk.see("#slip-surname");
  await desk.press("Alt+Minus");
  await desk.see("#slip-said");
  await desk.says("您请讲");
  await desk.type("电梯坏了三天没人修");
  await desk.press("Control+Enter");
  await target.state("ringing");
  await target.page.locator(".state", { hasText: /总机转|投诉|电梯/ }).waitFor();
  await target.answers();
  await desk.free();
  await together(caller, target);
  await apart(desk, caller);
  await caller.hangsUp();
}, ["complaint", "A4.1.6"], ["customer_service", "A4.1.6"], ["connected", "A4.1.6"]);

await path("A4.1.7 unclear: * to GAD", async () => {
  await as(target, "8604");
  await answered();
  await desk.offers("gad", "综合管理部");
  await desk.press("NumpadMultiply");
  await target.answers();
  await desk.free();
  await together(caller, target);
  await caller.hangsUp();
}, ["target", "A4.1.7"], ["connected", "A4.1.7"]);

await path("A4.1.5 an enquiry is answered at discretion, and what was told is kept", async () => {
  await answered();
  await desk.press("Shift+F6");
  await desk.find("sunl", "孙立");
  await desk.says("8271");
  await desk.press("Control+Enter");
  await desk.see(".notice", zh["console.desk.told.kept"].replace("{name}", "孙立"));
  const [row] = await world("query", "SELECT * FROM told ORDER BY id DESC");
  check(row.person === 25 && row.to_number === NUMBER, JSON.stringify(row));
  await together(desk, caller);
  await desk.ends();
}, ["told", "A4.1.5"], ["operator_hung_up", null]);

await path("hold, another caller, swap, retrieve: each is heard in turn", async () => {
  await needOther("13800002002");
  await answered();
  await desk.press("NumpadDivide");
  await desk.free();
  await desk.bay("held", NUMBER);
  const music = await deafTo(caller.page, "operator");
  await hearsSomething(caller.page);
  await other.call();
  await desk.rings(other.number);
  await desk.press("Enter");
  await desk.inHand(other.number);
  await together(desk, other);
  await neverHeard(caller.page, "operator", music);
  await neverHeard(caller.page, "other", music);
  await desk.press("ArrowRight"); // the held one's row
  await desk.offers("enter", zh["console.desk.key.retrieve"].replace("{name}", ""));
  await desk.press("Enter");
  await desk.inHand(NUMBER);
  await desk.bay("held", other.number);
  await together(desk, caller);
  await deafTo(other.page, "operator");
  await other.hangsUp();
  await together(desk, caller);
  await caller.hangsUp();
  await desk.free();
}, ["operator_held", null], ["operator_retrieved", null]);

await path("a conference of three, then the two alone", async () => {
  await as(target, "8312");
  await answered();
  await desk.find("zsf", "张三丰");
  await desk.press("F8");
  await target.answers();
  await together(desk, target);
  await deafTo(caller.page, "operator");
  await desk.see(".extras", zh["console.desk.key.conference"]);
  await desk.press("Shift+F8");
  for (const [a, b] of [[desk, caller], [desk, target], [caller, target]]) await together(a, b);
  await desk.offers("enter", zh["console.desk.key.leave"]);
  await desk.press("Enter");
  await desk.free();
  await together(caller, target);
  await deafTo(desk.page, "caller");
  await deafTo(target.page, "operator");
  await caller.hangsUp();
}, ["conference", null]);

await path("F9: away, at once automatic; the waiting caller is with the attendant; the password opens", async () => {
  await as(caller, NUMBER);
  await caller.call();
  await desk.rings(NUMBER);
  await desk.press("F9");
  await desk.see(".panel .choice");
  await desk.press("Enter");
  await desk.see(".desk-away");
  await desk.see(".desk-state.automatic");
  await caller.state("talking");
  await hearsSomething(caller.page);
  await until(() => desk.page.evaluate(() => document.activeElement?.type === "password"), "the password's box hasn't the focus");
  await desk.type(desk.password);
  await desk.press("Enter");
  await desk.see(".desk-state.manual");
  await desk.rings(NUMBER);
  await desk.offers("enter", zh["console.desk.key.take_back"]);
  await desk.press("Enter");
  await desk.inHand(NUMBER);
  await together(desk, caller);
  await desk.ends();
}, ["answered_attendant", null], ["taken_back", null]);

if (full) {
  await path("A4.1.1 at the end of the third ring the attendant takes it; Enter takes it back", async () => {
    await as(caller, NUMBER);
    const rang = Date.now();
    await caller.call();
    await desk.rings(NUMBER);
    await caller.state("talking");
    await hearsSomething(caller.page);
    await desk.offers("enter", zh["console.desk.key.take_back"]);
    await desk.press("Enter");
    await desk.inHand(NUMBER);
    await together(desk, caller);
    await desk.ends();
    const { steps } = await world("record", NUMBER, rang);
    const at = (kind) => steps.find((s) => s[0] === kind)[4];
    const took = at("answered_attendant") - at("ringing"); // 1 s on, 9 s off, here
    check(Math.abs(took - 21000) < 500, `the attendant answered ${took} ms after the first ring`);
  }, ["answered_attendant", null], ["taken_back", null]);

  await path("A4.1.2 busy: the caller waits until it is free", async () => {
    await as(target, "8312");
    await needOther("8313");
    await other.call("8312");
    await target.answers();
    await together(other, target);
    await answered();
    await desk.find("zsf", "张三丰");
    await desk.press("Enter");
    await desk.says("电话占线");
    await desk.offers("hold", zh["console.desk.key.wait_free"]);
    await desk.press("NumpadDivide");
    await desk.free();
    await other.hangsUp();
    await target.answers();
    await together(caller, target);
    await deafTo(desk.page, "caller");
    await caller.hangsUp();
  }, ["target_busy", "A4.1.2"], ["waiting", null], ["connected", null]);

  await path("A4.1.3 absent, says whoever answers his telephone: a message", async () => {
    await as(target, "8801");
    await answered();
    await consulted();
    await desk.press("NumpadSubtract");
    await desk.says("总经理现在不在");
    await target.over();
    await together(desk, caller);
    await desk.press("NumpadAdd");
    await message("朱善富", "回来后回电");
    await desk.ends();
  }, ["consulted", "A4.1.3"], ["message_kept", null]);

  await path("Esc pulls a ringing telephone back: the caller stays with the operator", async () => {
    await as(target, "8312");
    await answered();
    await desk.find("zsf", "张三丰");
    await desk.press("Enter");
    await target.state("ringing");
    await desk.press("Escape");
    await target.over();
    await desk.inHand(NUMBER);
    await together(desk, caller);
    await desk.ends();
  }, ["target_ringing", null], ["pulled_back", null], ["operator_hung_up", null]);

  await path("parked on a number, fetched from a telephone", async () => {
    await as(target, "8312");
    await answered();
    await desk.press("F2");
    await desk.free();
    await desk.bay("held", NUMBER);
    const slot = (await desk.row(NUMBER).locator(".why").textContent()).match(/\d{4}/)[0];
    await target.call(slot);
    await together(caller, target);
    await deafTo(desk.page, "caller");
    await caller.hangsUp();
  }, ["parked", null], ["retrieved", null]);

  await path("handed over to a colleague at another page, with a note", async () => {
    colleague ??= await Operator.open(set, "operator2", "colleague");
    await colleague.goOnDuty();
    await answered();
    await desk.press("Shift+F9");
    await desk.see(".panel .choice", "陈洁");
    await until(() => desk.page.evaluate(() => document.activeElement?.id === "hand-note"), "the focus isn't in the note");
    await desk.type("要找采购");
    await desk.press("Tab", "Enter");
    await desk.free();
    await colleague.bay("returned", NUMBER);
    await colleague.see(".ticket .why", "要找采购");
    await colleague.press("Enter");
    await colleague.inHand(NUMBER);
    await together(colleague, caller);
    await deafTo(desk.page, "caller");
    await colleague.ends();
  }, ["handed_over", null], ["operator_hung_up", null]);

  await path("F9 with a colleague on duty: still answered by a person", async () => {
    await desk.press("F9");
    await desk.see(".panel .choice");
    await desk.press("Enter");
    await desk.see(".desk-away");
    await as(caller, NUMBER);
    await caller.call();
    await colleague.rings(NUMBER);
    await colleague.press("Enter");
    await colleague.inHand(NUMBER);
    await together(colleague, caller);
    await colleague.ends();
    await desk.type(desk.password);
    await desk.press("Enter");
    await desk.see(".desk-state.manual");
  }, ["answered_operator", "A4.1.1"]);
}

await test("the program ends in order, and nothing was found in it", async () => {
  const status = await set.close();
  check(status === 0, `status ${status}`);
});
await finish();
