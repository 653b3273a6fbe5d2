/** Half-written forms: saved while typing, shown on every page of the position, there after a reload. */
import { computed, signal } from "@preact/signals";
import { type DeskCall, type Draft, type DraftField, dropDraft, keepDraft } from "../api/desk";
import { calls, drafts, inHand } from "./board";
import { isOutcome } from "./phase";

export type FormKind = Draft["kind"];
const WAIT_MS = 400;
const RETRY_MS = 2000;

export type Saved = "no" | "saving" | "kept" | number;
/** The form that is open, and when it was last saved (page's clock). */
export const open = signal<{ call: number; kind: FormKind } | undefined>(undefined);
export const saved = signal<Saved>("no");
/** What this page has written and the server hasn't kept yet goes before what the server says. */
const own = signal<ReadonlyMap<number, Draft>>(new Map());

export const form = computed(() => {
  const o = open.value;
  if (!o || !calls.value.has(o.call)) return undefined;
  const draft = own.value.get(o.call) ?? drafts.value.get(o.call);
  return { ...o, fields: draft?.kind === o.kind ? draft.fields : {} };
});

const timers = new Map<number, number>();

function setOwn(call: number, draft: Draft | undefined): void {
  const copy = new Map(own.value);
  if (draft) copy.set(call, draft);
  else copy.delete(call);
  own.value = copy;
}

async function push(call: number): Promise<void> {
  const draft = own.value.get(call);
  if (!draft) return;
  try {
    await keepDraft(call, draft);
    if (own.value.get(call) !== draft) return; // written on meanwhile: its own timer runs
    drafts.value = new Map(drafts.value).set(call, draft);
    setOwn(call, undefined); // from here on other pages' writing shows
    saved.value = Date.now();
  } catch {
    saved.value = "no";
    if (calls.value.has(call)) later(call, RETRY_MS);
  }
}

function later(call: number, ms: number): void {
  window.clearTimeout(timers.get(call));
  timers.set(
    call,
    window.setTimeout(() => void push(call), ms),
  );
}

export function field(name: string): DraftField {
  return form.value?.fields[name] ?? { text: "", declined: false };
}

export function write(name: string, value: Partial<DraftField>): void {
  const f = form.value;
  if (!f) return;
  const fields = { ...f.fields, [name]: { ...field(name), ...value } };
  setOwn(f.call, { kind: f.kind, fields });
  saved.value = "saving";
  later(f.call, WAIT_MS);
}

/** Opens a form, filled from what is known; what was written before stays. */
export function openForm(call: DeskCall, kind: FormKind, known: Record<string, string>): void {
  const before = own.value.get(call.no) ?? drafts.value.get(call.no);
  const fields: Record<string, DraftField> = before ? { ...before.fields } : {};
  for (const [name, text] of Object.entries(known)) {
    const is = fields[name];
    if (text && (!is || (!is.text && !is.declined))) fields[name] = { text, declined: false };
  }
  setOwn(call.no, { kind, fields });
  open.value = { call: call.no, kind };
  saved.value = "saving";
  later(call.no, WAIT_MS);
}

/** After a reload the form of the call in hand is open again. */
export function reopen(): void {
  const call = inHand.value;
  if (!call || open.value?.call === call.no) return;
  const draft = drafts.value.get(call.no);
  if (!draft || (draft.kind === "screening" && isOutcome(call))) return;
  open.value = { call: call.no, kind: draft.kind };
  saved.value = "kept";
}

export function closeForm(): void {
  open.value = undefined;
}

/** The form has done its work. */
export function dropForm(call: number): void {
  window.clearTimeout(timers.get(call));
  setOwn(call, undefined);
  const copy = new Map(drafts.value);
  copy.delete(call);
  drafts.value = copy;
  if (open.value?.call === call) open.value = undefined;
  void dropDraft(call).catch(() => undefined);
}

const SCREENED = ["surname", "organisation", "matter"] as const;
export type Screened = Record<(typeof SCREENED)[number], boolean>;

/** Which of the three are answered: said, or declined. */
export const answered = computed((): Screened => {
  const f = form.value?.fields ?? {};
  const has = (name: string) => Boolean(f[name]?.text.trim()) || Boolean(f[name]?.declined);
  return { surname: has("surname"), organisation: has("organisation"), matter: has("matter") };
});
export const allAnswered = computed(() => SCREENED.every((n) => answered.value[n]));
