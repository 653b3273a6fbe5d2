import { expect, test } from "vitest";
import { slotsEmpty, slotsWith, slotsWithout } from "../src/state/slots";

test("a call keeps its slot whatever comes and goes", () => {
  let s = slotsEmpty(3);
  for (const no of [7, 8, 9]) s = slotsWith(s, no);
  expect(s).toEqual([7, 8, 9]);
  s = slotsWithout(s, 8, 3);
  expect(s).toEqual([7, null, 9]);
  expect(slotsWith(s, 9)).toBe(s);
  expect(slotsWith(s, 10)).toEqual([7, 10, 9]);
});

test("more calls than slots are all kept", () => {
  let s = slotsEmpty(2);
  for (const no of [1, 2, 3, 4]) s = slotsWith(s, no);
  expect(s).toEqual([1, 2, 3, 4]);
  s = slotsWithout(s, 3, 2);
  expect(s).toEqual([1, 2, null, 4]);
  s = slotsWithout(s, 4, 2);
  expect(s).toEqual([1, 2]);
});
