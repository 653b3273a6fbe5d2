/**
 * A call as a drawing that needs no knowledge of SIP: who did what to whom, downwards in time. Each
 * step is an arrow between two of the caller, the switchboard, the operator and whom they asked
 * for, or a mark at one of them.
 */
import type { OneRecord } from "./records";

export type Lane = "caller" | "board" | "operator" | "target";
export interface Arrow {
  from: Lane;
  to: Lane;
  /** Sound goes both ways from here. */
  joins?: boolean;
  step: string;
  clause: string;
  text: string;
  atMs: number;
}

const ORDER: readonly Lane[] = ["caller", "board", "operator", "target"];

/** `hand` is the operator while the call is in an operator's hands, else the switchboard. */
type End = Lane | "hand";
type Way = readonly [from: End, to: End];
const AT_BOARD: Way = ["board", "board"];
const WAYS: readonly (readonly [Way, string])[] = [
  [["caller", "board"], "arrived dialled operator_asked message_recorded screened"],
  [
    ["board", "caller"],
    "ringing answered_attendant announced message_asked message_kept screening waiting",
  ],
  [["operator", "caller"], "answered_operator taken_back operator_retrieved screened_form greeted"],
  [["hand", "caller"], "told"],
  [["board", "operator"], "returned"],
  [
    ["hand", "target"],
    "target target_ringing consultation secretary gad gad_manager customer_service forwarded",
  ],
  [["caller", "target"], "connected picked_up"],
  [
    ["target", "hand"],
    "consulted consent consent_refused target_busy target_no_answer target_refused" +
      " target_unreachable target_away target_closed target_vacant",
  ],
  [["operator", "operator"], "operator_held let_go pulled_back complaint operator_hung_up"],
];
const wayOfStep = new Map(
  WAYS.flatMap(([way, steps]) => steps.split(" ").map((step) => [step, way])),
);
const wayOfEnd: Record<string, Way> = {
  caller_hung_up: ["caller", "board"],
  callee_hung_up: ["target", "board"],
};

function wayOf(step: string, text: string): Way {
  return (step === "ended" ? wayOfEnd[text] : wayOfStep.get(step)) ?? AT_BOARD;
}

const TAKES = ["answered_operator", "taken_back", "operator_retrieved"];
const LEAVES = ["connected", "operator_held", "handed_over", "desk_vanished", "message_asked"];

export function sequenceOf(record: Pick<OneRecord, "steps">): { lanes: Lane[]; arrows: Arrow[] } {
  let hand: Lane = "board";
  const at = (end: End): Lane => (end === "hand" ? hand : end);
  const arrows = record.steps.map((s): Arrow => {
    const text = s.text ?? "";
    if (TAKES.includes(s.step)) hand = "operator";
    const way = wayOf(s.step, text);
    const [from, to] = [at(way[0]), at(way[1])];
    if (LEAVES.includes(s.step)) hand = "board";
    return {
      from,
      to,
      ...(s.step === "connected" ? { joins: true } : {}),
      step: s.step,
      clause: s.clause,
      // how it ended is said by the arrow
      text: s.step === "ended" ? "" : [text, s.name].filter(Boolean).join(" "),
      atMs: s.at_ms,
    };
  });
  const used = new Set<Lane>(["caller", "board", ...arrows.flatMap((a) => [a.from, a.to])]);
  return { lanes: ORDER.filter((l) => used.has(l)), arrows };
}
