/** Where a call in hand is in Article 4, read off what the server tells of it. Pure. */
import type { DeskCall } from "../api/desk";

export type Phase =
  | "talk" // operator and caller together, nobody asked for yet
  | "trying" // a target's phone rings while the operator still speaks
  | "outcome" // the target wasn't reached: what now
  | "screening" // for the general manager: the three are asked
  | "asking" // his phone rings, the caller has music
  | "consult" // he is on the private line
  | "three" // conference
  | "complaint"
  | "served" // the slip is kept, the number told: goodbye
  | "recording"; // the caller speaks a message

export function isOutcome(call: DeskCall): boolean {
  return call.outcome !== "none" && call.outcome !== "answered";
}

const ABSENT = ["no_answer", "unreachable", "away"];
/** GAD's manager in the general manager's place: who is busy or declines isn't absent (A4.1.3). */
export function hasStandIn(call: DeskCall): boolean {
  return call.reached === "general_manager" && ABSENT.includes(call.outcome);
}

/** The clause that says what follows for this target. */
export function clauseOf(call: DeskCall): string {
  if (["general_manager", "gad_manager_gm"].includes(call.reached)) return "A4.1.3";
  return ["chairman", "secretary"].includes(call.reached) ? "A4.1.4" : "A4.1.2";
}

/** What a caller has got who needs nobody any more, by the step that says so. */
const SERVED = { message_kept: "message", told: "told" } as const;
export type Served = (typeof SERVED)[keyof typeof SERVED];
const ELSE =
  /^(target|connected|consult|complaint|customer_service|gad|secretary|pulled_back|waiting)/;

/** Undefined: nothing yet, or something else was begun since. */
export function servedBy(call: DeskCall): Served | undefined {
  for (const { step } of [...call.steps].reverse()) {
    if (step in SERVED) return SERVED[step as keyof typeof SERVED];
    if (ELSE.test(step)) return undefined;
  }
  return undefined;
}

/** A phone rings, or is waited for, while the operator has the caller. */
const TRYING = ["target", "wait", "dial", "trunk"];
const RECORDING = ["record", "review", "keep"];

/** `state` is the exchange's own (src/exchange/call.c). */
export function phaseOf(call: DeskCall): Phase {
  if (RECORDING.includes(call.state)) return "recording";
  if (call.state === "three") return "three";
  if (call.state === "consult") return call.consulted ? "consult" : "asking";
  if (TRYING.includes(call.state)) return "trying";
  if (servedBy(call)) return "served";
  if (call.complaint) return "complaint";
  if (call.target && isOutcome(call)) return "outcome";
  return "talk";
}

export interface StepMark {
  mark: "done" | "now" | "next";
  /** `console.desk.step.<name>`. */
  name: string;
  clause: string;
}

type Row = [name: string, clause: string];
/** The procedure of each phase, and which of its steps is the current one. */
const PROCEDURE: Record<
  | Exclude<Phase, "served">
  | ("asked" | "secretary" | "ready" | "to_secretary" | "message" | "next" | "past")
  | ("telling" | "served_message" | "served_told"),
  [Row[], number]
