/** The desk's words about calls and people, from lang/. */
import type { DeskCall, Entry } from "../api/desk";
import { language, t } from "../text";
import { minutes, now, since, timeOfDay } from "../state/clock";
import { byKey, greeting, inHand, isLost, next } from "./board";
import { isPast, waitsSince } from "./bays";
import { field, form } from "./forms";
import { isOutcome, phaseOf, servedBy } from "./phase";
import { chosen, entryOf, lampOf, type LampView, locked, phase, rungOf } from "./view";

/** A mobile number as it is read: 138 0000 0417. */
export function spaced(number: string): string {
  return number.replace(/^(1\d{2})(\d{4})(\d{4})$/, "$1 $2 $3");
}

export function who(call: DeskCall): string {
  const c = call.caller;
  return c.name || spaced(c.number || c.extension) || t("console.withheld");
}

/** With the organisation, as a row or an announcement says it. */
export function whoFrom(call: DeskCall): string {
  return [who(call), call.caller.organisation].filter(Boolean).join(" ");
}

/** "9 s" while it rings, "1:05" after. */
export function clockOf(call: DeskCall): string {
  if (isLost.value) return "\u2014";
  const ms = since(waitsSince(call));
  return call.bay === "ringing" || call.bay === "attendant"
    ? t("console.desk.seconds", { n: Math.floor(ms / 1000) })
    : minutes(ms);
}

export function targetName(call: DeskCall): string {
  return call.target?.name || call.target?.number || "";
}

/** Whose phone rings, or rang. */
export function rungName(call: DeskCall): string {
  const e = entryOf(call.target);
  return e ? rungOf(e).name : targetName(call);
}

/** A person with the post, as one speaks of them. */
export function titled(e: Entry): string {
  return [e.name, e.title].filter(Boolean).join(" ");
}

/** An ordinal as it is said; figures beyond five. */
export function nth(n: number): string {
  return n >= 1 && n <= 5 ? t(`console.desk.nth.${n}`) : String(n);
}

function whyKept(call: DeskCall): string {
  if (call.park) return t("console.desk.why.parked", { number: call.park });
  if (call.bay === "let_go") return t("console.desk.why.let_go", { name: rungName(call) });
  const name = targetName(call) || t("console.desk.why.you");
  if (call.remind_ms === null) return t("console.desk.why.held", { name });
  const left = call.remind_ms - waitsSince(call);
  return isDue(call)
    ? t("console.desk.why.due", { name })
    : t("console.desk.why.remind", { name, at: minutes(left) });
}

export function isDue(call: DeskCall): boolean {
  return call.remind_ms !== null && since(call.remind_ms) > 0;
}

function whyLost(call: DeskCall): string {
  const n = Math.min(3, Math.max(1, call.rings));
  const kept = call.bay === "held" || call.bay === "parked";
  return t(kept ? "console.desk.why.lost_held" : "console.desk.why.lost_ringing", { n: nth(n) });
}

function whyWaits(call: DeskCall): string {
  if (call.queued === "handed") return call.note || t("console.desk.why.handed");
  if (call.queued === "lost") return t("console.desk.why.taken_over");
  if (call.caller.extension) return t("console.desk.why.inside", { number: call.caller.extension });
  const last = call.past.find((p) => p.target);
  if (last) return t("console.desk.why.last", { dialled: call.dialled, name: last.target });
  return t("console.desk.why.first", { dialled: call.dialled });
}

/** The second line of a row. */
export function why(call: DeskCall): string {
  if (isLost.value) return whyLost(call);
  if (call.bay === "attendant") return t(`console.desk.why.${isPast(call) ? "past" : "attendant"}`);
  if (locked.value) return "";
  if (["held", "parked", "let_go"].includes(call.bay)) return whyKept(call);
  if (call.bay === "returned" && call.queued !== "handed")
    return t("console.desk.why.returned", {
      name: [targetName(call), call.target?.number].filter(Boolean).join(" "),
      outcome: outcomeWord(call),
    });
  return whyWaits(call);
}

export function outcomeWord(call: DeskCall): string {
  return t(`console.desk.outcome.${call.outcome}`);
}

/** Under the caller's name. */
export function about(call: DeskCall): string[] {
  const line = call.caller.trunk
    ? t("console.desk.dialled", { number: call.dialled })
    : t("console.extension_no", { number: call.caller.extension });
  const number = call.caller.name && call.caller.trunk ? spaced(call.caller.number) : "";
  const before = call.past.find((p) => p.target);
  const last = before
    ? t("console.desk.last", { at: dayOf(before.at_ms), name: before.target })
    : "";
  const wanted = call.reached === "general_manager" ? call.target : screenedEntry(call);
  const wants = wanted
    ? t("console.desk.wants", { name: `${wanted.title} ${wanted.name}`.trim() })
    : last;
  return [line, number, wants, call.note].filter(Boolean);
}

export function dayOf(ms: number): string {
  const d = new Date(ms);
  const today = new Date(now.value);
  if (d.toDateString() === today.toDateString()) return timeOfDay(ms, false);
  return d.toLocaleDateString(language.value, { month: "long", day: "numeric" });
}

export function lampWord(v: LampView, e: Entry): string {
  if (isLost.value) return t("console.desk.lamp.unknown");
  if (v.kind === "away") return awayWord(e);
  if (v.free !== undefined) return membersWord(v);
  const busy = v.kind === "busy" && v.since > 0 ? ` ${minutes(now.value - v.since)}` : "";
  const word = t(`console.desk.lamp.${v.kind === "unknown" ? "unreachable" : v.kind}`) + busy;
  if (v.of === e) return word;
  return t("console.desk.lamp.secretary", { name: v.of.name, number: v.of.number, state: word });
}

