/**
 * The rack: five bays of fixed places. A call keeps its place while others' events come; rows close
 * up only at the operator's own key. Pure.
 */
import type { DeskCall } from "../api/desk";
import { type Slots, slotsEmpty, slotsWith, slotsWithout } from "../state/slots";

export const BAYS = ["leader", "outside", "inside", "held", "returned"] as const;
export type BayName = (typeof BAYS)[number];
export const PLACES: Record<BayName, number> = {
  leader: 1,
  outside: 6,
  inside: 2,
  held: 3,
  returned: 2,
};
export type Bays = Record<BayName, Slots>;

export function emptyBays(): Bays {
  const bay = (name: BayName) => slotsEmpty(PLACES[name]);
  return {
    leader: bay("leader"),
    outside: bay("outside"),
    inside: bay("inside"),
    held: bay("held"),
    returned: bay("returned"),
  };
}

/** Where a call lies for position `mine`; undefined: in somebody's hand, or kept by a colleague. */
export function bayOf(call: DeskCall, mine: number | undefined): BayName | undefined {
  const foreign = Boolean(call.position) && call.position !== mine;
  switch (call.bay) {
    case "ringing":
    case "attendant":
      return arrivalBay(call);
    case "let_go":
    case "held":
      return foreign ? undefined : "held";
    case "parked":
      return "held";
    case "returned":
      return foreign && !call.ringing.includes(mine ?? 0) ? undefined : "returned";
    case "in_hand":
    case "long": // two others talk: told below the rack
      return undefined;
  }
}

/** The server tells a call once more when it leaves the desk: its bay is none of ours then. */
export function isOurs(call: DeskCall): boolean {
  return ON_DESK.has(call.bay);
}
const ON_DESK = new Set<string>([
  "ringing",
  "attendant",
  "in_hand",
  "let_go",
  "held",
  "parked",
  "returned",
  "long",
] satisfies DeskCall["bay"][]);

function arrivalBay(call: DeskCall): BayName {
  if (call.leader) return "leader";
  return call.caller.trunk ? "outside" : "inside";
}

/** Since when it waits, by the server's clock. */
export function waitsSince(call: DeskCall): number {
  if (call.bay === "ringing" || call.bay === "attendant")
    return call.ring_since_ms || call.began_ms;
  return call.since_ms;
}

type Calls = ReadonlyMap<number, DeskCall>;

/** The bays after `calls` have changed: who left leaves a gap, who came takes the next free place. */
export function placed(bays: Bays, calls: Calls, mine: number | undefined): Bays {
  const next = { ...bays };
  const wanted = new Map<number, BayName>();
  for (const call of calls.values()) {
    const bay = bayOf(call, mine);
    if (bay) wanted.set(call.no, bay);
  }
  for (const name of BAYS) {
    for (const no of next[name])
      if (no !== null && wanted.get(no) !== name)
        next[name] = slotsWithout(next[name], no, PLACES[name]);
  }
  const arriving = [...wanted].sort(
    ([a], [b]) => since(calls, a) - since(calls, b) || a - b, // the longest first
  );
  for (const [no, name] of arriving) next[name] = slotsWith(next[name], no);
  return next;
}

function since(calls: Calls, no: number): number {
  const call = calls.get(no);
  return call ? waitsSince(call) : 0;
}

/** The bays without gaps, the longest waiting first. */
export function closedUp(bays: Bays, calls: Calls): Bays {
  const next = { ...bays };
  for (const name of BAYS) {
    const full = next[name].filter((no) => no !== null);
    full.sort((a, b) => since(calls, a) - since(calls, b) || a - b);
    while (full.length < PLACES[name]) (full as (number | null)[]).push(null);
    next[name] = full;
  }
  return next;
}

/** Passed to the attendant after it rang at desks; it may be taken back until it is connected. */
export function isPast(call: DeskCall): boolean {
  return call.bay === "attendant" && (call.rings > 0 || call.ring_since_ms > 0);
}

function isNext(call: DeskCall, mine: number | undefined): boolean {
  const bay = bayOf(call, mine);
  if (!bay || bay === "held") return false;
  return call.bay !== "attendant" || isPast(call) || call.queued !== "no";
}

/** Whom Enter answers: leaders, then what was returned, outside before inside, the longest first. */
export function nextCall(calls: Calls, mine: number | undefined): DeskCall | undefined {
  const order: BayName[] = ["leader", "returned", "outside", "inside"];
  const rank = (c: DeskCall) => order.indexOf(bayOf(c, mine) ?? "inside");
  return [...calls.values()]
    .filter((c) => isNext(c, mine))
    .sort((a, b) => rank(a) - rank(b) || waitsSince(a) - waitsSince(b) || a.no - b.no)
    .at(0);
}

/** Everybody who has come and isn't connected yet, at the desk or with the attendant. */
export function waiting(calls: Calls): DeskCall[] {
  return [...calls.values()]
    .filter((c) => c.bay === "ringing" || c.bay === "attendant")
    .sort((a, b) => waitsSince(a) - waitsSince(b));
}
