/** What a finished form does. */
import { type DeskCall, keepTold, type Slip } from "../api/desk";
import { t } from "../text";
import { byKey, calls } from "./board";
import { commandOn, keepMessage, note, refuse, targetOf } from "./commands";
import { dropForm, field, form } from "./forms";
import { shownAs } from "./text";
import { chosen, clearSearch, special } from "./view";
import { announce } from "./voice";

/** One key for one slip: sent again after a lost answer it is still one message. */
const keys = new Map<number, string>();
function keyOf(call: number): string {
  const key = keys.get(call) ?? `slip-${call}-${Date.now()}`;
  keys.set(call, key);
  return key;
}

type Declined = NonNullable<Slip["declined"]>;
function declinedOf(): Declined {
  const names: Declined = ["surname", "organisation", "matter", "number"];
  return names.filter((name) => field(name).declined);
}

async function message(call: DeskCall): Promise<void> {
  const entry = byKey.value.get(field("for").text);
  if (!entry) return note(t("console.desk.message.for_whom"), "A5.7");
  if (!field("matter").text.trim()) return note(t("console.desk.message.what"), "A5.7");
  const urgency = field("urgency").text === "urgent" ? "urgent" : "ordinary";
  const sent = await keepMessage(
    {
      call: call.no,
      ...(entry.kind === "person" ? { for_person: entry.id } : { for_department: entry.id }),
      from_name: field("surname").text.slice(0, 63),
      organisation: field("organisation").text.slice(0, 63),
      number: field("number")
        .text.replace(/[^\d*#+]/g, "")
        .slice(0, 31),
      matter: field("matter").text.slice(0, 1000),
      call_back: field("call_back").text.slice(0, 63),
      urgency,
      declined: declinedOf(),
      voice: false,
    },
    keyOf(call.no),
  );
  if (!sent) return;
  keys.delete(call.no);
  dropForm(call.no);
  clearSearch();
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
  try {
    await keepTold({
      call: call.no,
      ...(e.kind === "person" ? { person: e.id } : { department: e.id }),
      to_number: call.caller.number || call.caller.extension,
      to_name: call.caller.name,
      text: (field("said").text || e.disclosure_text).slice(0, 159),
    });
  } catch (error) {
    return refuse(error);
  }
  if (!(await commandOn(call, "told", { target: targetOf(e) }))) return;
  dropForm(call.no);
  clearSearch();
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
