/** What a key does now. */
import { farEndAt, isLost } from "./board";
import { completeForm } from "./complete";
import { form } from "./forms";
import type { Action } from "./keys";
import { EXTRA, type Extra, extras, type Offer, offers, type Place, PLACES } from "./offers";
import { ending, locked, panel, phase, typing } from "./view";

const ENTER_PAUSE_MS = 500;
/** When Del said goodbye: whoever's fingers go on with Enter, as elsewhere, mustn't take the next call. */
let goodbyeAt = -ENTER_PAUSE_MS;
function openPanel(which: CardAction): void {
  panel.value = panel.value === which ? undefined : which;
}

function isPlace(a: Action): a is Place {
  return PLACES.some((p) => p === a);
}

function offered(action: Action): Offer | undefined {
  if (isPlace(action)) return offers.value[action];
  return EXTRA.some((x) => x === action) ? extras.value[action as Extra] : undefined;
}

function complete(): void {
  if (isLost.value || locked.value || ending.value) return;
  if (form.value?.kind === "screening") offers.value.consult?.run();
  else if (form.value) void completeForm();
}

const CARDS = ["instruct", "facts", "emergency", "help"] as const;
type CardAction = (typeof CARDS)[number];

function isCard(a: Action): a is CardAction {
  return CARDS.some((c) => c === a);
}

/** Enter right after a call has ended isn't meant for the next one. */
function tooSoon(): boolean {
  return performance.now() - Math.max(farEndAt.value, goodbyeAt) < ENTER_PAUSE_MS;
}

/** Runs what a key stands for now. True: the key was ours. */
export function act(action: Action): boolean {
  if (isCard(action)) {
    if (!locked.value || action === "emergency") openPanel(action);
    return true;
  }
  if (action === "type") {
    if (!locked.value && !panel.value) typing.value = true;
    return true;
  }
  if (action === "complete") {
    complete();
    return true;
  }
  if (action === "enter" && tooSoon()) return true;
  if (action === "enter" && offers.value.enter?.action === "complete") return false;
  return runOffer(action);
}

function runOffer(action: Action): boolean {
  const o = offered(action);
  if (action === "hang_up" && phase.value === "served") goodbyeAt = performance.now();
  o?.run();
  return o !== undefined || isPlace(action);
}
