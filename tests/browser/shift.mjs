// A shift at the desk by the keyboard alone: twenty calls of all kinds on the real program, none of
// them lost. Then the same blind: whoever presses the keys knows only what a screen reader was given
// to say: the announcements, alerts, and the names of fields that get the focus.
//   ZONGJI_BUILD=… [ZONGJI_TIER=full] node tests/browser/shift.mjs OUT-DIR
import { check, finish, test } from "./lib.mjs";
import { full, inOrder, Operator, sleep, stage, until, zh } from "./three_stage.mjs";

const [out] = process.argv.slice(2);
const set = await stage("shift", out);
const { world } = set;
const d = (key, values = {}) => Object.entries(values).reduce((s, [k, v]) => s.replace(`{${k}}`, v), zh[`console.desk.${key}`]);

const STAFF = { answer: ["8312", "8313", "8401", "8231", "8271", "8512", "8641", "8702", "8561", "8801", "8805", "8951", "8604", "8313"],
  busy: ["8420"], silent: ["8314", "8806"] };
for (const [kind, numbers] of Object.entries(STAFF)) for (const n of new Set(numbers)) await world("staff", n, kind);

// ---- what one knows of the desk: by looking ----

class Eyes {
  constructor(desk) { this.page = desk.page; }
  /** The page as it is. */
  look() {
    return this.page.evaluate(() => {
      const text = (s) => document.querySelector(s)?.textContent ?? "";
      return { chip: text(".head .chip"), name: text(".head h3"), legs: text(".head .you"), result: text(".result"),
        chosen: text(".entry.chosen"), dial: text(".entry.dial"), notice: text(".notice"), waits: text(".ticket.next"),
        sentence: text(".sentence"), focus: document.activeElement?.id ?? "", slip: text(".slip output"),
        enter: text("[data-place=enter]"), escape: text("[data-place=escape]"), consult: text("[data-place=consult]"), note: text(".ticket.next .why") };
    });
  }
  waitFor(ok, what) {
    let last;
    return until(async () => ok((last = await this.look())) && last, () => `${what}: ${JSON.stringify(last)}`);
  }
  somebodyWaits() { return this.waitFor((p) => p.waits, "nobody waits"); }
  async whoIsIt() {
    const p = await this.waitFor((s) => /^(外线|内线)来电$/.test(s.chip), "nobody is in hand");
    const number = /\d[\d ]{3,}/.exec(p.name);
    check(number, `a number in ${JSON.stringify(p)}`);
    return number[0].replaceAll(" ", "");
  }
  chose(name) { return this.waitFor((p) => p.chosen.includes(name), `${name} isn't chosen`); }
  /** What became of the try: "free", or the outcome's word. */
  async fate() {
    const p = await this.waitFor((s) => this.isFree(s) || s.result, "nothing became of it");
    return this.isFree(p) ? "free" : p.result;
  }
  isFree(p) { return p.name.includes(d("free")) || [d("tag.next"), d("tag.past")].includes(p.chip); }
  async rings(name) {
    const p = await this.waitFor((s) => s.escape.includes(d("key.pull_back")), `${name} doesn't ring`);
    this.takesNext = p.enter.includes(d("key.let_go_next"));
  }
  /** What Enter did while a phone rang: "next" is in hand, or the hands are "free". */
  async letGo() {
    if (!this.takesNext) return (await this.free()) && "free";
    await this.waitFor((p) => /^(外线|内线)来电$/.test(p.chip) && !p.escape.includes(d("key.pull_back")), "the next isn't in hand");
    return "next";
  }
  free() { return this.waitFor((p) => this.isFree(p), "the hands aren't free"); }
  line() { return this.waitFor((p) => p.consult.includes(d("key.agreed")), "the private line isn't answered"); }
  async field() {
    const p = await this.waitFor((s) => s.focus.startsWith("slip-"), "no field has the focus");
    return p.focus.slice(5);
  }
  done(text) { return this.waitFor((p) => p.notice.includes(text), text); }
  move() { return Promise.resolve(); }
  found(text) { return this.waitFor((p) => p.sentence.includes(text), text); }
}

