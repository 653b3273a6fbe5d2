/** The directory as a whole: who can be picked for something. */
import { computed, signal } from "@preact/signals";
import { type Entry, showDirectory, type Target } from "../api/desk";
import type { Pick } from "../parts/picker";
import { type Index, indexOf, search } from "../desk/search";

export const entries = signal<readonly Entry[] | undefined>(undefined);
let index: Index = [];

export async function loadEntries(): Promise<void> {
  const all = await showDirectory();
  index = indexOf(all.entries, Date.now(), all.titles);
  entries.value = all.entries;
}

const byKey = computed(
  () => new Map<string, Entry>((entries.value ?? []).map((e) => [`${e.kind}:${e.id}`, e])),
);
export function entryOf(kind: Entry["kind"], id: number | string): Entry | undefined {
  return byKey.value.get(`${kind}:${id}`);
}

export function pickOf(e: Entry): Pick {
  const more = [e.kind === "person" && e.department, e.title, e.number].filter(Boolean).join(" ");
  return { value: `${e.kind}:${e.id}`, text: e.name, more };
}

const NEAREST = 8;

export function picksFor(typed: string, kind?: Entry["kind"]): Pick[] {
  const found = search(index, typed).hits.map((h) => h.entry);
  return found
    .filter((e) => !kind || e.kind === kind)
    .slice(0, NEAREST)
    .map(pickOf);
}

/** {person: 4} or {department: 4}, as the API takes a target. */
export function targetOf(value: string): Target {
  const [kind, id] = value.split(":");
  if (kind === "person") return { person: Number(id) };
  return kind === "department" ? { department: Number(id) } : {};
}
