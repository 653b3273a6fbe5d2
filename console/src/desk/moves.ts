/** The steps of a call that an operator's key begins: each ends with what the server answers. */
import type { Command, DeskCall, Entry } from "../api/desk";
import { calls, inHand, instructions, ownEnd } from "./board";
import { command, commandOn, duty, targetOf } from "./commands";
import { answered, closeForm, field, form, openForm, type Screened } from "./forms";
import { isOutcome } from "./phase";
import { keyOf } from "./search";
import { needsScreening, shownAs } from "./text";
import { chosen, clearSearch, ending, entryOf } from "./view";

/** A dated word of the principal's own acts by itself: the server decides which. */
function instructed(e: Entry): boolean {
  return instructions.value.some((i) => i.person === e.id && !i.name);
}

/** Puts the call through to an entry, by the way that its reach permits. */
export async function through(call: DeskCall, e: Entry): Promise<void> {
  if (needsScreening(call, e) && !instructed(e)) return startScreening(call, e);
  const done = await commandOn(call, "put_through", { target: targetOf(e), text: shownAs(call) });
  if (done) {
    clearSearch();
    closeForm();
  }
}

export async function dialled(call: DeskCall, number: string): Promise<void> {
  if (await commandOn(call, "put_through", { target: { number }, text: shownAs(call) }))
    clearSearch();
}

/** A4.1.3: surname, organisation and matter first. */
export async function startScreening(call: DeskCall, e: Entry): Promise<void> {
  clearSearch();
  openForm(call, "screening", {
    for: keyOf(e),
    surname: call.caller.name,
    organisation: call.caller.organisation,
  });
  await tellScreened();
}

/** The call as our own last command left it. */
function latest(call: DeskCall): DeskCall {
  return calls.value.get(call.no) ?? call;
}

let told = "";
let telling: Promise<boolean> | undefined;
/** The server knows which of the three are answered, not what was said. */
export async function tellScreened(): Promise<void> {
  await telling;
  const call = inHand.value;
  const value: Screened = answered.value;
  const what = `${call?.no}:${JSON.stringify(value)}`;
  if (!call || form.value?.kind !== "screening" || what === told) return;
  told = what;
  telling = command("screen", { call: call.no, value });
  if (!(await telling)) told = "";
}

export function openMessage(call: DeskCall, reason = ""): void {
  const c = call.caller;
  const target = entryOf(call.target) ?? chosen.value;
  clearSearch();
  openForm(call, "message", {
    for: target ? keyOf(target) : "",
    surname: c.name,
    organisation: c.organisation,
    number: c.number || c.extension,
    matter: field("matter").text,
    reason,
  });
}

export async function startComplaint(call: DeskCall): Promise<void> {
  if (!call.complaint && !(await commandOn(call, "complaint"))) return;
  clearSearch();
  openForm(call, "complaint", {
    surname: call.caller.name,
    organisation: call.caller.organisation,
    said: field("matter").text,
  });
}

export async function consult(call: DeskCall, e: Entry | undefined): Promise<void> {
  if (!e) return;
  await tellScreened(); // the last of the three may just have been typed
  if (!(await commandOn(latest(call), "consult", { target: targetOf(e) }))) return;
  clearSearch();
  if (isOutcome(latest(call)) && form.value?.kind === "screening") closeForm(); // busy at once
}

export async function outcome(call: DeskCall, value: string, e?: Entry): Promise<void> {
  const target = e ? { target: targetOf(e) } : {};
  const text = { text: shownAs(call) };
  if (!(await commandOn(call, "outcome", { value, ...target, ...text }))) return;
  if (value === "agreed" || value === "other") clearSearch();
  if (value === "refused") openMessage(call);
}

export async function hangUp(value: string): Promise<void> {
  const call = inHand.value;
  ending.value = false;
  if (call) ownEnd.add(call.no);
  if (call && (await commandOn(call, "hang_up", { value }))) {
    clearSearch();
    closeForm();
  }
}

export async function dialOut(target: Command["target"]): Promise<void> {
  if (target && (await command("dial", { target }))) clearSearch();
}

/** An enquiry (A4.1.5): whose number is told is chosen in the directory. */
export function tellNumber(call: DeskCall): void {
  openForm(call, "told", { said: "" });
}

export async function goOn(sound: "headset" | "phone", extension: string): Promise<boolean> {
  return duty(
    sound === "phone" ? { act: "on", sound, extension, nailed: false } : { act: "on", sound },
  );
}
