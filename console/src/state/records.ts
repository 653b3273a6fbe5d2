/** Call records that the server has found, the figures of a month, one call with its steps. */
import { signal } from "@preact/signals";
import type { components } from "../../generated/schema";
import { ask, Refusal, send } from "../api/client";

type Schemas = components["schemas"];
export type CallRecord = Schemas["Record"];
export type OneRecord = Schemas["RecordWithSteps"];
export type Recording = Schemas["Recording"];
export type Figures = Schemas["Figures"];
export type Sums = Schemas["Sums"];
export type By = "all" | "operator" | "department" | "line";

interface List {
  items: CallRecord[];
  next: string | null;
}

export const found = signal<readonly CallRecord[] | undefined>(undefined);
export const foundWrong = signal<Refusal | undefined>(undefined);
export const figures = signal<Figures | undefined>(undefined);
export const parted = signal<{ by: By; figures: Figures } | undefined>(undefined);
const next = signal<string | null>(null);
export const hasMore = () => next.value !== null;

/** A month as 2026-10 in the address, and the time it spans here. */
export interface Span {
  from: number;
  to: number;
}
const two = (n: number) => String(n).padStart(2, "0");

export function monthOf(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}`;
}
/** What isn't a month, or a day of one, is this month. */
export function spanOf(text: string, nowMs = Date.now()): Span {
  const m = /^(\d{4})-(\d\d)(?:-(\d\d))?$/.exec(text);
  const [year, month] = m
    ? [Number(m[1]), Number(m[2]) - 1]
    : [new Date(nowMs).getFullYear(), new Date(nowMs).getMonth()];
  if (m?.[3]) {
    const day = Number(m[3]);
    return {
      from: new Date(year, month, day).getTime(),
      to: new Date(year, month, day + 1).getTime(),
    };
  }
  return { from: new Date(year, month, 1).getTime(), to: new Date(year, month + 1, 1).getTime() };
}
export function monthBeside(text: string, by: number, nowMs = Date.now()): string {
  const d = new Date(spanOf(text, nowMs).from);
  return monthOf(new Date(d.getFullYear(), d.getMonth() + by, 1).getTime());
}
export function dayOf(ms: number): string {
  return `${monthOf(ms)}-${two(new Date(ms).getDate())}`;
}

/** The filters that stand in the address under the API's names. */
export const FILTERS = ["mark", "operator", "trunk", "department", "person", "clause", "outcome"];

/** Digits alone are the end of a number as well as the middle of one: the middle finds both. */
export function recordsQuery(span: Span, values: Record<string, string>): URLSearchParams {
  const q = new URLSearchParams({ from_ms: String(span.from), to_ms: String(span.to) });
  for (const name of FILTERS) {
    const value = values[name];
    if (value) q.set(name, value);
  }
  const text = (values.q ?? "").trim();
  if (text) q.set("text", /^[\d +-]+$/.test(text) ? text.replace(/[ +-]/g, "") : text);
  return q;
}

let asked = 0;

/** Reads the list anew, or on from where it ends. An answer that was overtaken is dropped. */
export async function findRecords(query: URLSearchParams, more = false): Promise<void> {
  const mine = ++asked;
  const q = new URLSearchParams(query);
  q.set("limit", "100");
  if (more && next.value) q.set("before", next.value);
  try {
    const list = await ask<List>("GET", `/api/v1/records?${q.toString()}`);
    if (mine !== asked) return;
    found.value = more ? [...(found.value ?? []), ...list.items] : list.items;
    next.value = list.next;
    foundWrong.value = undefined;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    if (mine === asked) foundWrong.value = e;
  }
}

export const showRecord = (no: number) => ask<OneRecord>("GET", `/api/v1/records/${no}`);

function figuresOf(span: Span, by: By, step: string): Promise<Figures> {
  const q = new URLSearchParams({
    from_ms: String(span.from),
    to_ms: String(span.to),
    by,
    step,
  });
  return ask<Figures>("GET", `/api/v1/figures?${q.toString()}`);
}

export async function readFigures(span: Span): Promise<void> {
  figures.value = await figuresOf(span, "all", "day");
}
/** By operator, department or line of the whole month; by day they are there already. */
export async function readParted(span: Span, by: By): Promise<void> {
  parted.value = { by, figures: await figuresOf(span, by, "month") };
}

/** Three parts of a whole, in percent with one decimal. */
export function percent(part: number, whole: number): string {
  return whole ? ((100 * part) / whole).toFixed(1) : "–";
}
/** 3:05; of an hour and more 1:02:09. */
export function clockOf(ms: number): string {
  const s = Math.round(ms / 1000);
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s >= 3600 ? `${Math.floor(s / 3600)}:${rest}` : rest.replace(/^0/, "");
}

/** The sound of a whole call: who listens and why is kept before it comes (A1, A5.8). */
export async function soundOfCall(no: number, id: number, reason: string): Promise<Blob> {
  const q = new URLSearchParams({ reason });
  return (await send("GET", `/api/v1/records/${no}/recordings/${id}?${q.toString()}`)).blob();
}
