/** What the operator has typed, chosen and opened on this page; none of it is the server's. */
import { computed, signal } from "@preact/signals";
import type { DeskCall, Entry } from "../api/desk";
import { BAYS } from "./bays";
import { bays, byKey, calls, entries, inHand, index, isLost, lamps, mine, usual } from "./board";
import { form } from "./forms";
import { type Phase, phaseOf } from "./phase";
import { keyOf, search, type Way } from "./search";

export type Panel =
  "instruct" | "facts" | "emergency" | "help" | "away" | "hand_over" | "off" | undefined;

export const query = signal("");
/** The search field in which an input method works. */
export const typing = signal(false);
export const chosenKey = signal<string | undefined>(undefined);
export const panel = signal<Panel>(undefined);
/** Reasons for hanging up are shown. */
export const ending = signal(false);
/** Row of the rack that the arrow keys are on. */
export const rowNo = signal<number | undefined>(undefined);
/** When the last key went into the search (performance.now()), for figures. */
export const keyedAt = { ms: 0 };

export const locked = computed(() => mine.value?.state === "away");
export const onDuty = computed(() => {
  const s = mine.value?.state;
  return s === "on" || s === "wrap_up" || s === "lost";
});

export const phase = computed<Phase | undefined>(() => {
  const call = inHand.value;
  if (!call) return undefined;
  const p = phaseOf(call);
  return p === "talk" && form.value?.kind === "screening" ? "screening" : p;
});

export type Group = Way | "usual" | "same_department" | "about" | "service" | "dial" | "none";
export interface Listed {
  group: Group;
  entries: readonly Entry[];
  total: number;
  /** Digits that match nothing: Enter dials them. */
  dial: string | undefined;
}

/** Departments that a clause names: the directory marks them by their post. */
export function special(post: string): Entry | undefined {
  return entries.value.find((e) => e.post === post);
}

export function entryOf(target: DeskCall["target"]): Entry | undefined {
  if (!target) return undefined;
  return byKey.value.get(
    target.person ? `person-${target.person}` : `department-${target.department}`,
  );
}

function first(list: readonly (Entry | undefined)[], rest: readonly Entry[]): Entry[] {
  const all = [...list.filter((e) => e !== undefined), ...rest];
  return [...new Map(all.map((e) => [keyOf(e), e])).values()];
}

function suggested(): Listed {
  const call = inHand.value;
  const all = usual.value;
  const made = (group: Group, list: readonly Entry[]) => ({
    group,
    entries: list,
    total: list.length,
    dial: undefined,
  });
  if (!call) return made("usual", all);
  const target = entryOf(call.target);
  if (phase.value === "complaint") {
    const service = special("customer_service");
    const own = entries.value.filter((e) => service && e.department === service.name);
    return made("service", first([service], own));
  }
  if (phase.value === "outcome" && target) {
    const name = target.kind === "department" ? target.name : target.department;
    const near = entries.value.filter((e) => e !== target && e.department === name);
    const own = entries.value.find((e) => e.kind === "department" && e.name === name);
    const again = own === target ? [] : [target];
    return made("same_department", first([own, ...near.slice(0, 8), ...again], all));
  }
  if (phase.value && ["screening", "asking", "consult"].includes(phase.value))
    return made("about", first([target, special("gad_manager"), special("gad")], all));
  return made("usual", all);
}

export const listed = computed<Listed>(() => {
  const q = query.value.trim();
  if (!q) return suggested();
  const found = search(index.value, q);
  const digits = /^[\d*#+]{2,}$/.test(q);
  return {
    group: found.hits[0]?.way ?? (digits ? "dial" : "none"),
    entries: found.hits.map((h) => h.entry),
    total: found.total,
    dial: digits && found.total === 0 ? q : undefined,
  };
});

/** The entry that Enter acts on. It stays chosen while lamps change. */
export const chosen = computed<Entry | undefined>(() => {
  const key = chosenKey.value;
  const list = listed.value.entries;
  const kept = key === undefined ? undefined : list.find((e) => keyOf(e) === key);
  return kept ?? (query.value ? list[0] : undefined);
});

export function setQuery(q: string): void {
  keyedAt.ms = performance.now();
  query.value = q.slice(0, 40);
  chosenKey.value = undefined;
}

export function clearSearch(): void {
  query.value = "";
  chosenKey.value = undefined;
  typing.value = false;
}

export function moveChoice(by: number): void {
  const list = listed.value.entries;
  const at = list.findIndex((e) => e === chosen.value);
  const e = list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))];
  if (e) chosenKey.value = keyOf(e);
}

/** Rows of the rack from top to bottom. */
export const rows = computed(() =>
  BAYS.flatMap((b) => bays.value[b]).filter((no): no is number => no !== null),
);

export function moveRow(by: number): void {
  const list = rows.value;
  const at = list.indexOf(rowNo.value ?? -1);
  rowNo.value = list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))];
}

export const row = computed(() => {
  const no = rowNo.value;
  return no === undefined ? undefined : calls.value.get(no);
});

export type LampKind = "idle" | "ringing" | "busy" | "away" | "dnd" | "unknown";
export interface LampView {
  kind: LampKind;
  /** The extension that is shown: a chairman's is his secretary's. */
  of: Entry;
  since: number;
  /** Of a department: how many of its phones are free. */
  free?: number;
}

/** Whose phone rings for a target: a chairman's is his secretary's. */
export function rungOf(e: Entry): Entry {
  return (e.reach === "secretary" && byKey.value.get(`person-${e.secretary ?? 0}`)) || e;
}

/** A department is as its members' phones are. */
function lampOfMembers(e: Entry): LampView {
  const known = (e.members ?? []).flatMap((n) => {
    const lamp = lamps.value.get(n);
    return !lamp || lamp.state === "unreachable" ? [] : [lamp];
  });
  const free = known.filter((l) => l.state === "idle" && !l.dnd).length;
  const kind = free ? "idle" : known.length ? "busy" : "unknown";
  return { kind, of: e, since: 0, free };
}

/** Left out: here. 0: away, nobody said until when. */
function isAway(e: Entry): boolean {
  return e.away_until_ms !== undefined && (e.away_until_ms === 0 || e.away_until_ms > Date.now());
}

/** A lamp that isn't known is drawn as unknown. */
export function lampOf(e: Entry): LampView {
  const of = rungOf(e);
  const lamp = isLost.value ? undefined : lamps.value.get(of.number);
  const since = lamp?.since ?? 0;
  if (isLost.value) return { kind: "unknown", of, since };
  if (isAway(e)) return { kind: "away", of: e, since };
  if (!lamp && e.kind === "department") return lampOfMembers(e);
  if (!lamp) return { kind: "unknown", of, since };
  if (lamp.state === "busy") return { kind: "busy", of, since };
  if (lamp.state === "ringing") return { kind: "ringing", of, since };
  if (lamp.state !== "idle") return { kind: "unknown", of, since };
  return { kind: lamp.dnd ? "dnd" : "idle", of, since };
}
