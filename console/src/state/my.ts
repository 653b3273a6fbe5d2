/** What is one's own: the page of an employee. */
import { signal } from "@preact/signals";
import type { components } from "../../generated/schema";
import { ask, Refusal, send } from "../api/client";

type Schemas = components["schemas"];
export type Mine = Schemas["Mine"];
export type MyMessage = Schemas["MyMessage"];
export type MyMessageContent = Schemas["MyMessageContent"];
export type Channel = Schemas["Channel"];
export const FORWARDS = ["always", "busy", "no_answer"] as const;
export type ForwardKind = (typeof FORWARDS)[number];

export const mine = signal<Mine | undefined>(undefined);
export const mineWrong = signal<Refusal | undefined>(undefined);

export async function readMine(): Promise<void> {
  try {
    mine.value = await ask<Mine>("GET", "/api/v1/my");
    mineWrong.value = undefined;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    mineWrong.value = e;
  }
}

export const askLink = (mail: string) => send("POST", "/api/v1/session/link", { mail });

export interface Organisation {
  id: number;
  name: string;
}
export const enterByPin = (extension: string, pin: string, organisation: number) =>
  send("POST", "/api/v1/session/pin", {
    extension,
    pin,
    ...(organisation ? { organisation } : {}),
  });

export interface MyList {
  items: MyMessage[];
  next: string | null;
}
export function listMine(state: string, before: string | null): Promise<MyList> {
  const q = new URLSearchParams({ limit: "30", ...(state ? { state } : {}) });
  if (before) q.set("before", before);
  return ask<MyList>("GET", `/api/v1/my/messages?${q.toString()}`);
}
export const openMine = (id: number) =>
  ask<MyMessageContent>("POST", `/api/v1/my/messages/${id}/opening`, {});
export const soundOfMine = async (id: number) =>
  (await send("GET", `/api/v1/my/messages/${id}/sound`)).blob();
export const finishMine = (id: number, note: string) =>
  send("POST", `/api/v1/my/messages/${id}/done`, note ? { note } : {});

/** Each changes something of the page, which is then read anew. */
async function change(method: string, path: string, body?: unknown): Promise<void> {
  await send(method, `/api/v1/my/${path}`, body);
  await readMine();
}
export const goAway = (untilMs: number, word: string) =>
  change("PUT", "absence", { until_ms: untilMs, word });
export const comeBack = () => change("DELETE", "absence");
export const setForward = (kind: ForwardKind, number: string) =>
  change("PUT", "forward", { kind, number });
export const setReadings = (readings: string[]) => change("PUT", "reading", { readings });
export const setOrder = (order: Channel[]) => change("PUT", "order", { order });
export const setPin = (pin: string, old: string) =>
  change("PUT", "pin", { pin, ...(old ? { old } : {}) });
export const soundOfReading = async (text: string) =>
  (
    await send("GET", `/api/v1/my/reading/sound?${new URLSearchParams({ text }).toString()}`)
  ).blob();

/** A number as people write it, as it is dialled. */
export const dialled = (text: string) => text.replace(/[\s()（）-]/g, "");

/** Moves one of a list by one place. */
export function moved<T>(list: readonly T[], at: number, by: number): T[] {
  const to = at + by;
  const out = [...list];
  const [one] = out.splice(at, 1);
  if (one === undefined || to < 0 || to > out.length) return [...list];
  out.splice(to, 0, one);
  return out;
}
