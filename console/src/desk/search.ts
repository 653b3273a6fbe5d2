/**
 * Search in the directory: exact number, initials, pinyin, characters, department, post, and the
 * keypad's digits as letters (T9). Frequent and recent targets first. Pure; 5,000 entries a key.
 */
import type { Entry, Reading } from "../api/desk";

export const WAYS = [
  "number",
  "initials",
  "pinyin",
  "name",
  "digits",
  "department",
  "post",
  "t9",
] as const;
export type Way = (typeof WAYS)[number];

export interface Hit {
  entry: Entry;
  way: Way;
}
export interface Found {
  hits: Hit[];
  total: number;
}

interface Row {
  entry: Entry;
  initials: string[];
  syllables: string[][];
  t9: string[];
  name: string;
  department: string[];
  title: string;
  titleInitials: string[];
  titleSyllables: string[][];
  rank: number;
  /** Of its name, spelled whole. */
  letters: number;
}
export type Index = readonly Row[];

const SHOWN = 24;
const KEYPAD = "22233344455566677778889999";

function t9Of(letters: string): string {
  return letters.replace(/[a-z]/g, (c) => KEYPAD.charAt(c.charCodeAt(0) - 97));
}

const plain = (s: string) => s.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/** Frequent and recent: uses in ninety days, a use of today counts as ten more. */
function weight(e: Entry, nowMs: number): number {
  const last = e.last_used_ms ?? 0;
  const days = (nowMs - last) / 86_400_000;
  return (e.uses ?? 0) + (last > 0 ? 10 / (1 + Math.max(0, days)) : 0);
}

const syllablesOf = (readings: readonly Reading[]) =>
  readings.map((r) => r.full.toLowerCase().split(" ").filter(Boolean));
const initialsOf = (readings: readonly Reading[]) => readings.map((r) => r.initials.toLowerCase());

export function indexOf(
  entries: readonly Entry[],
  nowMs: number,
  titles: Readonly<Record<string, readonly Reading[]>>,
): Index {
  const departments = new Map<string, string[]>();
  for (const e of entries)
    if (e.kind === "department")
      departments.set(
        e.name,
        e.readings.flatMap((r) => [r.initials, r.full.replaceAll(" ", "")]),
      );
  const rows = entries.map((entry): Row => {
    const syllables = syllablesOf(entry.readings);
    const initials = initialsOf(entry.readings);
    const title = titles[entry.title] ?? [];
    return {
      entry,
      initials,
      syllables,
      t9: [...initials, ...syllables.map((s) => s.join(""))].map(t9Of),
      name: plain(entry.name),
      department: [
        plain(entry.department),
        ...(entry.kind === "person" ? (departments.get(entry.department) ?? []) : []),
      ].filter(Boolean),
      title: plain(entry.title),
      titleInitials: initialsOf(title),
      titleSyllables: syllablesOf(title),
      rank: weight(entry, nowMs),
      letters: Math.min(...syllables.map((s) => s.join("").length)),
    };
  });
  rows.sort(
    (a, b) =>
      b.rank - a.rank ||
      a.entry.name.localeCompare(b.entry.name, "zh") ||
      a.entry.number.localeCompare(b.entry.number),
  );
  return rows;
}

/** True when `q` is made of beginnings of the syllables in turn, from the first: zhangsf, zsanf. */
export function spells(syllables: readonly string[], q: string, at = 0): boolean {
  if (q === "") return true;
  const s = syllables[at];
  if (s === undefined || s[0] !== q[0]) return false;
  let n = 1;
  while (n < s.length && n < q.length && s[n] === q[n]) n++;
  for (; n > 0; n--) if (spells(syllables, q.slice(n), at + 1)) return true;
  return false;
}

function byDigits(row: Row, q: string): Way | undefined {
  if (row.entry.number === q) return "number";
  if (row.entry.number.startsWith(q)) return "digits";
  return row.t9.some((t) => t.startsWith(q)) ? "t9" : undefined;
}

function byLetters(row: Row, q: string): Way | undefined {
  if (row.initials.some((i) => i.startsWith(q))) return "initials";
  if (row.syllables.some((s) => spells(s, q))) return "pinyin";
  if (row.name.includes(q)) return "name";
  if (row.department.some((d) => d.startsWith(q))) return "department";
  if (row.titleInitials.some((i) => i.startsWith(q))) return "post";
  if (row.titleSyllables.some((s) => spells(s, q))) return "post";
  return row.title.includes(q) ? "post" : undefined;
}

function byCharacters(row: Row, q: string): Way | undefined {
  if (row.name.includes(q)) return "name";
  if (row.department.some((d) => d.includes(q))) return "department";
  return row.title.includes(q) ? "post" : undefined;
}

/** Of those that are asked for as often, the name of which most is typed already. */
function nearest(rows: Row[]): Entry[] {
  rows.sort((a, b) => b.rank - a.rank || a.letters - b.letters);
  return rows.slice(0, SHOWN).map((r) => r.entry);
}

export function search(index: Index, query: string): Found {
  const q = plain(query);
  if (!q) return { hits: [], total: 0 };
  const ask = /^\d+$/.test(q) ? byDigits : /^[a-z0-9]+$/.test(q) ? byLetters : byCharacters;
  const found = new Map<Way, Entry[]>(WAYS.map((w) => [w, []]));
  const whole: Entry[] = []; // all its initials: a longer name has one more letter to tell by
  const spelled: Row[] = [];
  let total = 0;
  for (const row of index) {
    const way = ask(row, q);
    if (!way) continue;
    total++;
    if (way === "pinyin") spelled.push(row);
    const list = way === "initials" && row.initials.includes(q) ? whole : found.get(way);
    if (list && list.length < SHOWN) list.push(row.entry);
  }
  found.get("initials")?.unshift(...whole);
  found.set("pinyin", nearest(spelled));
  const hits: Hit[] = [];
  for (const [way, list] of found) for (const entry of list) hits.push({ entry, way });
  return { hits: hits.slice(0, SHOWN), total };
}

/** Without a query: who is asked for most. */
export function frequent(index: Index, n = SHOWN): Entry[] {
  return index.slice(0, n).map((r) => r.entry);
}

export const keyOf = (e: Entry) => `${e.kind}-${e.id}`;
