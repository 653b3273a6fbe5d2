/**
 * What can be done now. Eleven places, each with the same key and button; what the rule forbids or
 * the moment doesn't allow isn't in them.
 */
import { computed } from "@preact/signals";
import type { DeskCall } from "../api/desk";
import { t } from "../text";
import { byKey, inHand, isLost, keptLongest, longCalls, mine, next } from "./board";
import { answerCall, answerNext, commandOn, letGoAndNext, targetOf } from "./commands";
import { completeForm } from "./complete";
import { allAnswered, closeForm, field, form, write } from "./forms";
import type { Action } from "./keys";
import {
  consult,
  dialled,
  dialOut,
  hangUp,
  openMessage,
  outcome,
  startComplaint,
  tellNumber,
  through,
} from "./moves";
import { hasStandIn, isOutcome } from "./phase";
import { keyOf } from "./search";
import { needsScreening, who } from "./text";
import {
  chosen,
  chosenKey,
  clearSearch,
  ending,
  entryOf,
  listed,
  locked,
  onDuty,
  panel,
  phase,
  query,
  row,
  rowNo,
  special,
} from "./view";

export const PLACES = [
  "enter",
  "escape",
  "message",
  "complaint",
  "gad",
  "hold",
  "call_back",
  "hang_up",
  "consult",
  "away",
  "help",
] as const;
export type Place = (typeof PLACES)[number];

export interface Offer {
  label: string;
  run: () => void;
  /** The next right thing. */
  prime?: boolean;
  /** The key that stands for it, when it isn't the place's own. */
  action?: Action;
  /** The call that it takes: its row shows the key. */
  call?: number;
  /** Not yet: shown, so that one knows what follows. */
  off?: boolean;
}
export type Offers = Partial<Record<Place, Offer>>;

const key = (name: string, values?: Record<string, string>) =>
  t(`console.desk.key.${name}`, values);
const offer = (name: string, run: () => void, prime = false): Offer => ({
  label: key(name),
  run,
  prime,
});

function endingOffers(): Offers {
  const end = (name: string, prime = false) => offer(`end.${name}`, () => void hangUp(name), prime);
  return {
    enter: end("done", true),
    escape: offer("back", () => (ending.value = false)),
    message: end("silent"),
    complaint: end("wrong"),
    gad: end("sales"),
    hold: end("nuisance"),
    call_back: end("fax"),
    hang_up: end("done"),
  };
}

function consultOffers(call: DeskCall): Offers {
  const other = chosen.value ?? special("gad_manager") ?? special("gad");
  const offers: Offers = { escape: offer("to_caller", () => void commandOn(call, "pull_back")) };
  if (phase.value === "asking") return offers;
  return {
    ...offers,
    consult: offer("agreed", () => void outcome(call, "agreed")),
    message: offer("refused", () => void outcome(call, "refused")),
    gad: offer("other", () => void outcome(call, "other", other)),
    call_back: offer("later", () => void outcome(call, "later")),
    complaint: offer("absent", () => void outcome(call, "absent")),
    hold: offer("busy", () => void outcome(call, "busy")),
  };
}

function tryingOffers(call: DeskCall): Offers {
  return {
    enter: next.value
      ? { ...offer("let_go_next", () => void letGoAndNext()), call: next.value.no }
      : offer("let_go", () => void commandOn(call, "let_go")),
    escape: offer("pull_back", () => void commandOn(call, "pull_back"), true),
    hold: offer("hold", () => void commandOn(call, "hold")),
  };
}

function formOffers(call: DeskCall): Offers {
  const f = form.value;
  const target = byKey.value.get(field("for").text) ?? entryOf(call.target);
  const offers: Offers = {
    hang_up: offer("hang_up", () => (ending.value = true)),
    away: offer("away", () => (panel.value = "away")),
  };
  if (f?.kind !== "complaint")
    offers.complaint = offer("complaint", () => void startComplaint(call));
  if (f?.kind === "screening") {
    offers.consult = allAnswered.value
      ? offer("consult", () => void consult(call, target ?? chosen.value), true)
      : { ...offer("consult", () => undefined), off: true };
    return offers;
  }
  const name = f?.kind === "complaint" ? "complete_service" : `complete_${f?.kind ?? "note"}`;
  offers.enter = {
    ...offer(name, () => void completeForm(), true),
    action: "complete",
  };
  offers.escape = offer("back", closeForm);
  const e = chosen.value;
  if (e && f?.kind === "message") {
    offers.enter = {
      label: key("for", { name: e.name }),
      run: () => {
        write("for", { text: keyOf(e), declined: false });
        clearSearch();
      },
      prime: true,
    };
    offers.escape = offer("clear", clearSearch);
  }
  return offers;
}

function enterInTalk(call: DeskCall): Offer | undefined {
  const l = listed.value;
  const e = chosen.value;
  if (l.dial) {
    const number = l.dial;
    return {
      label: key("dial_through", { number }),
      run: () => void dialled(call, number),
      prime: true,
    };
  }
  if (!e) return undefined;
  const name = needsScreening(call, e) ? "screen" : e.reach;
  return {
    label: key(`through.${name}`, { number: e.number, name: e.name }),
    run: () => void through(call, e),
    prime: true,
  };
}

/** Letters and what they have chosen go with Esc. */
function offerClearing(offers: Offers) {
  if (query.value || chosenKey.value) offers.escape = offer("clear", clearSearch);
}

