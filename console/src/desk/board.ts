/**
 * The desk as the server tells it: one snapshot, then events. Nothing here is changed by a wish:
 * a command's answer carries the call as it is now, and that is applied like an event.
 */
import { batch, computed, effect, signal } from "@preact/signals";
import { Refusal, showSession } from "../api/client";
import {
  answerBeat,
  type Cards,
  type Desk,
  type DeskCall,
  type DeskState,
  type Draft,
  type DraftEvent,
  type Entry,
  type Instruction,
  listInstructions,
  type Position,
  type Reading,
  showCards,
  showDesk,
  listUnheard,
  showDirectory,
  showSummary,
} from "../api/desk";
import { SharedStream } from "../api/shared";
import { keep, read } from "../state/prefs";
import { type Bays, bayOf, closedUp, emptyBays, isOurs, nextCall, placed } from "./bays";
import { frequent, indexOf } from "./search";
import { me } from "../state/session";
import { company, lostSince, mainNumber, skewMs } from "../state/switchboard";

const RETRY_MS = 1000;
const SESSION_MS = 3000;
const DONE_KEPT = 4;
const OWED = 4;
const GONE_KEPT = 200;
const OWING_MS = 60_000;

export type Lamp = { number: string; state: string; dnd: boolean; since: number };

export const board = signal<DeskState | undefined>(undefined);
export const mine = signal<Position | null>(null);
export const calls = signal<ReadonlyMap<number, DeskCall>>(new Map());
export const bays = signal<Bays>(emptyBays());
export const drafts = signal<ReadonlyMap<number, Draft>>(new Map());
export const greeting = signal("");
export const lines = signal<Desk["greeting"]["lines"]>([]);
/** State of each extension by its number; `since` by our clock, 0 not known. */
export const lamps = signal<ReadonlyMap<string, Lamp>>(new Map());
export const entries = signal<readonly Entry[]>([]);
/** How the titles of the entries are read. */
export const titles = signal<Readonly<Record<string, readonly Reading[]>>>({});
export const instructions = signal<readonly Instruction[]>([]);
export const cards = signal<Cards>(keptCards());
/** The last calls that this page saw the operator end. */
export const done = signal<readonly { call: DeskCall; atMs: number }[]>([]);
/** When the call in hand ended by itself (page's clock): Enter is ignored for a moment. */
export const farEndAt = signal(0);
/** Why this account can't work here, as the server says it. */
export const refused = signal("");
/** Arrivals, for sound and announcements. */
export const arrived = signal<DeskCall | undefined>(undefined);

export const myNo = computed(() => mine.value?.no);
export const inHand = computed(() =>
  [...calls.value.values()].find((c) => c.bay === "in_hand" && c.position === myNo.value),
);
export const next = computed(() => nextCall(calls.value, myNo.value));
export const held = computed(() =>
  [...calls.value.values()].filter((c) => bayOf(c, myNo.value) === "held"),
);
/** Whom free hands take back: of those that this operator holds, the longest. */
export const keptLongest = computed(() =>
  held.value
    .filter((c) => c.bay === "held")
    .sort((a, b) => a.since_ms - b.since_ms)
    .at(0),
);
/** Calls with the outside that last too long (A3.10), the longest first. */
export const longCalls = computed(() =>
  [...calls.value.values()].filter((c) => c.bay === "long").sort((a, b) => a.since_ms - b.since_ms),
);
export const index = computed(() => indexOf(entries.value, Date.now(), titles.value));
export const usual = computed(() => frequent(index.value));
export const byKey = computed(() => new Map(entries.value.map((e) => [`${e.kind}-${e.id}`, e])));
export const isLost = computed(() => lostSince.value !== undefined);

function keptCards(): Cards {
  try {
    const kept = JSON.parse(read("cards") ?? "") as Partial<Cards>;
    return {
      facts: kept.facts ?? [],
      emergency: kept.emergency ?? [],
      approved: kept.approved ?? [],
    };
  } catch {
    return { facts: [], emergency: [], approved: [] };
  }
}

