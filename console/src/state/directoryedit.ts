/**
 * The directory's three tables as GAD edits them. A row is its columns by name, as the export and
 * the import have them (src/records/directory.h); references are ids.
 */
import { signal } from "@preact/signals";
import { ask, type ApiError, send } from "../api/client";
import { parseCsv, recordsOf } from "./directoryedit_csv";

export const FILES = ["people", "departments", "extensions"] as const;
export type TableName = (typeof FILES)[number];
export type Row = Record<string, string>;

export const COLUMNS: Record<TableName, readonly string[]> = {
  people: [
    "name",
    "reading",
    "title",
    "department",
    "extension",
    "post",
    "secretary",
    "deputy",
    "disclosure",
  ],
  departments: [
    "name",
    "reading",
    "number",
    "strategy",
    "members",
    "hours",
    "announce",
    "disclosure",
  ],
  extensions: [
    "number",
    "user",
    "person",
    "department",
    "class",
    "call_waiting",
    "pickup_group",
    "forward_always",
    "forward_busy",
    "forward_no_answer",
    "algorithm",
  ],
};
/** Columns of which a value is one of a few words. */
export const WORDS: Record<string, readonly string[]> = {
  post: [
    "employee",
    "chairman",
    "vice_chairman",
    "general_manager",
    "gad_manager",
    "secretary",
    "operator",
  ],
  disclosure: ["all", "inside", "none"],
  strategy: ["all", "in_turn"],
  class: ["inside", "city", "national", "international"],
  algorithm: ["md5", "sha-256"],
  call_waiting: ["0", "1"],
};
/** Columns that name a row of another table. */
export const REFERS: Record<string, TableName> = {
  department: "departments",
  extension: "extensions",
  secretary: "people",
  deputy: "people",
  person: "people",
};
/** What the history calls a row. */
export const WHAT: Record<TableName, string> = {
  people: "person",
  departments: "department",
  extensions: "extension",
};

export const tables = signal<Partial<Record<TableName, readonly Row[]>>>({});

export async function loadTables(): Promise<void> {
  const read = async (file: TableName) => {
    const answer = await send("GET", `/api/v1/directory/export?file=${file}`);
    return [file, recordsOf(parseCsv((await answer.text()).replace(/^\uFEFF/, "")))] as const;
  };
  tables.value = Object.fromEntries(await Promise.all(FILES.map(read)));
}

export function rowOf(file: TableName, id: string | undefined): Row | undefined {
  return id ? tables.value[file]?.find((r) => r.id === id) : undefined;
}
/** What a row is called: a name, or an extension's number. */
export function nameOf(file: TableName, row: Row | undefined): string {
  return (file === "extensions" ? row?.number : row?.name) ?? "";
}

/** What a person wrote, without what stayed: only that is sent. */
export function changedCells(before: Row, after: Row): Row {
  return Object.fromEntries(Object.entries(after).filter(([k, v]) => v !== (before[k] ?? "")));
}

export const addRow = (file: TableName, cells: Row) =>
  ask<{ id: number }>("POST", `/api/v1/${file}`, cells);
export const changeRow = (file: TableName, id: string, cells: Row) =>
  ask<undefined>("PUT", `/api/v1/${file}/${id}`, cells);
export const removeRow = (file: TableName, id: string) =>
  ask<undefined>("DELETE", `/api/v1/${file}/${id}`);

/** zhang1 san1 feng1: a syllable a word, each with its tone. */
export const readingsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[\n;\uff1b]/)
    .map((r) => r.trim().replace(/\s+/g, " "))
    .filter(Boolean);
export const setReadings = (id: string, readings: readonly string[]) =>
  ask<undefined>("PUT", `/api/v1/people/${id}/reading`, { readings });
export const setAbsence = (id: string, until_ms: number, word: string) =>
  ask<undefined>("PUT", `/api/v1/people/${id}/absence`, { until_ms, word });
export const endAbsence = (id: string) => ask<undefined>("DELETE", `/api/v1/people/${id}/absence`);

type Json = Record<string, unknown> | string | null;
export interface Change {
  id: number;
  at_ms: number;
  by: string;
  before: Json;
  after: Json;
}
export async function historyOf(file: TableName, id: string): Promise<Change[]> {
  const q = new URLSearchParams({ what: WHAT[file], item: id });
  return (await ask<{ items: Change[] }>("GET", `/api/v1/history?${q.toString()}`)).items;
}

const cellsOf = (v: Json): Record<string, unknown> => {
  if (typeof v !== "string") return v ?? {};
  try {
    const parsed: unknown = JSON.parse(v || "{}");
    return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};
const shown = (v: unknown): string => {
  if (v === undefined || v === null) return "";
  return typeof v === "string" ? v : JSON.stringify(v);
};

/** Cell by cell; a row that came or went has one side only. */
export function differences(c: Pick<Change, "before" | "after">) {
  const [before, after] = [cellsOf(c.before), cellsOf(c.after)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((column) => ({ column, before: shown(before[column]), after: shown(after[column]) }))
    .filter((d) => d.before !== d.after && d.column !== "id");
}

export interface Entry {
  file?: TableName;
  id: number;
  name: string;
}
export interface ImportError {
  file?: string;
  line: number;
  column: string;
  text: string;
}
export interface Preview {
  added: Entry[];
  changed: (Entry & { column: string; before: string; after: string })[];
  removed: Entry[];
  kept_blank: number;
  errors?: ImportError[];
}
export interface Import {
  file: TableName;
  text: string;
  leavers: boolean;
}
export const importFile = (i: Import, apply: boolean) =>
  ask<Preview>("POST", "/api/v1/directory/import", {
    [i.file]: i.text,
    apply,
    leavers: i.leavers,
  });
/** A refused import says where: line and column of each. */
export const errorsOf = (e: ApiError & { errors?: ImportError[] }): ImportError[] => e.errors ?? [];

/** Which table a file is for, by its columns. */
export function fileOf(head: readonly string[]): TableName {
  if (head.includes("user")) return "extensions";
  return head.includes("members") || head.includes("strategy") ? "departments" : "people";
}
/** Headings in a person's own language become the columns' names. */
export function headingsOf(head: readonly string[], label: (column: string) => string): string[] {
  const names = new Map<string, string>();
  for (const column of ["id", ...FILES.flatMap((f) => COLUMNS[f])])
    names.set(label(column).toLowerCase(), column);
  return head.map((h) => {
    const plain = h.trim().toLowerCase();
    return names.get(plain) ?? plain;
  });
}

/** What a row can be found by: name, number, title, letters of its readings. Text is lower case. */
export function finds(words: readonly string[], letters: readonly string[], text: string): boolean {
  const plain = text.replace(/\s+/g, "");
  return (
    words.some((w) => w.toLowerCase().includes(text)) ||
    letters.some((l) => {
      const syllables = l.replace(/\d/g, "").split(" ").filter(Boolean);
      const initials = syllables.map((x) => x.charAt(0)).join("");
      return initials.startsWith(plain) || syllables.join("").startsWith(plain);
    })
  );
}
