// The people of three.mjs and shift.mjs: the real program, telephones in browsers, an operator at
// the desk who has a keyboard and nothing else.
import { spawn } from "node:child_process";
import readline from "node:readline";
import { begin, check, ends, lang, open, root, signIn } from "./lib.mjs";
import { deafTo, hears, soundOf } from "./sound.mjs";

export const zh = lang["zh-CN"];
export const full = process.env.ZONGJI_TIER === "full";
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
/** For conditions: the machine may be slow, a condition that never comes is not. */
const PATIENCE_MS = 45000;

export async function until(ok, text, ms = PATIENCE_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await ok();
    if (value) return value;
    if (Date.now() > end) throw new Error(typeof text === "function" ? await text() : text);
    await sleep(60);
  }
}

export async function stage(name, out, program = "world.py") {
  const python = spawn("/usr/bin/python3", [`${root}tests/browser/${program}`, name], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = readline.createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const line = async () => {
    const next = await lines.next();
    if (next.done) throw new Error("the world has ended");
    return JSON.parse(next.value);
  };
  const where = await line();
  begin(where.base, out);
  let turn = Promise.resolve();
  const ask = async (command) => {
    python.stdin.write(JSON.stringify(command) + "\n");
    const answer = await line();
    if (answer.error) throw new Error(answer.error);
    return answer.value;
  };
  return {
    base: where.base,
    account: (who) => [who, where.accounts[who]],
    /** One question at a time. */
    world: (...command) => (turn = turn.catch(() => undefined).then(() => ask(command))),
    async close() {
      ends();
      python.stdin.end();
      return (await line()).status;
    },
  };
}

const spaced = (number) => number.replace(/^(1\d{2})(\d{4})(\d{4})$/, "$1 $2 $3");

/** A telephone in a browser, worked by its buttons. `who` is its voice. */
export class Telephone {
  static async open(who) {
    const t = new Telephone();
    t.who = who;
    t.page = await open({ path: "/caller", viewport: { width: 700, height: 800 }, sounding: soundOf(who) });
    t.page.setDefaultTimeout(PATIENCE_MS);
    return t;
  }
  button(key) { return this.page.getByRole("button", { name: zh[`console.caller.${key}`], exact: true }); }
  /** Pressed as it is found: a busy machine draws too seldom for a mouse to be sure. */
  push(key) { return this.button(key).dispatchEvent("click"); }
  state(...names) { return this.page.locator(names.map((n) => `.telephone[data-state="${n}"]`).join(", ")).waitFor(); }
  async take(as) {
    const { page } = this;
    if (await page.locator(".telephone").count()) await this.push("put_away");
    await page.locator(".take").waitFor();
    if (/^8\d{3}$/.test(as)) {
      await page.getByLabel(zh["console.caller.inside"]).check();
      await page.locator("[name=extension]").fill(as);
    } else {
      await page.getByLabel(zh["console.caller.outside"]).check();
      await page.locator("[name=number]").fill(as);
    }
    this.number = as;
    await this.push("pick_up");
    await page.locator(".telephone").waitFor();
    await page.getByText(zh["console.caller.no_sound"]).waitFor({ state: "detached" });
    return this;
  }
  async call(number = "8000") {
    await this.page.locator("[name=to]").fill(number);
    await this.push("call");
    await this.state("calling", "talking");
  }
  async answers() {
    await this.state("ringing");
    await this.push("answer");
    await this.state("talking");
  }
  async refuses() {
    await this.state("ringing");
    await this.push("refuse");
    await this.state("ended", "idle");
  }
  /** "answer", "busy" or "away": what this telephone does with calls. */
  async behaves(how) {
    await this.push(`behaviour.${how}`);
    await this.page.locator(`button[aria-pressed=true]`, { hasText: zh[`console.caller.behaviour.${how}`] }).waitFor();
  }
  async hangsUp() {
    await this.push("hang_up");
    await this.state("ended", "idle");
  }
  over() { return this.state("ended", "idle"); }
}

/** The operator's page. Only `press` and `type` act on it. */
export class Operator {
  static async open(set, account, who = "operator", options = {}) {
    const o = new Operator();
    o.who = who;
    o.page = await open({ path: "/", viewport: { width: 1366, height: 768 }, sounding: soundOf(who), ...options });
    o.page.setDefaultTimeout(PATIENCE_MS);
    await signIn(o.page, set.account(account), ".desk");
    o.password = set.account(account)[1];
    o.keys = [];
    return o;
  }
  /** A key that is no letter; it is counted. */
  async press(...keys) {
    for (const key of keys) {
      this.keys.push(key);
      await this.page.keyboard.press(key);
    }
  }
  /** Letters and digits, one key after the other; Chinese as an input method gives it. */
  async type(text) {
    if (!/^[\w ]*$/.test(text)) return this.page.keyboard.insertText(text);
    for (const c of text) await this.page.keyboard.press(c === " " ? "Space" : c);
  }
  see(selector, text) { return this.page.locator(selector, text === undefined ? {} : { hasText: text }).first().waitFor({ timeout: PATIENCE_MS }); }
  /** What a key would do now, as the bar of keys says. */
  offers(place, text) { return this.see(`[data-place="${place}"]`, text); }
  says(text) { return this.see("[data-testid=sentence]", text); }
  row(number) { return this.page.locator(`.desk-rack .ticket[data-from="${number}"]`); }
  async rings(number) { await this.row(number).first().waitFor({ timeout: PATIENCE_MS }); }
  /** The bay, by its name on the screen, that the caller's row lies in. */
  bay(name, number) {
    return this.page.locator(".pit", { has: this.page.locator(".upright", { hasText: zh[`console.desk.bay.${name}`] }) })
      .locator(`.ticket[data-from="${number}"]`).first().waitFor({ timeout: PATIENCE_MS });
  }
  async inHand(number) {
    await this.see(".desk-call .head", spaced(number)); // a known caller's name stands before it
    await this.page.locator(".head .chip", { hasText: /^(外线|内线)来电$/ }).waitFor({ timeout: PATIENCE_MS });
  }
  free() {
    return until(() => this.page.evaluate(([free, tags]) => {
      const chip = document.querySelector(".head .chip")?.textContent ?? "";
      const name = document.querySelector(".head h3")?.textContent ?? "";
      return name.includes(free) || tags.includes(chip);
    }, [zh["console.desk.free"], [zh["console.desk.tag.next"], zh["console.desk.tag.past"]]]), "the hands aren't free");
  }
  async goOnDuty() {
    await this.offers("enter", zh["console.desk.key.go_on"]);
    await this.press("Enter");
    await this.see(".desk-call .head");
    await until(() => this.page.evaluate(() => window.line?.connectionState === "connected"), "the headset has no sound");
  }
  async find(letters, name) {
    await this.type(letters);
    await this.see(".entry.chosen", name);
  }
  /** Del, then Enter: done. Who has been served is said goodbye to with Enter alone. */
  async ends(key = "Enter") {
    if (await this.page.locator('[data-place="enter"]', { hasText: zh["console.desk.key.end.done"] }).count()) {
      await this.press("Enter");
      return this.free();
    }
    await this.offers("hang_up", zh["console.desk.key.hang_up"]);
    await this.press("Delete");
    await this.offers("message", zh["console.desk.key.end.silent"]);
    await this.press(key);
    await this.free();
  }
}

/** Both hear each other. */
export async function together(a, b) {
  await hears(a.page, b.who);
  await hears(b.page, a.who);
}
/** Neither hears the other; since when of each. */
export async function apart(a, b) {
  return [await deafTo(a.page, b.who), await deafTo(b.page, a.who)];
}

/** The kinds, with their clause or null for any, stand in this order. */
export function inOrder(have, wanted) {
  let at = 0;
  for (const [kind, clause] of wanted) {
    while (at < have.length && !(have[at][0] === kind && (clause === null || have[at][1] === clause))) at++;
    check(at < have.length, `${kind} ${clause ?? ""} is missing in ${have.map((s) => s.slice(0, 2).join(" ")).join(", ")}`);
    at++;
  }
}
