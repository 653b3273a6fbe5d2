/** What runs while the desk is shown: keys, announcements, sounds, forms that open again. */
import { effect, untracked } from "@preact/signals";
import { t } from "../text";
import { arrived, calls, held, inHand, isLost, mine, myNo, next } from "./board";
import { isPast, waiting } from "./bays";
import { closeForm, form, reopen } from "./forms";
import { actionOf, searched } from "./keys";
import { act } from "./act";
import { isTakingNext } from "./commands";
import { connectAgain, headset, sound } from "./sound";
import { entryLine, nth, outcomeWord, sentence, targetName, whoFrom } from "./text";
import {
  chosen,
  ending,
  listed,
  locked,
  moveChoice,
  moveRow,
  onDuty,
  panel,
  phase,
  query,
  rowNo,
  setQuery,
  typing,
} from "./view";
import { announce, hush, listenTo, repeat } from "./voice";
import { read } from "../state/prefs";
import { hookCalls } from "../sound/hook";

const FIELD = "input, textarea, select, [contenteditable]";
const SEARCH_PAUSE_MS = 600;

function line(...parts: (string | number | undefined)[]): string {
  return parts.filter(Boolean).join(t("console.desk.comma"));
}

/** Who waits, with how many; state and name first, for a braille line of forty cells. */
function whoWaits(): string {
  const all = waiting(calls.value);
  const first = next.value;
  if (!first) return t("console.desk.voice.nobody");
  const state = isPast(first)
    ? t("console.desk.voice.with_attendant")
    : first.bay === "returned"
      ? t("console.desk.bay.returned")
      : t("console.desk.voice.ring", { n: nth(Math.max(1, first.rings)) });
  const kept = held.value.length ? t("console.desk.voice.held", { n: held.value.length }) : "";
  return line(
    t(`console.desk.bay.${first.caller.trunk ? "outside" : "inside"}`),
    state,
    whoFrom(first),
    t("console.desk.voice.waiting", { n: all.length }),
    kept,
  );
}

function whoHere(): string {
  const call = inHand.value;
  if (!call) return t("console.desk.free");
  return line(whoFrom(call), t(`console.desk.phase.${phase.value ?? "talk"}`), targetName(call));
}

const say = () => sentence().text;

const ASKED = {
  repeat,
  who_here: () => announce("asked", whoHere()),
  who_waits: () => announce("asked", whoWaits()),
  what_say: () => announce("asked", say()),
} as const;

const MOVES: Record<string, () => void> = {
  Backspace: () => setQuery(query.value.slice(0, -1)),
  ArrowDown: () => moveChoice(1),
  ArrowUp: () => moveChoice(-1),
  PageDown: () => moveChoice(8),
  PageUp: () => moveChoice(-8),
  ArrowRight: () => moveRow(1),
  ArrowLeft: () => moveRow(-1),
};

/** Keys that aren't actions: letters and digits search, arrows choose. */
function plainKey(e: KeyboardEvent): boolean {
  if (locked.value || panel.value || !onDuty.value || isLost.value) return false;
  const c = searched(e);
  if (c !== undefined) {
    if (ending.value) return true;
    rowNo.value = undefined;
    setQuery(query.value + c);
    return true;
  }
  const move = e.altKey || e.ctrlKey || e.metaKey ? undefined : MOVES[e.code];
  move?.();
  return move !== undefined;
}

/** In the search field letters are the field's; the rest is as on the work area. */
function searchKey(e: KeyboardEvent): boolean {
  if (e.code === "ArrowDown" || e.code === "ArrowUp") {
    moveChoice(e.code === "ArrowDown" ? 1 : -1);
    return true;
  }
  if (e.key === "Enter" || e.key === "Escape") {
    typing.value = false;
    document.querySelector<HTMLElement>("[data-desk]")?.focus();
    return e.key === "Enter" ? act("enter") : act("escape");
  }
  return false;
}

/** Escape leaves a field before it does anything else. */
function leaveField(at: Element): void {
  if (at instanceof HTMLElement) at.blur();
  document.querySelector<HTMLElement>("[data-desk]")?.focus();
}

export function onKey(e: KeyboardEvent): void {
  const at = e.target as Element;
  const field = at.matches(FIELD);
  // In a field the input method comes first. The work area isn't editable: there the code tells,
  // whatever the method makes of the key.
  if (e.defaultPrevented || e.isComposing || (field && e.key === "Process")) return;
  if (at.matches("[data-takes-keys]")) return;
  let used: boolean;
  if (at.matches("[data-search]")) used = searchKey(e) || special(e);
  else used = handle(e, at, field);
  if (used) e.preventDefault();
}

