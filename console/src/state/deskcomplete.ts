/** What a finished form does. */
import type { DeskCall, NewMessage } from "../api/desk";
import { t } from "../text";
import { byKey, calls } from "./desk";
import { commandOn, keepMessage, note, targetOf } from "./deskcommands";
import { dropForm, field, form } from "./deskforms";
import { shownAs } from "./desktext";
import { chosen, special } from "./deskview";
import { announce } from "./deskvoice";

/** One key for one slip: sent again after a lost answer it is still one message. */
const keys = new Map<number, string>();
function keyOf(call: number): string {
  const key = keys.get(call) ?? `slip-${call}-${Date.now()}`;
  keys.set(call, key);
  return key;
}

function declinedOf(): string[] {
  return Object.entries(form.value?.fields ?? {})
    .filter(([, f]) => f.declined)
    .map(([name]) => name);
}

async function message(call: DeskCall): Promise<void> {
  const entry = byKey.value.get(field("for").text);
  if (!entry) return note(t("console.desk.message.for_whom"), "A5.7");
  if (!field("matter").text.trim()) return note(t("console.desk.message.what"), "A5.7");
  const urgency = field("urgency").text as NewMessage["urgency"] | "";
  const sent = await keepMessage(
    {
      call: call.no,
      ...(entry.kind === "person" ? { for_person: entry.id } : { for_department: entry.id }),
      from_name: field("surname").text,
      organisation: field("organisation").text,
      number: field("number").text,
      matter: field("matter").text,
      urgency: urgency || "ordinary",
      declined: declinedOf(),
      voice: false,
    },
    keyOf(call.no),
  );
  if (!sent) return;
  keys.delete(call.no);
  dropForm(call.no);
  const text = t("console.desk.message.kept", { name: entry.name });
  note(text, "A3.8");
  announce("form", text);
}

async function complaint(call: DeskCall): Promise<void> {
  const service = special("customer_service");
  const said = [field("surname").text, field("organisation").text, field("said").text];
  const done = await commandOn(call, "put_through", {
    ...(service ? { target: targetOf(service) } : {}),
    text: shownAs(call),
    note: said.filter(Boolean).join(" ").slice(0, 255),
  });
  if (done) dropForm(call.no);
}

async function told(call: DeskCall): Promise<void> {
  const e = chosen.value;
  if (!e) return note(t("console.desk.told.whom"), "A4.1.5");
  const done = await commandOn(call, "told", {
    target: targetOf(e),
    note: field("said").text.slice(0, 255),
  });
  if (!done) return;
  dropForm(call.no);
  note(t("console.desk.told.kept", { name: e.name }), "A4.1.5");
}

export async function completeForm(): Promise<void> {
  const f = form.value;
  const call = f && calls.value.get(f.call);
  if (!call) return;
  switch (f.kind) {
    case "message":
      return message(call);
    case "complaint":
      return complaint(call);
    case "told":
      return told(call);
    case "screening":
    case "note":
      return undefined;
  }
}