// ---- by hearing ----

function listen() {
  window.heard = [];
  const say = (kind, text) => text && window.heard.push(`${kind}${text}`);
  const log = document.querySelector("[role=log]");
  new MutationObserver(() => say("", log.textContent)).observe(log, { childList: true, subtree: true, characterData: true });
  new MutationObserver((all) => {
    for (const m of all) {
      const alert = (m.target.nodeType === 1 ? m.target : m.target.parentElement)?.closest("[role=alert]");
      if (alert) say("alert:", alert.textContent.trim());
    }
  }).observe(document.querySelector(".desk"), { childList: true, subtree: true, characterData: true });
  document.addEventListener("focusin", (e) => {
    if (!e.target.matches("input, textarea, button, [role=dialog]")) return;
    const name = e.target.getAttribute("aria-label") ?? e.target.labels?.[0]?.textContent ?? e.target.textContent;
    say("focus:", name.trim());
  });
}

class Ears {
  constructor(desk) { this.desk = desk; this.page = desk.page; this.at = 0; this.was = ""; }
  static async on(desk) {
    await desk.page.evaluate(listen);
    return new Ears(desk);
  }
  heard() { return this.page.evaluate(() => window.heard); }
  /** The first line not yet used that matches, and its groups; what came before it is past. */
  async hear(what, text, ms = 40000) {
    let all = [];
    return until(async () => {
      all = await this.heard();
      const i = all.findIndex((line, n) => n >= this.at && what.test(line));
      if (i < 0) return undefined;
      this.at = i + 1;
      return [all[i], ...what.exec(all[i]).slice(1)];
    }, () => `${text}; heard: ${all.slice(-8).join(" | ")}`, ms);
  }
  async ask(key, what, text) {
    this.at = (await this.heard()).length;
    await this.page.keyboard.press(key);
    return this.hear(what, text);
  }
  async somebodyWaits() {
    const told = await this.hear(/第 \d+ 声|自动台已接|共 \d+ 通等待|^.*退回.*$/, "an arrival", 2500).catch(() => undefined);
    if (told) return;
    await until(async () => !/没有人等待/.test((await this.ask("Alt+KeyW", /没有人等待|外线|内线/, "who waits"))[0]), "nobody waits");
  }
  async whoIsIt() {
    const [line] = await this.hear(/^(通话|退回，|与服务器)/, "who is in hand");
    const number = /\d[\d ]{3,}/.exec(line.startsWith("通话") ? line : (await this.ask("Alt+KeyH", /\d{3}/, "who is here"))[0]);
    return number[0].replaceAll(" ", "");
  }
  chose(name) { return this.hear(new RegExp(`^${name}，.*共 \\d+`), `${name} isn't told`); }
  async fate() {
    const [line] = await this.hear(/^双手空闲|^退回，/, "nothing is told");
    return line;
  }
  rings(name) { return this.hear(new RegExp(`^振铃，${name}`), `${name} isn't told to ring`); }
  async letGo() {
    const [line] = await this.hear(/^双手空闲|^通话/, "nothing is told after letting go");
    if (line.startsWith("双手空闲")) return "free";
    this.at--; // it also says who is in hand
    return "next";
  }
  free() { return this.hear(/^双手空闲/, "free hands aren't told"); }
  line() { return this.hear(/^单线已接听/, "the private line isn't told"); }
  async field() {
    const [, name] = await this.hear(/^focus:(.*)$/, "no field is told");
    const is = { [d("field.from")]: "surname", [d("field.surname")]: "surname", [d("field.organisation")]: "organisation",
      [d("field.matter")]: "matter", [d("field.number")]: "number", [d("field.said")]: "said" };
    return is[name] ?? name;
  }
  done(text) { return this.hear(new RegExp(text), text); }
  /** The focus has been heard of; what it was before is past. */
  async move() { this.at = (await this.heard()).length; }
  /** What to say is asked for. */
  found(text) { return this.ask("Alt+KeyS", new RegExp(text), text); }
}

// ---- the operator, who knows what the caller asks for ----

