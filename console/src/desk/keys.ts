/**
 * Keys. A chord is written as its `code` with Shift, Ctrl, Alt before it. Digits and letters search;
 * everything else is an action, which may have several chords and can be given others.
 */
import { signal } from "@preact/signals";
import { keep, read } from "../state/prefs";

export const ACTIONS = [
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
  "type",
  "instruct",
  "facts",
  "emergency",
  "complete",
  "told",
  "conference",
  "park",
  "hand_over",
  "remind_later",
  "repeat",
  "who_here",
  "who_waits",
  "what_say",
] as const;
export type Action = (typeof ACTIONS)[number];
export type KeyMap = Record<Action, readonly string[]>;

export const DEFAULT: KeyMap = {
  enter: ["Enter", "NumpadEnter"],
  escape: ["Escape"],
  message: ["NumpadAdd", "Equal", "Shift+Equal"],
  complaint: ["NumpadSubtract", "Minus"],
  gad: ["NumpadMultiply", "Shift+Digit8"],
  hold: ["NumpadDivide", "Slash"],
  call_back: ["NumpadDecimal", "Period"],
  hang_up: ["Delete"],
  consult: ["F8"],
  away: ["F9"],
  help: ["Shift+Slash"],
  type: ["F3"],
  instruct: ["F4"],
  facts: ["F6"],
  emergency: ["F7"],
  complete: ["Ctrl+Enter", "Ctrl+NumpadEnter"],
  told: ["Shift+F6"],
  conference: ["Shift+F8"],
  park: ["F2"],
  hand_over: ["Shift+F9"],
  remind_later: ["Shift+F2"],
  repeat: ["Alt+KeyR"],
  who_here: ["Alt+KeyH"],
  who_waits: ["Alt+KeyW"],
  what_say: ["Alt+KeyS"],
};

/** These mean the same inside a text field; the others need Alt there. */
const EVERYWHERE = new Set<Action>([
  "escape",
  "consult",
  "away",
  "type",
  "instruct",
  "facts",
  "emergency",
  "complete",
  "told",
  "conference",
  "park",
  "hand_over",
  "remind_later",
  "repeat",
  "who_here",
  "who_waits",
  "what_say",
]);

function kept(): Partial<KeyMap> {
  try {
    const all = JSON.parse(read("keys") ?? "{}") as Record<string, unknown>;
    const good = Object.entries(all).filter(
      ([k, v]) =>
        ACTIONS.some((a) => a === k) && Array.isArray(v) && v.every((x) => typeof x === "string"),
    );
    return Object.fromEntries(good);
  } catch {
    return {};
  }
}

const own = signal<Partial<KeyMap>>(kept());

export function keyMap(): KeyMap {
  return { ...DEFAULT, ...own.value };
}

/** Gives an action one key of the person's own, taken from whoever had it; none: back to default. */
export function remap(action: Action, chord: string | undefined): void {
  const next = { ...own.value };
  if (chord === undefined) Reflect.deleteProperty(next, action);
  else {
    for (const a of ACTIONS) {
      const has = { ...DEFAULT, ...next }[a];
      if (a !== action && has.includes(chord)) next[a] = has.filter((c) => c !== chord);
    }
    next[action] = [chord];
  }
  own.value = next;
  keep("keys", JSON.stringify(next));
}

export interface KeyLike {
  code: string;
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

export function chordOf(e: KeyLike): string {
  const code = e.code === "NumpadDecimal" && e.key === "Delete" ? "Delete" : e.code;
  return `${e.ctrlKey ? "Ctrl+" : ""}${e.altKey ? "Alt+" : ""}${e.shiftKey ? "Shift+" : ""}${code}`;
}

/** The action of a key; `inField`: what one types there belongs to the field. */
export function actionOf(e: KeyLike, inField: boolean): Action | undefined {
  if (e.metaKey) return undefined;
  const map = keyMap();
  const chord = chordOf(e);
  const plain = ACTIONS.find((a) => map[a].includes(chord));
  if (!inField) return plain;
  if (plain && EVERYWHERE.has(plain)) return plain;
  if (!e.altKey) return undefined;
  const without = chord.replace("Alt+", "");
  return ACTIONS.find((a) => !EVERYWHERE.has(a) && map[a].includes(without));
}

/** The character that a key searches for, whatever the layout or the input method makes of it. */
export function searched(e: KeyLike): string | undefined {
  if (e.ctrlKey || e.altKey || e.metaKey) return undefined;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(e.code)?.[1];
  if (digit !== undefined) return e.shiftKey && e.code.startsWith("Digit") ? undefined : digit;
  return /^Key([A-Z])$/.exec(e.code)?.[1]?.toLowerCase();
}

const SIGNS: Record<string, string> = {
  Enter: "Enter",
  Escape: "Esc",
  NumpadAdd: "+",
  Equal: "+",
  NumpadSubtract: "\u2212",
  Minus: "\u2212",
  NumpadMultiply: "*",
  NumpadDivide: "/",
  Slash: "/",
  NumpadDecimal: ".",
  Period: ".",
  Delete: "Del",
  "Shift+Slash": "?",
};

/** How a chord is drawn on a key. */
export function signOf(chord: string): string {
  const known = SIGNS[chord];
  if (known) return known;
  const parts = chord.split("+");
  const code = parts.pop() ?? "";
  const sign = SIGNS[code] ?? code.replace(/^(Key|Digit)/, "").replace("Numpad", "Num ");
  return [...parts, sign].join(" ");
}

export function keyOf(action: Action, inField = false): string {
  const sign = signOf(keyMap()[action][0] ?? "");
  return inField && !EVERYWHERE.has(action) ? `Alt ${sign}` : sign;
}