/** What works in the search field as everywhere: F keys and keys with Alt. */
function special(e: KeyboardEvent): boolean {
  const action = actionOf(e, true);
  return action ? run(action) : false;
}

function run(action: NonNullable<ReturnType<typeof actionOf>>): boolean {
  if (action in ASKED) {
    ASKED[action as keyof typeof ASKED]();
    return true;
  }
  return act(action);
}

function handle(e: KeyboardEvent, at: Element, field: boolean): boolean {
  const action = actionOf(e, field);
  if (field && action === "escape" && !panel.value) {
    leaveField(at);
    return true;
  }
  // a focused button is pressed by Enter, as everywhere
  if (action === "enter" && at.matches("button, a, summary") && at.matches(":focus-visible"))
    return false;
  if (action) return run(action);
  return field ? false : plainKey(e);
}

function announceArrivals(): () => void {
  return effect(() => {
    const call = arrived.value;
    if (!call) return;
    untracked(() => {
      if (locked.value || !onDuty.value) return;
      announce("arrival", whoWaits());
      if (inHand.value) sound.tick();
    });
  });
}

function announceCall(): () => void {
  let before = "";
  return effect(() => {
    const call = inHand.value;
    const p = phase.value;
    const key = call ? `${call.no} ${p} ${call.outcome}` : "";
    const isBetween = !call && isTakingNext.value;
    untracked(() => {
      if (key === before || isBetween) return;
      const had = before !== "";
      before = key;
      if (!call) {
        if (had) announce("call", line(t("console.desk.voice.free"), next.value && whoWaits()));
        return;
      }
      const state = t(`console.desk.phase.${p ?? "talk"}`);
      const what = p === "outcome" ? line(targetName(call), outcomeWord(call)) : targetName(call);
      announce(
        "call",
        p === "talk"
          ? line(state, whoFrom(call))
          : line(state, what, t(`console.desk.hint.${p ?? "talk"}`)),
      );
    });
  });
}

/** The three have done their work once the private line has ended: what follows is shown. */
function endScreening(): () => void {
  let before = phase.value;
  return effect(() => {
    const now = phase.value;
    untracked(() => {
      const asked = before === "asking" || before === "consult";
      before = now;
      if (asked && now === "outcome" && form.value?.kind === "screening") closeForm();
    });
  });
}

/** Search speaks after a pause: who is chosen, and of how many. */
function announceSearch(): () => void {
  let timer = 0;
  const stop = effect(() => {
    const e = chosen.value;
    const q = query.value;
    window.clearTimeout(timer);
    if (!e && !q) return;
    timer = window.setTimeout(() => {
      const n = listed.value.total;
      const dial = listed.value.dial;
      if (dial) announce("search", t("console.desk.dial_this", { number: dial }));
      else if (e) announce("search", line(entryLine(e), t("console.desk.found", { n })));
      else announce("search", t("console.desk.group.none"));
    }, SEARCH_PAUSE_MS);
  });
  return () => {
    window.clearTimeout(timer);
    stop();
  };
}

function announceState(): () => void {
  let before = "";
  return effect(() => {
    const state = isLost.value ? "lost" : (mine.value?.state ?? "off");
    untracked(() => {
      if (before && before !== state)
        announce("connection", t(`console.desk.voice.state.${state}`));
      before = state;
    });
  });
}

/** Rings while somebody waits and the hands are free; ticks go with arrivals. */
function ringing(): () => void {
  return effect(() => {
    const waits = [...calls.value.values()].some(
      (c) => c.bay === "ringing" && c.ringing.includes(myNo.value ?? 0),
    );
    sound.ring(waits && !inHand.value && onDuty.value && !isLost.value);
  });
}

/** A page that was loaded anew while its operator is on duty takes the sound up again, once. */
function soundAgain(): () => void {
  let tried = false;
  return effect(() => {
    const state = mine.value?.state ?? "off";
    if (tried || state === "off" || read("sound") === "phone") return;
    tried = true;
    untracked(() => void connectAgain());
  });
}

/** The headset's own key: taken up it answers, put down it is the key for hanging up. */
function hookKey(): () => void {
  const moved = (off: boolean) => {
    if (off && !inHand.value) act("enter");
    if (!off && inHand.value) act("hang_up");
  };
  hookCalls.add(moved);
  return () => hookCalls.delete(moved);
}

export function startDesk(): () => void {
  listenTo(() => headset.value.hears());
  const stops = [
    announceArrivals(),
    announceCall(),
    endScreening(),
    announceSearch(),
    announceState(),
    ringing(),
    soundAgain(),
    hookKey(),
    effect(() => {
      if (inHand.value) untracked(reopen);
      else ending.value = false;
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    sound.ring(false);
    hush();
  };
}