function membersWord(v: LampView): string {
  if (v.kind === "unknown") return t("console.desk.lamp.no_phone");
  return t(`console.desk.lamp.${v.free ? "members" : "all_busy"}`, { n: v.free ?? 0 });
}

function awayWord(e: Entry): string {
  const word = e.away_word || t("console.desk.lamp.gone");
  if (!e.away_until_ms) return word;
  return t("console.desk.lamp.away", { word, at: dayOf(e.away_until_ms) });
}

export function reachWord(e: Entry): string {
  return t(`console.desk.reach.${e.reach}`);
}

/** What a target's phone will show. */
export function shownAs(call: DeskCall): string {
  const c = call.caller;
  return t("console.desk.shows", { name: `${c.organisation}${who(call)}` });
}

export interface Say {
  label: string;
  text: string;
  clause: string;
}

function sayForm(call: DeskCall): Say | undefined {
  const f = form.value;
  if (!f || f.call !== call.no) return undefined;
  const v = (name: string) => field(name).text;
  if (f.kind === "message" && v("matter")) {
    const from = `${v("organisation")}${v("surname")}`;
    const parts = [from, spaced(v("number")), v("matter").replace(/[。.]+$/u, ""), v("call_back")];
    return say("read_back", "A5.7", { all: parts.filter(Boolean).join(t("console.desk.comma")) });
  }
  if (f.kind === "message") return say("message", "A4.1.2");
  if (f.kind === "complaint") return say("complaint", "A4.1.6");
  if (f.kind === "told") {
    const e = chosen.value;
    return {
      label: "say",
      text: e?.disclosure_text || t("console.desk.say.enquiry"),
      clause: "A4.1.5",
    };
  }
  return undefined;
}

function say(name: string, clause: string, values?: Record<string, string>): Say {
  return { label: "say", text: t(`console.desk.say.${name}`, values), clause };
}

function sayOutcome(call: DeskCall): Say {
  const gm = call.reached === "general_manager" || call.reached === "gad_manager_gm";
  if (gm && call.outcome === "refused") return say("gm_refused", "A4.1.3");
  if (gm && call.outcome === "later") return say("gm_later", "house");
  if (gm) return say(call.outcome === "busy" ? "gm_busy" : "gm_absent", "A4.1.3");
  if (call.reached === "secretary" || call.reached === "chairman")
    return say(
      call.outcome === "busy" ? "secretary_busy" : "secretary_away",
      call.outcome === "busy" ? "house" : "A4.1.4",
    );
  if (call.outcome === "busy") return say("busy", "A4.1.2");
  if (call.outcome === "closed") return say("closed", "house");
  const what = call.outcome === "unreachable" ? "unreachable" : "no_answer";
  return say(what, "A4.1.2");
}

function screenedEntry(call: DeskCall): Entry | undefined {
  const f = form.value;
  const its = f?.call === call.no && f.kind === "screening";
  return its ? byKey.value.get(field("for").text) : undefined;
}

/** Whom the form is about; the server has no target before the consultation. */
function screenedFor(call: DeskCall): string {
  const e = byKey.value.get(field("for").text);
  return e?.title || e?.name || call.target?.title || targetName(call);
}

function sayConsult(call: DeskCall): Say {
  const from = field("organisation").text || call.caller.organisation;
  return say("consult", "A4.1.3", {
    name: call.target ? `${call.target.name}${call.target.title}` : "",
    who: `${from}${field("surname").text || who(call)}`,
    matter: field("matter").text || t("console.desk.say.no_matter"),
  });
}

/** Asked for before anybody rings: the three (A4.1.3). */
export function needsScreening(call: DeskCall, e: Entry): boolean {
  return e.reach === "screened" && !call.consent && !call.complaint;
}

/** Goodbye, or what the entry wants that was chosen instead. */
function sayServed(call: DeskCall): Say {
  if (chosen.value) return sayTalk(call);
  return say(`served_${servedBy(call) ?? "told"}`, "house");
}

function sayTalk(call: DeskCall): Say {
  const e = chosen.value;
  if (e && needsScreening(call, e)) return say("screening", "A4.1.3", { name: e.title || e.name });
  if (e) return say("one_moment", "A4.1.2");
  if (call.queued !== "no" || isOutcome(call)) return say("sorry_wait", "house");
  return greet();
}

function greet(): Say {
  const text = t("console.desk.quoted", { text: greeting.value });
  return { label: "say", text, clause: "A4.1.1" };
}

function sayHand(call: DeskCall): Say {
  switch (phase.value ?? phaseOf(call)) {
    case "trying":
      return say("one_moment", "A4.1.2");
    case "outcome":
      return sayOutcome(call);
    case "screening":
      return say("screening", "A4.1.3", { name: screenedFor(call) });
    case "asking":
    case "consult":
      return sayConsult(call);
    case "complaint":
      return say("complaint", "A4.1.6");
    case "three":
      return say("three", "house");
    case "recording":
      return say("recording", "A3.8");
    case "served":
      return sayServed(call);
    case "talk":
      return sayTalk(call);
  }
}

/** The sentence of the moment. */
export function sentence(): Say {
  const call = inHand.value;
  const coming = next.value;
  if (isLost.value)
    return {
      label: "now",
      text: call
        ? t("console.desk.say.lost", { name: who(call) })
        : t("console.desk.say.lost_free"),
      clause: "",
    };
  if (call) return sayForm(call) ?? sayHand(call);
  if (coming && isPast(coming)) return say("sorry_wait", "house");
  if (coming?.bay === "returned") return sayOutcome(coming);
  return greet();
}

export function entryLine(e: Entry): string {
  return [e.name, e.title || (e.kind === "person" ? e.department : ""), lampWord(lampOf(e), e)]
    .filter(Boolean)
    .join(t("console.desk.comma"));
}