/** Into a form: each field by name, Enter to the next; the last is left to its own key. */
async function write(o, fields) {
  for (let i = 0; i < 8; i++) {
    const name = await o.sees.field();
    if (fields[name] !== undefined) await o.desk.type(fields[name]);
    if (name === "matter" || name === "said") return;
    await o.sees.move();
    await o.press("Enter");
  }
  throw new Error("the form has no end");
}
async function through(o, letters, name) {
  await o.sees.move();
  await o.desk.type(letters);
  await o.sees.chose(name);
  await o.press("Enter");
}
/** To a caller who has been served. */
async function goodbye(o) {
  await o.press("Enter");
  await o.sees.free();
}
async function takeMessage(o, name, matter) {
  await o.press("NumpadAdd");
  await write(o, { surname: "王先生", matter });
  await o.press("Control+Enter");
  await o.sees.done(d("message.kept", { name }));
  await goodbye(o);
}
async function reachGeneralManager(o) {
  await through(o, "8801", "朱善富");
  await write(o, { surname: "赵女士", organisation: "远山广告", matter: "签合同" });
  await o.press("F8");
  await o.sees.line();
}

const KINDS = {
  async usual(o, letters, name) {
    await through(o, letters, name);
    check((await o.sees.fate()).startsWith(o.blind ? "双手空闲" : "free"), "not put through");
  },
  async busy(o, letters, name) {
    await through(o, letters, name);
    check((await o.sees.fate()).includes("占线"), "not told busy");
    await takeMessage(o, name, "请回电");
  },
  /** Let go, which takes whoever waits at once; it comes back later, and is then asked. */
  async vain(o, letters, name) {
    await through(o, letters, name);
    await o.sees.rings(name);
    await o.press("Enter");
    return o.sees.letGo();
  },
  vain_back: (o, letters, name) => takeMessage(o, name, "明天再打"),
  async agreed(o) {
    await reachGeneralManager(o);
    await o.press("F8");
    await o.sees.free();
  },
  async declined(o) {
    await reachGeneralManager(o);
    await o.press("NumpadAdd");
    await write(o, { matter: "，改日" });
    await o.press("Control+Enter");
    await o.sees.done(d("message.kept", { name: "朱善富" }));
    await goodbye(o);
  },
  async no_secretary(o, letters, name) {
    await through(o, letters, name);
    check(/无人接听/.test(await o.sees.fate()), "not told that nobody answers");
    await takeMessage(o, name, "约时间");
  },
  async complaint(o) {
    await o.press("NumpadSubtract");
    await write(o, { said: "物业不理人" });
    await o.press("Control+Enter");
    await o.sees.free();
  },
  async unclear(o) {
    await o.press("NumpadMultiply");
    await o.sees.free();
  },
  async enquiry(o, letters, name, number) {
    await o.sees.move();
    await o.press("Shift+F6");
    await o.desk.type(letters);
    await o.sees.chose(name);
    await o.sees.found(number);
    await o.press("Control+Enter");
    await o.sees.done(d("told.kept", { name }));
    await goodbye(o);
  },
  async wrong(o) {
    await o.press("Delete", "NumpadSubtract");
    await o.sees.free();
  },
};

