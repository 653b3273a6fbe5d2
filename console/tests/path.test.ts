import { expect, test } from "vitest";
import type { Call } from "../src/api/client";
import { pathOf } from "../src/path";

function call(steps: [string, string][], trunk = "trunk"): Call {
  return {
    no: 1,
    org: 1,
    caller: { number: "", name: "", extension: trunk ? "" : "8312", trunk },
    dialled: "8000",
    target: { name: "", number: "" },
    state: "",
    began_ms: 0,
    since_ms: 0,
    attendant: true,
    emergency: false,
    steps: steps.map(([step, clause], i) => ({ at_ms: i, step, clause })),
  };
}
const names = (c: Call, mark: string, ended = false) =>
  pathOf(c, ended)
    .filter((s) => s.mark === mark)
    .map((s) => s.step);

test("the last step goes on, those before are done", () => {
  const c = call([
    ["arrived", "A4.2"],
    ["answered_attendant", "A4.2"],
  ]);
  expect(names(c, "done")).toEqual(["arrived"]);
  expect(names(c, "now")).toEqual(["answered_attendant"]);
  expect(names(c, "next")).toEqual(["dialled", "target_ringing", "connected"]);
});

test("the general manager is not shown as reached without consent", () => {
  const c = call([["target", "A4.1.3"]]);
  const next = names(c, "next");
  expect(next.indexOf("consent")).toBeGreaterThan(next.indexOf("consultation"));
  expect(next.indexOf("connected")).toBeGreaterThan(next.indexOf("consent"));
  for (const step of ["screening", "screened", "consultation", "consulted"])
    expect(names(call([[step, "A4.1.3"]]), "next")).toContain("consent");
  expect(names(call([["consent_refused", "A4.1.3"]]), "next")).not.toContain("connected");
});

test("the chairman's calls go to the secretary", () => {
  expect(names(call([["target", "A4.1.4"]]), "next")[0]).toBe("secretary");
});

test("an ended call has nothing to come, an unknown step neither", () => {
  expect(names(call([["target", "A4.1.2"]]), "next", true)).toEqual([]);
  expect(names(call([["something_new", "A9"]]), "next")).toEqual([]);
  expect(pathOf(call([]), false)).toEqual([]);
});

test("a call from phone to phone meets no attendant", () => {
  expect(names(call([["arrived", "house"]], ""), "next")).toEqual(["target_ringing", "connected"]);
});