function replace<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | undefined): ReadonlyMap<K, V> {
  const copy = new Map(map);
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return copy;
}

function place(all: ReadonlyMap<number, DeskCall>): void {
  calls.value = all;
  bays.value = placed(bays.value, all, myNo.value);
}

/** Rows close up; only after the operator's own key. */
export function closeUp(): void {
  bays.value = closedUp(bays.value, calls.value);
}

/** Calls that have ended or left, with the last that was told of them: numbers are never used again. */
const gone = new Map<number, number>();

function remember(no: number, rev: number): void {
  gone.set(no, rev);
  for (const old of gone.keys()) if (gone.size > GONE_KEPT) gone.delete(old);
}

/** An answer that comes after the event that overtook it doesn't raise a call from the dead. */
export function putCall(call: DeskCall): void {
  const before = calls.value.get(call.no);
  if ((before?.rev ?? gone.get(call.no) ?? -1) > call.rev) return;
  if (!isOurs(call)) {
    ownEnd.add(call.no); // put through: nobody hung up
    dropCall(call.no, call);
    done.value = done.value.map((d) => (d.call.no === call.no ? { ...d, call } : d));
    remember(call.no, call.rev);
    return;
  }
  if (inHand.value?.no === call.no && call.bay !== "in_hand") leftHand(call);
  if (!before && call.bay === "ringing") arrived.value = call;
  place(replace(calls.value, call.no, call));
}

function leftHand(call: DeskCall): void {
  if (call.bay === "held" || call.bay === "parked") return;
  done.value = [{ call, atMs: Date.now() }, ...done.value].slice(0, DONE_KEPT);
}

/** `last`: as it was told of when it left, where it was. */
export function dropCall(no: number, last?: DeskCall): void {
  const call = calls.value.get(no);
  if (!call) return;
  batch(() => {
    if (inHand.value?.no === no) {
      if (!ownEnd.has(no)) farEnded();
      leftHand(last ?? call);
    }
    place(replace(calls.value, no, undefined));
    drafts.value = replace(drafts.value, no, undefined);
  });
  ownEnd.delete(no);
}

/** The moment counts from when it can be seen: until it is painted, Enter waits. */
function farEnded(): void {
  farEndAt.value = Infinity;
  window.requestAnimationFrame(() => {
    window.setTimeout(() => (farEndAt.value = performance.now()), 0);
  });
}

/** Calls that end, or leave, by this operator's own wish. */
export const ownEnd = new Set<number>();

function putState(state: DeskState): void {
  board.value = state;
  skewMs.value = state.now_ms - Date.now();
  const no = mine.value?.no;
  const now = state.positions.find((p) =>
    no === undefined ? p.person !== 0 && p.person === me.value?.person : p.no === no,
  );
  if (now) mine.value = now;
  bays.value = placed(bays.value, calls.value, myNo.value);
}

/** All in one: a copy for each of 5,000 would hold the page for seconds. */
function putLamps(extensions: readonly Desk["extensions"][number][]): void {
  const all = new Map(lamps.value);
  for (const e of extensions) {
    const before = all.get(e.number);
    const same = before?.state === e.state;
    all.set(e.number, {
      number: e.number,
      state: e.state,
      dnd: e.dnd ?? false,
      since: same ? before.since : before ? Date.now() : 0,
    });
  }
  lamps.value = all;
}

export const beat = { last: 0 };
function answer(n: number): void {
  beat.last = performance.now();
  if (mine.value && mine.value.state !== "off") void answerBeat(n).catch(() => undefined);
}

export function apply(name: string, data: unknown): void {
  batch(() => {
    switch (name) {
      case "desk":
        putState(data as DeskState);
        break;
      case "desk_call":
        putCall(data as DeskCall);
        break;
      case "call_ended":
        dropCall((data as { no: number }).no);
        remember((data as { no: number }).no, Infinity);
        break;
      case "extension":
        putLamps([data as Desk["extensions"][number]]);
        break;
      case "draft": {
        const { call, draft } = data as DraftEvent;
        drafts.value = replace(drafts.value, call, draft ?? undefined);
        break;
      }
      case "beat_desk":
        answer((data as { n: number }).n);
        break;
      case "directory":
        void readDirectory();
        break;
      case "instructions":
        void readInstructions();
        break;
      case "message":
        void readOwing();
        break;
    }
  });
}

