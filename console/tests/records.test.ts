import { expect, test } from "vitest";
import { clockOf, dayOf, monthBeside, percent, recordsQuery, spanOf } from "../src/state/records";
import { sequenceOf } from "../src/state/sequence";

test("a month and a day span what they say", () => {
  expect(new Date(spanOf("2026-02").to).toDateString()).toBe("Sun Mar 01 2026");
  const day = spanOf("2026-10-31");
  expect(new Date(day.from).getDate()).toBe(31);
  expect(dayOf(day.to)).toBe("2026-11-01");
  expect(monthBeside("2026-01", -1)).toBe("2025-12");
  expect(monthBeside("2026-12", 1)).toBe("2027-01");
  const now = new Date(2026, 10, 30).getTime();
  expect(spanOf("<script>", now).from).toBe(new Date(2026, 10, 1).getTime());
});

test("filters stand in the question; digits are searched without what divides them", () => {
  const q = recordsQuery({ from: 1, to: 2 }, { q: "138 0000-1", mark: "busy", view: "figures" });
  expect(q.get("text")).toBe("13800001");
  expect(q.get("mark")).toBe("busy");
  expect(q.has("view")).toBe(false);
  expect(recordsQuery({ from: 1, to: 2 }, { q: " 王 先生 " }).get("text")).toBe("王 先生");
});

test("shares and times", () => {
  expect(percent(1862, 1938)).toBe("96.1");
  expect(percent(0, 0)).toBe("–");
  expect(clockOf(185_000)).toBe("3:05");
  expect(clockOf(3_729_000)).toBe("1:02:09");
});

test("a call is drawn by who did what to whom", () => {
  const step = (name: string, text = "") => ({ at_ms: 1, step: name, clause: "house", text });
  const { lanes, arrows } = sequenceOf({
    steps: [
      step("arrived", "8000"),
      step("answered_operator"),
      step("target"),
      step("let_go"),
      step("connected"),
      step("target_busy"),
      step("ended", "callee_hung_up"),
    ],
  });
  expect(lanes).toEqual(["caller", "board", "operator", "target"]);
  expect(arrows.map((a) => `${a.from}>${a.to}`)).toEqual([
    "caller>board",
    "operator>caller",
    "operator>target",
    "operator>operator",
    "caller>target",
    "target>board", // the operator has let go
    "target>board",
  ]);
  expect(arrows[4]?.joins).toBe(true);
  expect(arrows[6]?.text).toBe("");
  expect(sequenceOf({ steps: [step("arrived"), step("ended", "caller_hung_up")] }).lanes).toEqual([
    "caller",
    "board",
  ]);
});
