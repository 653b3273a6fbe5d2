/** The sample's telephone that this page is: kept alive by asking after it. */
import { effect, signal } from "@preact/signals";
import type { components } from "../../generated/schema";
import { ask, Refusal, send } from "../api/client";
import { Handset } from "../sound/headset";

export type Phone = components["schemas"]["SamplePhone"];
const PATH = "/api/v1/sample/phones";
const POLL_MS = 500;

export const phone = signal<Phone | undefined>(undefined);
/** What went wrong last: a text of the server's, or a key of lang/. */
export const wrong = signal("");
/** False where there is no sample company. */
export const possible = signal(true);

let token = "";
let timer = 0;
export const handset = signal<Handset | undefined>(undefined);

// A held line is silent both ways, as a telephone's is.
effect(() => handset.value?.mute(phone.value?.held === true));

function tell(e: unknown): void {
  if (!(e instanceof Refusal)) throw e;
  wrong.value = e.error.text || "console.offline";
}

async function poll(): Promise<void> {
  const mine = token;
  if (!mine) return;
  try {
    const found = await ask<Phone>("GET", `${PATH}/${mine}`);
    if (mine === token) phone.value = found;
  } catch (e) {
    if (e instanceof Refusal && e.status === 404 && mine === token) void putAway();
  }
  if (mine === token) timer = window.setTimeout(() => void poll(), POLL_MS);
}

export async function takePhone(as: string, number: string): Promise<void> {
  wrong.value = "";
  try {
    const found = await ask<Phone>("POST", PATH, { as, number });
    token = found.token ?? "";
    phone.value = found;
  } catch (e) {
    if (e instanceof Refusal && e.status === 404) possible.value = false;
    return tell(e);
  }
  void poll();
  handset.value = new Handset(`${PATH}/${token}/sound`);
  try {
    await handset.value.connect();
  } catch {
    // the page says why; the telephone can ring and be answered all the same
  }
}

export async function putAway(): Promise<void> {
  const mine = token;
  token = "";
  window.clearTimeout(timer);
  phone.value = undefined;
  const old = handset.value;
  handset.value = undefined; // another may be taken up before this one has said good-bye
  await old?.disconnect();
  if (mine) await send("DELETE", `${PATH}/${mine}`).catch(() => undefined);
}

export async function act(act: string, more: Partial<Record<string, string>> = {}): Promise<void> {
  wrong.value = "";
  try {
    phone.value = await ask<Phone>("POST", `${PATH}/${token}/act`, { act, ...more });
  } catch (e) {
    tell(e);
  }
}

/** A page that closes hangs up. */
export function hangUpWithPage(): void {
  window.addEventListener("pagehide", () => {
    if (token) void fetch(`${PATH}/${token}`, { method: "DELETE", keepalive: true });
  });
}
