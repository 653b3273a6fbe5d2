/**
 * Fixed places for calls: a call keeps its slot until it ends, a new one takes the next free. So
 * nothing moves when a call arrives; what doesn't fit is counted.
 */
export type Slots = readonly (number | null)[];

export function slotsWith(slots: Slots, no: number): Slots {
  if (slots.includes(no)) return slots;
  const free = slots.indexOf(null);
  if (free < 0) return [...slots, no];
  return slots.map((s, i) => (i === free ? no : s));
}

/** Empties the slot; places beyond `least` that are empty at the end go. */
export function slotsWithout(slots: Slots, no: number, least: number): Slots {
  const next = slots.map((s) => (s === no ? null : s));
  while (next.length > least && next.at(-1) === null) next.pop();
  return next;
}

export function slotsEmpty(least: number): Slots {
  return Array<null>(least).fill(null);
}
