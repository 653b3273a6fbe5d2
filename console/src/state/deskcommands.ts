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
import { applyDesk, closeUp, inHand, isLost, next, putCall } from "./desk";
import { announce } from "./deskvoice";

export interface Notice {
  text: string;
  clause: string;
  at: number;
}
/** The last refusal, or what was done that can't be seen otherwise. */
export const notice = signal<Notice | undefined>(undefined);
/** A command that the server hasn't answered yet. */
export const pending = signal<Command["what"] | "duty" | "message" | undefined>(undefined);

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

async function once<T>(what: NonNullable<typeof pending.value>, run: () => Promise<T>) {
  if (isLost.value || pending.value) return undefined; // keys of a lost connection aren't sent later
  pending.value = what;
  notice.value = undefined;
  try {
    return await run();
  } catch (e) {
    refuse(e);
    return undefined;
  } finally {
    pending.value = undefined;
  }
}

/** True when the server has done it. */
export async function command(what: Command["what"], more: Partial<Command> = {}) {
  const answer = await once(what, () => sendCommand({ what, ...more }, newKey()));
  if (!answer) return false;
  if (answer.desk_call) putCall(answer.desk_call);
  closeUp();
  return true;
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

/** A held or parked call is retrieved (what is in hand is held), any other answered. */
export async function answerCall(call: DeskCall): Promise<void> {
  const kept = call.bay === "held" || call.bay === "parked" || call.bay === "let_go";
  await commandOn(call, call.bay === "let_go" ? "pull_back" : kept ? "retrieve" : "answer");
}

/** Lets the ringing target have it, and takes the next at once. */
export async function letGoAndNext(): Promise<void> {
  const call = inHand.value;
  if (call && (await commandOn(call, "let_go"))) answerNext();
}
