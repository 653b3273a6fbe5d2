import { expect, test } from "vitest";
import type { DeskCall, Entry } from "../src/api/desk";
import { closedUp, emptyBays, isPast, nextCall, placed } from "../src/desk/bays";
import { actionOf, chordOf, remap, searched, signOf } from "../src/desk/keys";
import * as state from "../src/desk/board";
import { clausesOf, phaseOf, sizeOf, stepsOf } from "../src/desk/phase";
import { indexOf, search, spells } from "../src/desk/search";

const call = (no: number, more: Partial<DeskCall> = {}): DeskCall => ({
  no,
  rev: 1,
  bay: "ringing",
  position: null,
  leader: false,
  caller: { number: "1", name: "", organisation: "", extension: "", trunk: "t" },
  dialled: "8000",
  line: "",
  began_ms: no,
  since_ms: no,
  rings: 1,
  ring_since_ms: no,
  ringing: [1],
  queued: "no",
  note: "",
  target: null,
  reached: "none",
  outcome: "none",
  state: "ring",
  sentence: "",
  sentence_text: "",
  sentence_clause: "",
  screened: [],
  complaint: false,
  together: false,
  consulted: false,
  consent: false,
  remind_ms: null,
  park: "",
  steps: [],
  past: [],
  ...more,
});
const inside = { number: "8", name: "", organisation: "", extension: "8312", trunk: "" };
const all = (...calls: DeskCall[]) => new Map(calls.map((c) => [c.no, c]));

test("a call keeps its place; the next free one is taken; rows close up only when asked", () => {
  let bays = placed(emptyBays(), all(call(1), call(2), call(3)), 1);
  expect(bays.outside).toEqual([1, 2, 3, null, null, null]);
  bays = placed(bays, all(call(1), call(3)), 1);
  expect(bays.outside).toEqual([1, null, 3, null, null, null]);
  bays = placed(bays, all(call(1), call(3), call(9)), 1);
  expect(bays.outside).toEqual([1, 9, 3, null, null, null]);
  bays = closedUp(bays, all(call(1), call(3), call(9)));
  expect(bays.outside).toEqual([1, 3, 9, null, null, null]);
});