> = {
  next: [
    [
      ["greet", "A4.1.1"],
      ["ask", "A4.1.2–4.1.7"],
      ["finish", "A3.7"],
    ],
    0,
  ],
  past: [
    [
      ["three_rings", "A4.1.1"],
      ["attendant", "A4.2"],
      ["listing", "A4.2"],
      ["take_back", "A4.1.1"],
    ],
    2,
  ],
  talk: [
    [
      ["greet", "A4.1.1"],
      ["ask", "A4.1.2–4.1.7"],
      ["finish", "A3.7"],
    ],
    1,
  ],
  ready: [
    [
      ["greet", "A4.1.1"],
      ["wants", "A4.1.2"],
      ["through", "A4.1.2"],
      ["connected", "A4.1.2"],
    ],
    2,
  ],
  to_secretary: [
    [
      ["greet", "A4.1.1"],
      ["wants", "A4.1.4"],
      ["to_secretary", "A4.1.4"],
      ["connected", "A4.1.4"],
    ],
    2,
  ],
  telling: [
    [
      ["greet", "A4.1.1"],
      ["asks_number", "A4.1.5"],
      ["tell", "A4.1.5"],
      ["goodbye", "house"],
    ],
    2,
  ],
  served_told: [
    [
      ["greet", "A4.1.1"],
      ["asks_number", "A4.1.5"],
      ["tell", "A4.1.5"],
      ["goodbye", "house"],
    ],
    3,
  ],
  served_message: [
    [
      ["wants_message", "A4.1.2"],
      ["write_read", "A5.7"],
      ["deliver", "A3.8"],
      ["goodbye", "house"],
    ],
    3,
  ],
  trying: [
    [
      ["greet", "A4.1.1"],
      ["wants", "A4.1.2"],
      ["through", "A4.1.2"],
      ["rings", "A4.1.2"],
    ],
    3,
  ],
  outcome: [
    [
      ["greet", "A4.1.1"],
      ["through", "A4.1.2"],
      ["outcome", "A4.1.2"],
      ["what_now", "A4.1.2"],
    ],
    3,
  ],
  asked: [
    [
      ["greet", "A4.1.1"],
      ["three", "A4.1.3"],
      ["outcome", "A4.1.3"],
      ["what_now", "A4.1.3"],
    ],
    3,
  ],
  secretary: [
    [
      ["greet", "A4.1.1"],
      ["through", "A4.1.4"],
      ["outcome", "A4.1.4"],
      ["what_now", "A4.1.4"],
    ],
    3,
  ],
  screening: [
    [
      ["greet", "A4.1.1"],
      ["three", "A4.1.3"],
      ["consult", "A4.1.3"],
      ["as_told", "A4.1.3"],
    ],
    1,
  ],
  asking: [
    [
      ["greet", "A4.1.1"],
      ["three", "A4.1.3"],
      ["consult", "A4.1.3"],
      ["as_told", "A4.1.3"],
    ],
    2,
  ],
  consult: [
    [
      ["greet", "A4.1.1"],
      ["three", "A4.1.3"],
      ["consult", "A4.1.3"],
      ["as_told", "A4.1.3"],
    ],
    2,
  ],
  three: [
    [
      ["greet", "A4.1.1"],
      ["conference", "house"],
      ["leave", "house"],
    ],
    1,
  ],
  message: [
    [
      ["outcome", "A4.1.2"],
      ["wants_message", "A4.1.2"],
      ["write_read", "A5.7"],
      ["deliver", "A3.8"],
    ],
    2,
  ],
  recording: [
    [
      ["outcome", "A4.1.2"],
      ["wants_message", "A4.1.2"],
      ["voice", "A3.8"],
      ["deliver", "A3.8"],
    ],
    2,
  ],
  complaint: [
    [
      ["greet", "A4.1.1"],
      ["complaint", "A4.1.6"],
      ["listen", "A4.1.6"],
      ["to_service", "A4.1.6"],
    ],
    2,
  ],
};

export type Procedure = keyof typeof PROCEDURE;

export function stepsOf(which: Procedure): StepMark[] {
  const [rows, now] = PROCEDURE[which];
  return rows.map(([name, clause], i) => ({
    mark: i < now ? "done" : i === now ? "now" : "next",
    name,
    clause,
  }));
}

/** Splits a sentence so that it breaks between clauses only. */
export function clausesOf(text: string): string[] {
  return text.match(/[^，。？！；、,.?!;]+[，。？！；、,.?!;]*[”"’]?\s?|.+/gu) ?? [];
}

/** The clauses of each whole sentence: it breaks between those first. */
export function sentencesOf(clauses: readonly string[]): string[][] {
  const out: string[][] = [[]];
  for (const c of clauses) {
    out[out.length - 1]?.push(c);
    if (/[。？！?!.]/u.test(c)) out.push([]);
  }
  return out.filter((s) => s.length > 0);
}

/** Width in characters of Chinese: half for what isn't. */
function widthOf(text: string): number {
  return (text.length + (text.match(/[\u2018-\u201d\u2e80-\uffef]/g)?.length ?? 0)) / 2;
}

/** Lines that the clauses fill when a line has `room` characters. */
function linesOf(sentences: readonly string[][], room: number): number {
  let lines = 1;
  let at = 0;
  const add = (w: number) => {
    if (at > 0 && at + w > room) {
      lines++;
      at = 0;
    }
    at += w;
  };
  for (const s of sentences) {
    const whole = s.reduce((sum, c) => sum + widthOf(c), 0);
    if (whole <= room) add(whole);
    else {
      if (at > 0) lines++;
      at = 0;
      s.forEach((c) => add(widthOf(c)));
      at = room; // a sentence of several lines has them to itself
    }
  }
  return lines;
}

/** How large it can be: one line of 17 characters, two of 19, or three. */
export function sizeOf(clauses: readonly string[]): "" | "two" | "three" {
  const sentences = sentencesOf(clauses);
  if (linesOf(sentences, 17) === 1 && clauses.every((c) => widthOf(c) <= 17)) return "";
  const two = linesOf(sentences, 19) <= 2 && clauses.every((c) => widthOf(c) <= 19);
  return two ? "two" : "three";
}
