import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Call, Switchboard } from "../src/api/client";
import * as state from "../src/state/switchboard";

type Listener = (e: { data: string; lastEventId: string }) => void;
class FakeSource {
  static all: FakeSource[] = [];
  static CLOSED = 2;
  readyState = 1;
  onerror: (() => void) | null = null;
  private listeners = new Map<string, Listener>();
  constructor(readonly url: string) {
    FakeSource.all.push(this);
  }
  addEventListener(name: string, f: Listener) {
    this.listeners.set(name, f);
  }
  close() {
    this.readyState = FakeSource.CLOSED;
  }
  say(name: string, data: unknown, lastEventId = "") {
    this.listeners.get(name)?.({ data: JSON.stringify(data), lastEventId });
  }
}

const call = (no: number, trunk = "t"): Call => ({
  no,
  org: 1,
  caller: { number: "1", name: "", extension: "", trunk },
  dialled: "8000",
  target: { name: "", number: "" },
  state: "",
  began_ms: no,
  since_ms: 0,
  attendant: true,
  emergency: false,
  steps: [],
});
let answer: { status: number; body: unknown };
const picture = (calls: Call[]): Switchboard => ({
  company: "c",
  main_number: "8000",
  state: "automatic",
  reason: "no_operator",
  operators: 0,
  calls,
  extensions: [],
  trunks: [],
  storage: { state: "well", since_ms: 0, lost_steps: 0, clock_by_s: 0 },
  messages_unheard: 2,
  event_id: "e-5",
});

beforeEach(() => {
  vi.useFakeTimers();
  FakeSource.all = [];
  vi.stubGlobal("EventSource", FakeSource);
  vi.stubGlobal("fetch", () =>
    Promise.resolve({
      ok: answer.status === 200,
      status: answer.status,
      json: () => Promise.resolve(answer.body),
    }),
  );
  answer = { status: 200, body: picture([call(1)]) };
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});
const settle = () => vi.advanceTimersByTimeAsync(0);

test("snapshot, then events from its id on; reset reads anew", async () => {
  const stop = state.follow(() => undefined);
  await settle();
  const first = FakeSource.all.at(-1);
  expect(first?.url).toContain("after=e-5");
  expect(state.calls.value.size).toBe(1);
  first?.say("call", call(2), "e-6");
  first?.say("message", { serial: 1 }, "e-7");
  expect(state.calls.value.size).toBe(2);
  expect(state.unheard.value).toBe(3);
  first?.say("call_ended", { no: 1 }, "e-8");
  expect([...state.calls.value.keys()]).toEqual([2]);
  expect(state.chosen.value?.ended).toBe(true);
  answer = { status: 200, body: picture([call(9)]) };
  first?.say("reset", {});
  await settle();
  expect([...state.calls.value.keys()]).toEqual([9]);
  expect(FakeSource.all.length).toBe(2);
  stop();
});

test("silence is loss, and the stream is opened anew from the last event", async () => {
  const stop = state.follow(() => undefined);
  await settle();
  const first = FakeSource.all.at(-1);
  first?.say("hello", { now_ms: Date.now(), beat_ms: 5000 });
  first?.say("call", call(3), "e-9");
  expect(state.lostSince.value).toBeUndefined();
  await vi.advanceTimersByTimeAsync(14000);
  expect(state.lostSince.value).toBeDefined();
  const second = FakeSource.all.at(-1);
  expect(second).not.toBe(first);
  expect(second?.url).toContain("after=e-9");
  second?.say("hello", { now_ms: Date.now() });
  expect(state.lostSince.value).toBeUndefined();
  stop();
});

test("a network that is back is used at once, not when the old connection wakes up", async () => {
  const stop = state.follow(() => undefined);
  await settle();
  answer = { status: 200, body: picture([call(7)]) };
  window.dispatchEvent(new Event("online"));
  await settle();
  expect([...state.calls.value.keys()]).toEqual([7]);
  expect(FakeSource.all.length).toBe(2);
  stop();
  window.dispatchEvent(new Event("online"));
  await settle();
  expect(FakeSource.all.length).toBe(2);
});

test("a session that is over leads to the sign-in", async () => {
  answer = { status: 401, body: { error: { code: "sign_in", text: "x" } } };
  const over = vi.fn();
  const stop = state.follow(over);
  await settle();
  expect(over).toHaveBeenCalledOnce();
  stop();
});

test("a server that is away is asked again", async () => {
  answer = { status: 503, body: { error: { code: "unavailable", text: "x" } } };
  const stop = state.follow(() => undefined);
  await settle();
  expect(state.lostSince.value).toBeDefined();
  answer = { status: 200, body: picture([]) };
  await vi.advanceTimersByTimeAsync(2500);
  expect(state.lostSince.value).toBeUndefined();
  stop();
});
