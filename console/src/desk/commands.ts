/** What the operator wants, sent to the server; what it refuses is shown, with its clause. */
import { signal } from "@preact/signals";
import { Refusal } from "../api/client";
import {
  type Command,
  type DeskCall,
  type Duty,
  type Entry,
  sendCommand,
  sendMessage,
  setDuty,
  type Slip,
  type Target,
} from "../api/desk";
import { t } from "../text";
import { applyDesk, calls, closeUp, inHand, isLost, next, putCall } from "./board";
import { clearSearch } from "./view";
import { announce } from "./voice";

export interface Notice {
  text: string;
  clause: string;
  at: number;
}
/** The last refusal, or what was done that can't be seen otherwise. */
export const notice = signal<Notice | undefined>(undefined);
type Wish = Command["what"] | "duty" | "message";
/** What the server hasn't answered yet. The same wish again is the same key pressed twice. */
const waits = new Set<Wish>();
let lane: Promise<void> = Promise.resolve();

const NOTICE_MS = 12_000;

/** Unique for this page's life and beyond; randomUUID is missing on plain HTTP beyond this machine. */
function newKey(): string {
  const random = crypto.getRandomValues(new Uint32Array(3));
  return `${Date.now()}-${random.join("-")}`;
}

export function note(text: string, clause = ""): void {
  const at = Date.now();
  notice.value = { text, clause, at };
  window.setTimeout(() => {
    if (notice.value?.at === at) notice.value = undefined;
  }, NOTICE_MS);
}

export function refuse(e: unknown): void {
  if (!(e instanceof Refusal)) throw e;
  const text = e.status === 0 || !e.error.text ? t("console.offline") : e.error.text;
  note(text, e.error.clause ?? "");
  announce("refusal", text);
}

const lostNow = () => isLost.value;

/** One after another, in the order of the keys. Keys of a lost connection aren't sent later. */
async function once<T>(
  wish: Wish,
  run: (waited: boolean) => Promise<T>,
  done?: (answer: T) => void,
) {
  if (isLost.value || waits.has(wish)) return undefined;
  const waited = waits.size > 0;
  waits.add(wish);
  const before = lane;
  const free: { go?: () => void } = {};
  lane = new Promise((go) => (free.go = go));
  try {
    await before;
    if (lostNow()) return undefined;
    notice.value = undefined;
    const answer = await run(waited);
    done?.(answer);
    return answer;
  } catch (e) {
    refuse(e);
    return undefined;
  } finally {
    waits.delete(wish);
    free.go?.();
  }
}

/** True when the server has done it. */
export async function command(what: Command["what"], more: Partial<Command> = {}) {
  const send = (waited: boolean) => {
    // our own earlier command has changed the call; anything else that did makes this one stale
    const rev = waited && more.call ? calls.value.get(more.call)?.rev : more.rev;
    return sendCommand({ what, ...more, ...(rev === undefined ? {} : { rev }) }, newKey());
  };
  const answer = await once(what, send, (a) => {
    if (a.desk_call) putCall(a.desk_call);
    closeUp();
  });
  return answer !== undefined;
}

/** A command for a call as the page shows it. */
export function commandOn(call: DeskCall, what: Command["what"], more: Partial<Command> = {}) {
  return command(what, { call: call.no, rev: call.rev, ...more });
}

export async function duty(wish: Duty): Promise<boolean> {
  const desk = await once("duty", () => setDuty(wish));
  if (desk) applyDesk(desk);
  return desk !== undefined;
}

export async function keepMessage(message: Slip, key: string): Promise<boolean> {
  return (await once("message", () => sendMessage(message, key))) !== undefined;
}

export function targetOf(e: Entry): Target {
  return e.kind === "person" ? { person: e.id } : { department: e.id };
}

export function answerNext(): void {
  const call = next.value;
  if (call) void answerCall(call);
}

/** A held or parked call is retrieved (what is in hand is held), any other answered. What was typed
    and chosen before was for another moment. */
export async function answerCall(call: DeskCall): Promise<void> {
  clearSearch();
  await take(call);
}

async function take(call: DeskCall): Promise<void> {
  const kept = call.bay === "held" || call.bay === "parked" || call.bay === "let_go";
  await commandOn(call, call.bay === "let_go" ? "pull_back" : kept ? "retrieve" : "answer");
}

/** One call is let go and the next not yet in hand: the hands aren't free, whatever it looks like. */
export const isTakingNext = signal(false);

/** Lets the ringing target have it, and takes the next at once. */
export async function letGoAndNext(): Promise<void> {
  const call = inHand.value;
  if (!call) return;
  clearSearch();
  isTakingNext.value = true;
  try {
    const coming = (await commandOn(call, "let_go")) && next.value;
    if (coming) await take(coming);
  } finally {
    isTakingNext.value = false;
  }
}
