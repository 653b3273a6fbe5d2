/**
 * A call's path through Article 4: what was done, what is going on, and what the procedure has next
 * when all goes well. The server alone decides; this only draws.
 */
import type { Call, Step } from "./api/client";

export type PathMark = "done" | "now" | "next";
export interface PathStep {
  mark: PathMark;
  step: string;
  clause: string;
  atMs: number | undefined;
  text: string;
}

const THROUGH = ["target_ringing", "connected"];
const SCREENED = ["screened", "consultation", "consulted", "consent", "connected"];
const MESSAGE = ["message_asked", "message_recorded", "message_kept"];

const NEXT: Record<string, readonly string[]> = {
  ringing: ["answered_attendant", "dialled", ...THROUGH],
  answered_attendant: ["dialled", ...THROUGH],
  announced: ["dialled", ...THROUGH],
  nothing_dialled: ["dialled", ...THROUGH],
  wrong_number: ["dialled", ...THROUGH],
  dialled: THROUGH,
  enquiry: ["told", ...THROUGH],
  told: THROUGH,
  target: THROUGH,
  target_ringing: ["connected"],
  screening: SCREENED,
  screened: SCREENED.slice(1),
  consultation: SCREENED.slice(2),
  consulted: SCREENED.slice(3),
  consent: SCREENED.slice(4),
  consent_refused: MESSAGE,
  secretary: THROUGH,
  gad: THROUGH,
  gad_manager: THROUGH,
  customer_service: THROUGH,
  waiting: ["connected"],
  wait_over: MESSAGE,
  target_busy: MESSAGE,
  target_no_answer: MESSAGE,
  target_refused: MESSAGE,
  target_unreachable: MESSAGE,
  target_away: MESSAGE,
  target_closed: MESSAGE,
  message_asked: MESSAGE.slice(1),
  message_recorded: MESSAGE.slice(2),
};

function expected(call: Call, last: Step): readonly string[] {
  if (last.step === "arrived") return call.caller.trunk ? (NEXT.ringing ?? []) : THROUGH;
  if (last.step === "target" && last.clause === "A4.1.3") return ["screening", ...SCREENED];
  if (last.step === "target" && last.clause === "A4.1.4") return ["secretary", ...THROUGH];
  return NEXT[last.step] ?? [];
}

export function pathOf(call: Call, ended: boolean): PathStep[] {
  const steps = call.steps.map((s, i): PathStep => {
    const last = i === call.steps.length - 1 && !ended;
    return {
      mark: last ? "now" : "done",
      step: s.step,
      clause: s.clause,
      atMs: s.at_ms,
      text: [s.text, s.name].filter(Boolean).join(" "),
    };
  });
  const last = call.steps.at(-1);
  if (!last || ended) return steps;
  const clause = last.clause;
  for (const step of expected(call, last))
    steps.push({ mark: "next", step, clause, atMs: undefined, text: "" });
  return steps;
}