function talkOffers(call: DeskCall): Offers {
  const e = chosen.value;
  const failed = isOutcome(call);
  const gad = special(hasStandIn(call) ? "gad_manager" : "gad");
  const served = phase.value === "served";
  const goodbye = served ? offer("end.done", () => void hangUp("done"), true) : undefined;
  const enter = enterInTalk(call) ?? goodbye;
  const offers: Offers = {
    message: offer("message", () => openMessage(call), failed && !enter),
    complaint: offer("complaint", () => void startComplaint(call)),
    hold:
      failed && call.outcome === "busy"
        ? offer("wait_free", () => void commandOn(call, "wait_free"))
        : offer("hold", () => void commandOn(call, "hold")),
    hang_up: goodbye ? { ...goodbye, prime: false } : offer("hang_up", () => (ending.value = true)),
    away: offer("away", () => (panel.value = "away")),
  };
  if (enter) offers.enter = enter;
  offerClearing(offers);
  if (gad) offers.gad = { label: gad.name, run: () => void through(call, gad) };
  if (failed) offers.call_back = offer("call_back", () => void commandOn(call, "call_back"));
  if (e && e.reach !== "screened") offers.consult = offer("consult", () => void consult(call, e));
  if (phase.value === "three") {
    offers.enter = offer("leave", () => void commandOn(call, "leave"), true);
    offers.escape = offer("to_caller", () => void commandOn(call, "pull_back"));
  }
  return offers;
}

function freeOffers(): Offers {
  const e = chosen.value;
  const l = listed.value;
  const offers: Offers = { away: offer("away", () => (panel.value = "away")) };
  const kept = keptLongest.value;
  if (kept)
    offers.hold = {
      label: key("retrieve", { name: who(kept) }),
      run: () => void answerCall(kept),
      call: kept.no,
    };
  if (next.value) {
    const past = next.value.bay === "attendant";
    offers.enter = {
      ...offer(past ? "take_back" : "answer", answerNext, true),
      call: next.value.no,
    };
  } else if (l.dial) {
    const number = l.dial;
    offers.enter = {
      label: key("dial", { number }),
      run: () => void dialOut({ number }),
      prime: true,
    };
  } else if (e) {
    offers.enter = {
      label: key("dial", { number: e.number }),
      run: () => void dialOut(targetOf(e)),
      prime: true,
    };
  } else if (offers.hold) offers.enter = { ...offers.hold, prime: true };
  offerClearing(offers);
  return offers;
}

function rowOffers(offers: Offers, call: DeskCall): Offers {
  const kept = call.bay === "held" || call.bay === "parked";
  return {
    ...offers,
    enter: {
      label: key(kept ? "retrieve" : "answer_this", { name: who(call) }),
      run: () => {
        rowNo.value = undefined;
        void answerCall(call);
      },
      prime: true,
      call: call.no,
    },
    escape: offer("clear", () => (rowNo.value = undefined)),
  };
}

function handOffers(call: DeskCall): Offers {
  if (ending.value) return endingOffers();
  switch (phase.value) {
    case "asking":
    case "consult":
      return consultOffers(call);
    case "trying":
      return tryingOffers(call);
    case "recording":
      return { escape: offer("to_caller", () => void commandOn(call, "pull_back")) };
    case "screening":
    case "complaint":
    case "outcome":
    case "talk":
    case "served":
    case "three":
    case undefined:
      return form.value?.call === call.no ? formOffers(call) : talkOffers(call);
  }
}

export const offers = computed<Offers>(() => {
  const help = { help: offer("help", () => (panel.value = "help")) };
  const card: Offers = {
    help: { ...offer("emergency", () => (panel.value = "emergency")), action: "emergency" },
  };
  if (isLost.value) return card;
  if (locked.value) return { enter: offer("return", () => undefined, true), ...card };
  if (panel.value) return { escape: offer("back", () => (panel.value = undefined)), ...help };
  if (!onDuty.value)
    return mine.value?.state === "off" || !mine.value
      ? { enter: offer("go_on", goOnDuty, true), ...help }
      : help;
  const call = inHand.value;
  const all = { ...(call ? handOffers(call) : freeOffers()), ...help };
  const at = row.value;
  return at && phase.value !== "consult" ? rowOffers(all, at) : all;
});

let startDuty: () => void = () => undefined;
/** The page that asks for headset or phone says how duty begins. */
export function onGoOnDuty(start: () => void): void {
  startDuty = start;
}
function goOnDuty(): void {
  startDuty();
}

/** Actions that have no place in the bar; they are in the list of all keys and on buttons. */
export const EXTRA = ["told", "conference", "park", "hand_over", "remind_later"] as const;
export type Extra = (typeof EXTRA)[number];

export const extras = computed<Partial<Record<Extra, Offer>>>(() => {
  const call = inHand.value;
  const p = phase.value;
  if (isLost.value || locked.value || panel.value || !onDuty.value) return {};
  const list: Partial<Record<Extra, Offer>> = {};
  const long = longCalls.value[0];
  if (long) list.remind_later = offer("remind_later", () => void commandOn(long, "remind_later"));
  if (!call) return list;
  if (p === "talk" || p === "outcome" || p === "served") {
    list.told = offer("told", () => tellNumber(call));
    list.park = offer("park", () => void commandOn(call, "park"));
    list.hand_over = offer("hand_over", () => (panel.value = "hand_over"));
  }
  if (p === "consult" && call.reached !== "general_manager")
    list.conference = offer("conference", () => void commandOn(call, "conference"));
  return list;
});