test("a seventh outside call makes the bay longer; the others stay", () => {
  const seven = [1, 2, 3, 4, 5, 6, 7].map((n) => call(n));
  expect(placed(emptyBays(), all(...seven), 1).outside).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("held and returned calls are in their bays; a colleague's aren't", () => {
  const bays = placed(
    emptyBays(),
    all(
      call(1, { bay: "held", position: 1 }),
      call(2, { bay: "held", position: 2 }),
      call(3, { bay: "parked", position: 2 }),
      call(4, { bay: "returned", position: 1 }),
      call(5, { bay: "in_hand", position: 1 }),
    ),
    1,
  );
  expect(bays.held).toEqual([1, 3, null]);
  expect(bays.returned).toEqual([4, null]);
});

test("Enter: leaders, returned, outside, inside; then the longest; with the attendant only what rang", () => {
  const attended = call(1, { bay: "attendant", rings: 0, ring_since_ms: 0 });
  expect(nextCall(all(attended), 1)).toBeUndefined();
  expect(nextCall(all(call(5, { caller: inside }), call(7)), 1)?.no).toBe(7);
  const past = call(3, { bay: "attendant", rings: 0, ring_since_ms: 3 });
  expect(isPast(past)).toBe(true);
  expect(nextCall(all(past, call(7)), 1)?.no).toBe(3);
  expect(nextCall(all(past, call(8, { bay: "returned", position: 1 })), 1)?.no).toBe(8);
  expect(nextCall(all(past, call(9, { leader: true, caller: inside })), 1)?.no).toBe(9);
});

test("the phase follows the exchange's state", () => {
  const hand = (more: Partial<DeskCall>) => phaseOf(call(1, { bay: "in_hand", ...more }));
  const target = { person: 1, department: 0, name: "x", number: "1", title: "" };
  expect(hand({ state: "desk" })).toBe("talk");
  expect(hand({ state: "target", target })).toBe("trying");
  expect(hand({ state: "desk", target, outcome: "busy" })).toBe("outcome");
  expect(hand({ state: "desk", target, outcome: "busy", complaint: true })).toBe("complaint");
  expect(hand({ state: "consult" })).toBe("asking");
  expect(hand({ state: "consult", consulted: true })).toBe("consult");
  expect(hand({ state: "three" })).toBe("three");
  expect(hand({ state: "record" })).toBe("recording");
  expect(stepsOf("screening").map((s) => s.mark)).toEqual(["done", "now", "next", "next"]);
});

test("a sentence breaks between clauses and is as large as it can be", () => {
  expect(clausesOf("\u201c\u8bf7\u7a0d\u7b49\u3002\u201d")).toEqual([
    "\u201c\u8bf7\u7a0d\u7b49\u3002\u201d",
  ]);
  expect(clausesOf("\u5bf9\u4e0d\u8d77\uff0c\u65e0\u4eba\u63a5\u542c\u3002")).toHaveLength(2);
  const clause = (n: number) => "\u5b57".repeat(n - 1) + "\uff0c";
  expect(sizeOf([clause(9), clause(8)])).toBe("");
  expect(sizeOf([clause(12), clause(12)])).toBe("two");
  expect(sizeOf([clause(12), clause(12), clause(12)])).toBe("three");
});

test("an answer that an event has overtaken doesn't raise a call from the dead", () => {
  const mine = { ...call(70, { bay: "in_hand", position: 1, rev: 4 }) };
  state.apply("desk_call", mine);
  state.apply("call_ended", { no: 70 });
  state.putCall({ ...mine, rev: 5 });
  expect(state.calls.value.has(70)).toBe(false);
  state.apply("desk_call", call(71, { rev: 3 }));
  state.apply("desk_call", { ...call(71, { rev: 4 }), bay: "none" });
  state.putCall(call(71, { rev: 3 }));
  expect(state.calls.value.has(71)).toBe(false);
  state.apply("desk_call", call(71, { rev: 6, bay: "returned", position: 1 }));
  expect(state.calls.value.has(71)).toBe(true);
});

const entry = (id: number, full: string, more: Partial<Entry> = {}): Entry => ({
  kind: "person",
  id,
  name: `n${id}`,
  readings: [
    {
      full,
      initials: full
        .split(" ")
        .map((s) => s.charAt(0))
        .join(""),
    },
  ],
  title: "",
  department: "",
  number: String(8000 + id),
  reach: "straight",
  disclosure: "all",
  disclosure_text: "",
  ...more,
});

test("syllables in turn, from the first", () => {
  const s = ["zhang", "san", "feng"];
  for (const q of ["z", "zsf", "zhangsf", "zhsf", "zsanf", "zhangsanfeng"])
    expect(spells(s, q), q).toBe(true);
  for (const q of ["sf", "zf", "zhangfeng", "zsfx"]) expect(spells(s, q), q).toBe(false);
});

test("ways of search, in their order; frequent first", () => {
  const index = indexOf(
    [
      entry(1, "zhang san feng", { uses: 1 }),
      entry(2, "zhu shan fu", { uses: 9 }),
      entry(3, "gong cheng bu", { kind: "department", name: "d3" }),
      entry(4, "li si", { department: "d3", title: "chief" }),
      entry(6, "he jing", { title: "总经理" }),
      entry(5, "wang wu", {
        readings: [
          { full: "wang wu", initials: "ww" },
          { full: "huang wu", initials: "hw" },
        ],
      }),
    ],
    0,
    { 总经理: [{ full: "zong jing li", initials: "zjl" }] },
  );
  const ids = (q: string) => search(index, q).hits.map((h) => [h.entry.id, h.way]);
  expect(ids("zsf")).toEqual([
    [2, "initials"],
    [1, "initials"],
  ]);
  expect(ids("zhangs")).toEqual([[1, "pinyin"]]);
  expect(ids("8004")).toEqual([[4, "number"]]);
  expect(ids("973")).toEqual([
    [2, "t9"],
    [1, "t9"],
  ]);
  expect(ids("gcb")).toEqual([
    [3, "initials"],
    [4, "department"],
  ]);
  expect(ids("chief")).toEqual([[4, "post"]]);
  for (const q of ["zjl", "zongjingli", "zongj"]) expect(ids(q), q).toEqual([[6, "post"]]);
  expect(ids("huangw")).toEqual([[5, "pinyin"]]);
  expect(search(index, "99999").total).toBe(0);
});

test("5,000 people: letters until the wanted one is first, by how often they are wanted", () => {
  const syllables =
    "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin".split(" ");
  const given =
    "wei fang na min jing qiang lei jun yong yan jie juan tao ming chao xiu xia ping gang hua".split(
      " ",
    );
  let seed = 3;
  const pick = (list: string[]) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return list[seed % list.length]!;
  };
  // a switchboard's calls go to few: uses fall off with the rank
  const people = Array.from({ length: 5000 }, (_, i) =>
    entry(i, [pick(syllables), pick(given), pick(given)].join(" "), {
      uses: Math.floor(3000 / (i + 1)),
    }),
  );
  const index = indexOf(people, 0, {});
  const wanted: number[] = [];
  for (const p of people) {
    const q = p.readings[0]!.full.replaceAll(" ", "");
    const initials = p.readings[0]!.initials;
    let n = 1;
    const typed = (k: number) => (k <= 3 ? initials.slice(0, k) : q.slice(0, k));
    while (n < 12 && search(index, typed(n)).hits[0]?.entry.id !== p.id) n++;
    for (let k = 0; k < (p.uses ?? 0); k++) wanted.push(n);
    if (p.id > 400) break;
  }
  wanted.sort((a, b) => a - b);
  expect(wanted[wanted.length >> 1]).toBeLessThanOrEqual(3);
}, 60_000);

const key = (code: string, more: Partial<Record<string, boolean | string>> = {}) => ({
  code,
  key: "",
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...more,
});

test("keys: letters and digits search whatever the layout; actions need Alt in a text field", () => {
  expect(searched(key("KeyZ", { key: "Process" }))).toBe("z");
  expect(searched(key("Numpad7"))).toBe("7");
  expect(searched(key("Digit8", { shiftKey: true }))).toBeUndefined();
  expect(searched(key("KeyR", { altKey: true }))).toBeUndefined();
  expect(actionOf(key("Digit8", { shiftKey: true }), false)).toBe("gad");
  expect(actionOf(key("Minus"), false)).toBe("complaint");
  expect(actionOf(key("Minus"), true)).toBeUndefined();
  expect(actionOf(key("Minus", { altKey: true }), true)).toBe("complaint");
  expect(actionOf(key("F8"), true)).toBe("consult");
  expect(actionOf(key("NumpadDecimal", { key: "Delete" }), false)).toBe("hang_up");
  expect(chordOf(key("Enter", { ctrlKey: true }))).toBe("Ctrl+Enter");
  expect(signOf("Shift+F9")).toBe("Shift F9");
});

test("a key of one's own is taken from whoever had it, and given back", () => {
  remap("park", "F8");
  expect(actionOf(key("F8"), false)).toBe("park");
  remap("park", undefined);
  remap("consult", undefined);
  expect(actionOf(key("F8"), false)).toBe("consult");
});
