/** Messages as the page keeps them: a list that the server has filtered, and what one says. */
import { signal } from "@preact/signals";
import type { components } from "../../generated/schema";
import { ask, Refusal, send } from "../api/client";

export type Message = components["schemas"]["Message"];
export type MessageContent = components["schemas"]["MessageContent"];
export type Delivery = components["schemas"]["Delivery"];
export type Way = components["schemas"]["DeliveryWay"];
export type Receipt = components["schemas"]["Receipt"];
interface List {
  items: Message[];
  next: string | null;
}

export const messages = signal<readonly Message[] | undefined>(undefined);
const next = signal<string | null>(null);
export const listWrong = signal<Refusal | undefined>(undefined);
export const hasMore = () => next.value !== null;

let asked = 0;

export interface Listed {
  state?: string;
  person?: string;
  department?: string;
}

function query(listed: Listed, before: string | null): string {
  const q = new URLSearchParams({ limit: "100" });
  if (listed.state) q.set("state", listed.state);
  if (listed.person) q.set("person", listed.person);
  if (listed.department) q.set("department", listed.department);
  if (before) q.set("before", before);
  return `/api/v1/messages?${q.toString()}`;
}

/** Reads the list anew, or on from where it ends. An answer that was overtaken is dropped. */
export async function listMessages(listed: Listed, more = false): Promise<void> {
  const mine = ++asked;
  try {
    const list = await ask<List>("GET", query(listed, more ? next.value : null));
    if (mine !== asked) return;
    messages.value = more ? joinMessages(messages.value ?? [], list.items) : list.items;
    next.value = list.next;
    listWrong.value = undefined;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    if (mine === asked) listWrong.value = e;
  }
}

export function joinMessages(had: readonly Message[], more: readonly Message[]): Message[] {
  const ids = new Set(had.map((m) => m.id));
  return [...had, ...more.filter((m) => !ids.has(m.id))];
}

const reasoned = (reason: string) => (reason ? `?reason=${encodeURIComponent(reason)}` : "");

export const openMessage = (id: number, reason: string) =>
  ask<MessageContent>("GET", `/api/v1/messages/${id}/content${reasoned(reason)}`);

export async function soundOf(id: number, reason: string, part: string): Promise<Blob> {
  const q = new URLSearchParams({ part, ...(reason ? { reason } : {}) });
  return (await send("GET", `/api/v1/messages/${id}/sound?${q.toString()}`)).blob();
}

export const readDelivery = (id: number) => ask<Delivery>("GET", `/api/v1/messages/${id}/delivery`);

export type Figures = components["schemas"]["DeliveryFigures"];
/** How many are late, since the first of this month. */
export function deliveryFigures(now = new Date()): Promise<Figures> {
  const from = new Date(now.getFullYear(), now.getMonth(), 1).getTime();
  return ask<Figures>("GET", `/api/v1/delivery?from_ms=${from}`);
}

/** Once more, to the addresses that the directory has now. */
export const sendAgain = (id: number) => send("POST", `/api/v1/messages/${id}/delivery`, {});

export const confirmMessage = (id: number, kind: "received" | "acted" | "told", note: string) =>
  send("POST", `/api/v1/messages/${id}/receipts`, { kind, ...(note ? { note } : {}) });

/** A name for a request, so that a repeat isn't done twice. */
export function requestName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}
