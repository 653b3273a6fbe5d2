/** The switchboard as the server tells it: one snapshot, then events. */
import { computed, signal } from "@preact/signals";
import {
  type Call,
  type Extension,
  Refusal,
  showSession,
  showSwitchboard,
  type Storage,
  type SwitchboardState,
  type Trunk,
} from "../api/client";
import { SharedStream } from "../api/shared";
import { type Slots, slotsEmpty, slotsWith, slotsWithout } from "./slots";

export const OUTSIDE_SLOTS = 8;
export const INSIDE_SLOTS = 6;
const RETRY_MS = 2000;
const SESSION_MS = 3000;

export const company = signal("");
export const mainNumber = signal("");
export const board = signal<SwitchboardState | undefined>(undefined);
export const calls = signal<ReadonlyMap<number, Call>>(new Map());
export const extensions = signal<ReadonlyMap<number, Extension>>(new Map());
export const trunks = signal<ReadonlyMap<string, Trunk>>(new Map());
/** The database's trouble, if it has any: calls go on without it. */
export const storage = signal<Storage | undefined>(undefined);
/** Counts up with each thing that became of a message. */
export const messageNews = signal(0);
export const unheard = signal<number | undefined>(undefined);
export const outside = signal<Slots>(slotsEmpty(OUTSIDE_SLOTS));
export const inside = signal<Slots>(slotsEmpty(INSIDE_SLOTS));

/** The call that is shown; it stays when it has ended, until another is chosen. */
export const chosen = signal<{ call: Call; ended: boolean } | undefined>(undefined);
/** What is spoken of the last arrival. */
export const arrival = signal<Call | undefined>(undefined);

/** Since when the server is out of reach (page's clock), undefined while it isn't. */
export const lostSince = signal<number | undefined>(undefined);
/** Server's clock minus ours. */
export const skewMs = signal(0);
export const attended = computed(() => [...calls.value.values()].filter((c) => c.attendant).length);

function isOutside(call: Call): boolean {
  return call.caller.trunk !== "";
}

function put<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

function placeCall(call: Call): void {
  const bay = isOutside(call) ? outside : inside;
  bay.value = slotsWith(bay.value, call.no);
  calls.value = put(calls.value, call.no, call);
  if (!chosen.value) chosen.value = { call, ended: false };
  else if (chosen.value.call.no === call.no) chosen.value = { call, ended: false };
}

function dropCall(no: number): void {
  const left = new Map(calls.value);
  left.delete(no);
  calls.value = left;
  outside.value = slotsWithout(outside.value, no, OUTSIDE_SLOTS);
  inside.value = slotsWithout(inside.value, no, INSIDE_SLOTS);
  if (chosen.value?.call.no === no) chosen.value = { call: chosen.value.call, ended: true };
}

export function choose(no: number): void {
  const call = calls.value.get(no);
  if (call) chosen.value = { call, ended: false };
}

export function apply(name: string, data: unknown): void {
  switch (name) {
    case "switchboard":
      board.value = data as SwitchboardState;
      break;
    case "call": {
      const call = data as Call;
      if (!calls.value.has(call.no)) arrival.value = call;
      placeCall(call);
      break;
    }
    case "call_ended":
      dropCall((data as { no: number }).no);
      break;
    case "extension": {
      const extension = data as Extension;
      extensions.value = put(extensions.value, extension.id, extension);
      break;
    }
    case "trunk": {
      const trunk = data as Trunk;
      trunks.value = put(trunks.value, trunk.id, trunk);
      break;
    }
    case "storage":
      storage.value = data as Storage;
      break;
    case "message": {
      const left = (data as { unheard?: number }).unheard;
      if (left !== undefined) unheard.value = left;
      else if (unheard.value !== undefined) unheard.value++;
      messageNews.value++;
      break;
    }
  }
}

async function readAll(): Promise<string> {
  const s = await showSwitchboard();
  const live = new Set(s.calls.map((c) => c.no));
  company.value = s.company;
  mainNumber.value = s.main_number;
  board.value = { state: s.state, reason: s.reason, operators: s.operators };
  extensions.value = new Map(s.extensions.map((e) => [e.id, e]));
  trunks.value = new Map(s.trunks.map((k) => [k.id, k]));
  unheard.value = s.messages_unheard;
  storage.value = s.storage;
  for (const no of [...calls.value.keys()]) if (!live.has(no)) dropCall(no);
  for (const call of s.calls.sort((a, b) => a.began_ms - b.began_ms)) placeCall(call);
  return s.event_id;
}

/** Reads the switchboard and follows it until the returned function is called. */
export function follow(onSignedOut: () => void): () => void {
  let timer = 0;
  let over = false;
  let askedAt = 0;

  /** Out of reach, or signed out elsewhere? An event stream doesn't say. */
  const lost = () => {
    lostSince.value ??= Date.now();
    if (Date.now() - askedAt < SESSION_MS) return;
    askedAt = Date.now();
    showSession().catch((e: unknown) => {
      if (!over && e instanceof Refusal && e.status === 401) onSignedOut();
    });
  };
  const begin = async () => {
    try {
      const after = await readAll();
      if (over) return;
      lostSince.value = undefined;
      stream.start(after);
    } catch (e) {
      if (over) return;
      if (e instanceof Refusal && e.status === 401) {
        onSignedOut();
        return;
      }
      lostSince.value ??= Date.now();
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
  return () => {
    over = true;
    window.clearTimeout(timer);
    stream.close();
  };
}