export interface Owed {
  atMs: number;
  what: "promise" | "message";
  name: string;
}
/** What is still to be done today: calls promised, messages that nobody has taken. */
export const owing = signal<readonly Owed[]>([]);

async function readOwing(): Promise<void> {
  try {
    const [summary, messages] = await Promise.all([showSummary(), listUnheard()]);
    owing.value = [
      ...summary.promises.map((p): Owed => ({
        atMs: p.at_ms,
        what: "promise",
        name: p.name || p.number,
      })),
      ...messages.items.map((m): Owed => ({ atMs: m.kept_ms, what: "message", name: m.for.name })),
    ].slice(0, OWED);
  } catch {
    // a desk works without it
  }
}

/** A whole picture replaces what was known. */
export function applyDesk(d: Desk): void {
  batch(() => {
    company.value = d.company;
    mainNumber.value = d.main_number;
    greeting.value = d.greeting.text;
    lines.value = d.greeting.lines;
    mine.value = d.position;
    putState(d);
    mine.value = d.position;
    putLamps(d.extensions);
    drafts.value = new Map(Object.entries(d.drafts).map(([no, x]) => [Number(no), x]));
    place(new Map(d.calls.map((c) => [c.no, c])));
  });
}

let directoryVersion = -1;
export async function readDirectory(): Promise<void> {
  try {
    const d = await showDirectory();
    if (d.version === directoryVersion) return;
    directoryVersion = d.version;
    batch(() => {
      titles.value = d.titles;
      entries.value = d.entries;
    });
  } catch {
    // what was known stays; the next event or reload asks again
  }
}

export async function readInstructions(): Promise<void> {
  try {
    instructions.value = (await listInstructions()).items;
  } catch {
    // as above
  }
}

async function readCards(): Promise<void> {
  try {
    cards.value = await showCards();
    keep("cards", JSON.stringify(cards.value)); // the emergency card works without the server
  } catch {
    // the kept ones serve
  }
}

/** Reads the desk and follows it until the returned function is called. */
export function followDesk(onSignedOut: () => void): () => void {
  let timer = 0;
  let over = false;
  let askedAt = 0;

  const lost = () => {
    lostSince.value ??= Date.now();
    if (Date.now() - askedAt < SESSION_MS) return;
    askedAt = Date.now();
    showSession().catch((e: unknown) => {
      if (!over && e instanceof Refusal && e.status === 401) onSignedOut();
    });
  };
  const begin = async () => {
    window.clearTimeout(timer);
    try {
      const d = await showDesk();
      if (over) return;
      applyDesk(d);
      refused.value = "";
      lostSince.value = undefined;
      stream.start(d.event_id);
    } catch (e) {
      if (over) return;
      if (e instanceof Refusal && e.status === 401) return onSignedOut();
      if (e instanceof Refusal && e.status >= 400 && e.status < 500) refused.value = e.error.text;
      else lostSince.value ??= Date.now();
      timer = window.setTimeout(() => void begin(), RETRY_MS);
    }
  };
  const stream = new SharedStream({
    alive(nowMs) {
      lostSince.value = undefined;
      if (nowMs) skewMs.value = nowMs - Date.now();
    },
    event: apply,
    reset: () => void begin(),
    broken: lost,
  });
  void begin();
  void readDirectory();
  void readCards();
  void readInstructions();
  void readOwing();
  const owingTimer = window.setInterval(() => void readOwing(), OWING_MS);
  // what a lost connection may have hidden is read anew when it is back
  let wasLost = false;
  const stop = effect(() => {
    const now = isLost.value;
    if (wasLost && !now) {
      void readDirectory();
      void readInstructions();
    }
    wasLost = now;
  });
  return () => {
    over = true;
    stop();
    window.clearInterval(owingTimer);
    window.clearTimeout(timer);
    stream.close();
  };
}
