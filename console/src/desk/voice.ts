/**
 * What is spoken to a screen reader: queued, short, never while the caller is heard speaking. A
 * newer word on the same matter takes the place of an older one that wasn't spoken yet.
 */
import { signal } from "@preact/signals";

export type Matter =
  "arrival" | "state" | "call" | "search" | "form" | "refusal" | "asked" | "connection";

const LIMIT = 6;
const KEPT = 200;
const MS_A_CHARACTER = 90;
const LEAST_MS = 700;
const PATIENCE_MS = 6000;

interface Word {
  matter: Matter;
  text: string;
  at: number;
}

/** What is being spoken, for the live region; `n` makes a repeated text a new one. */
export const spoken = signal<{ n: number; text: string }>({ n: 0, text: "" });
/** All that was spoken, oldest first: transcripts. */
export const transcript: string[] = [];

let queue: Word[] = [];
let timer = 0;
let busyUntil = 0;
let hears: () => boolean = () => false;

/** `speaking` tells whether the caller is heard just now. */
export function listenTo(speaking: () => boolean): void {
  hears = speaking;
}

function next(): void {
  window.clearTimeout(timer);
  timer = 0;
  const word = queue[0];
  if (!word) return;
  const now = performance.now();
  const wait = busyUntil - now;
  const over = hears() && now - word.at < PATIENCE_MS && word.matter !== "asked";
  if (wait > 0 || over) {
    timer = window.setTimeout(next, Math.max(wait, over ? 200 : 0));
    return;
  }
  queue.shift();
  say(word.text);
  if (queue.length) timer = window.setTimeout(next, Math.max(0, busyUntil - now));
}

function say(text: string): void {
  spoken.value = { n: spoken.value.n + 1, text };
  transcript.push(text);
  if (transcript.length > KEPT) transcript.shift();
  busyUntil = performance.now() + Math.max(LEAST_MS, text.length * MS_A_CHARACTER);
}

/** What was asked for goes first; the rest in turn. */
export function announce(matter: Matter, text: string): void {
  if (!text) return;
  queue = queue.filter((w) => w.matter !== matter);
  const word = { matter, text, at: performance.now() };
  if (matter === "asked" || matter === "refusal") {
    queue.unshift(word);
    busyUntil = 0;
  } else queue.push(word);
  while (queue.length > LIMIT) queue.shift();
  next();
}

export function repeat(): void {
  const last = transcript.at(-1);
  if (last) announce("asked", last);
}

/** Drops what isn't spoken yet: the page is left. */
export function hush(): void {
  queue = [];
  window.clearTimeout(timer);
  timer = 0;
}
