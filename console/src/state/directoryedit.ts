/**
 * The directory's three tables as GAD edits them. A row is its columns by name, as the export and
 * the import have them (src/records/directory.h); references are ids.
 */
import { signal } from "@preact/signals";
import type { components } from "../../generated/schema";
import { ask, type ApiError, send } from "../api/client";
import { spells } from "../desk/search";
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
    "mail",
    "wecom",
    "dingtalk",
    "feishu",
    "webhook",
    "deliver",
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
    "mail",
    "robot",
    "webhook",
    "deliver",
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

/** A new extension's password is told once. */
export const addRow = (file: TableName, cells: Row) =>
  ask<{ id: string; password?: string }>("POST", `/api/v1/${file}`, cells);
export const changeRow = (file: TableName, id: string, cells: Row) =>
  ask<unknown>("PUT", `/api/v1/${file}/${id}`, cells);
export const removeRow = (file: TableName, id: string) =>
  ask<undefined>("DELETE", `/api/v1/${file}/${id}`);
/** Its own reading and the others that it is found by. */
export async function readingsIn(file: TableName, id: string): Promise<string[]> {
  const entry = await ask<{ reading?: string; other_readings?: string[] }>(
    "GET",
    `/api/v1/${file}/${id}`,
  );
  return [entry.reading ?? "", ...(entry.other_readings ?? [])].filter(Boolean);
}

/** zhang1 san1 feng1: a syllable a word, each with its tone. */
export const readingsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[\n;\uff1b]/)
    .map((r) => r.trim().replace(/\s+/g, " "))
    .filter(Boolean);
export const setReadings = (file: TableName, id: string, readings: readonly string[]) =>
  ask<undefined>("PUT", `/api/v1/${file}/${id}/reading`, { readings });
export const setAbsence = (id: string, until_ms: number, word: string) =>
  ask<undefined>("PUT", `/api/v1/people/${id}/absence`, { until_ms, word });
export const endAbsence = (id: string) => ask<undefined>("DELETE", `/api/v1/people/${id}/absence`);

type Json = Record<string, unknown> | null;
export type Change = components["schemas"]["Change"];
export async function historyOf(file: TableName, id: string): Promise<Change[]> {
  const q = new URLSearchParams({ what: WHAT[file], item: id });
  return (await ask<{ items: Change[] }>("GET", `/api/v1/history?${q.toString()}`)).items;
}

const shown = (v: unknown): string => {
  if (v === undefined || v === null) return "";
  return typeof v === "string" ? v : JSON.stringify(v);
};

/** Cell by cell; a row that came or went has one side only. */
export function differences(c: { before: Json; after: Json }) {
  const [before, after] = [c.before ?? {}, c.after ?? {}];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((column) => ({ column, before: shown(before[column]), after: shown(after[column]) }))
    .filter((d) => d.before !== d.after && d.column !== "id");
}

type Schemas = components["schemas"];
export type ImportError = Schemas["EntryError"];
export type Difference = Schemas["DirectoryChange"];
export type Preview = Schemas["DirectoryPreview"];
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
export const errorsOf = (e: ApiError): readonly ImportError[] => e.errors ?? [];

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
    letters.some((l) => spells(l.replace(/\d/g, "").split(" ").filter(Boolean), plain))
  );
}