/** What each caller asks for; how it must end for the caller; what must be in the record. */
const SHIFT = [
  ["usual", "talked", ["connected", "A4.1.2"], "zsf", "张三丰"],
  ["usual", "talked", ["connected", "A4.1.2"], "lxd", "李向东"],
  ["agreed", "talked", ["consent", "A4.1.3"]],
  ["complaint", "talked", ["complaint", "A4.1.6"]],
  ["busy", "ended", ["message_kept", null], "zsfe", "张淑芬"],
  ["usual", "talked", ["connected", "A4.1.2"], "gao", "高宁"],
  ["vain", "ended", ["returned", null], "8314", "王伟"],
  ["enquiry", "ended", ["told", "A4.1.5"], "sunl", "孙立", "8271"],
  ["unclear", "talked", ["target", "A4.1.7"]],
  ["usual", "talked", ["secretary", "A4.1.4"], "gch", "顾长河"],
  ["declined", "ended", ["consent_refused", "A4.1.3"]],
  ["usual", "talked", ["connected", "A4.1.2"], "8561", "查良玉"],
  ["wrong", "ended", ["operator_hung_up", null]],
  ["usual", "talked", ["connected", "A4.1.2"], "ouy", "欧阳婷"],
  ["no_secretary", "ended", ["message_kept", null], "lws", "林望舒"],
  ["usual", "talked", ["connected", "A4.1.2"], "qiuh", "仇海燕"],
  ["usual", "talked", ["connected", "A4.1.2"], "sunl", "孙立"],
  ["usual", "talked", ["connected", "A4.1.2"], "qdy", "覃大勇"],
  ["wrong", "ended", ["operator_hung_up", null]],
  ["usual", "talked", ["connected", "A4.1.2"], "zsf", "张三丰"],
];
/** Of each kind one, where there is no time for all. */
const FEW = [0, 2, 3, 4, 7, 8, 12, 16];

async function shift(desk, sees, blind, first, calls) {
  const o = { desk, sees, blind, press: (...keys) => desk.press(...keys) };
  const people = new Map(calls.map((call, i) => [String(first + i), call]));
  const letGo = new Set();
  const began = Date.now();
  const counts = [];
  let out_ = 0;
  let handled = 0;
  let inHand = false; // taken by the key that let another go
  const bring = async () => {
    const numbers = [...people.keys()];
    while (out_ < numbers.length && out_ - handled < 2) await world("comes", numbers[out_++]);
  };
  while (handled < calls.length || letGo.size) {
    await bring();
    desk.keys = inHand ? ["Enter"] : [];
    if (!inHand) {
      await sees.somebodyWaits();
      await sees.move();
      await o.press("Enter");
    }
    const number = await sees.whoIsIt();
    const call = people.get(number);
    check(call, `who is ${number}?`);
    const back = letGo.delete(number);
    const [kind, , , ...wish] = call;
    try {
      const after = await KINDS[back ? `${kind}_back` : kind](o, ...wish);
      if (after) letGo.add(number);
      inHand = after === "next";
    } catch (e) {
      throw new Error(`call ${number - first + 1} of ${calls.length}, ${kind} ${wish}: ${e.message}`);
    }
    if (kind === "usual") counts.push(desk.keys.length);
    if (!back) handled++;
  }
  const numbers = [...people.keys()];
  const came = await until(async () => {
    const all = await world("what_came");
    return numbers.every((n) => all[n] !== "waits") && all;
  }, "somebody still waits");
  for (const [number, [kind, end, step, ...wish]] of people) {
    check(came[number].startsWith(end), `${number}, ${kind} ${wish}: ${came[number]}, not ${end}`);
    const record = await world("record", number, began);
    inOrder(record.steps, [step]);
    check(record.steps.some((s) => /^(answered_operator|taken_back)$/.test(s[0])), `${number} wasn't answered by a person`);
  }
  check(counts.every((n) => n === 2), `keys besides letters of the usual calls: ${counts}`);
  console.log(`       ${calls.length} calls in ${((Date.now() - began) / 1000).toFixed(0)} s, none lost; keys besides letters: ${counts.join(" ")}`);
}

const desk = await Operator.open(set, "operator1");
await desk.goOnDuty();
const picture = async (run, name) => {
  try {
    await run();
  } catch (e) {
    await desk.page.screenshot({ path: `${out}/shift-${name}.png` }).catch(() => undefined);
    throw e;
  }
};
await test("twenty calls by the keyboard alone", () => picture(() => shift(desk, new Eyes(desk), false, 13800003001, SHIFT), "keys"));
const blindCalls = full ? SHIFT : FEW.map((i) => SHIFT[i]);
await test(`${blindCalls.length} calls blind: only what is announced is known`, () =>
  picture(async () => shift(desk, await Ears.on(desk), true, 13800004001, blindCalls), "blind"));
await test("the program ends in order, and nothing was found in it", async () => {
  await sleep(300);
  const status = await set.close();
  check(status === 0, `status ${status}`);
});
await finish();
