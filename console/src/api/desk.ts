/** The operator's desk: its requests and their types. */
import type { components } from "../../generated/schema";
import { ask } from "./client";

type Schemas = components["schemas"];
export type Desk = Schemas["Desk"];
export type DeskState = Schemas["DeskState"];
export type DeskFigures = Schemas["DeskFigures"];
export type DeskCall = Schemas["DeskCall"];
export type DeskTarget = Schemas["DeskTarget"];
export type Position = Schemas["Position"];
export type Draft = Schemas["Draft"];
export type DraftField = Schemas["DraftField"];
export type DraftEvent = Schemas["DraftEvent"];
export type Command = Schemas["DeskCommand"];
export type What = Command["what"];
export type Duty = Schemas["DeskDuty"];
export type Summary = Schemas["DeskSummary"];
export type Target = NonNullable<Command["target"]>;

/** One line of the directory, as GET /directory tells it. */
export interface Entry {
  kind: "person" | "department";
  id: number;
  name: string;
  readings: { full: string; initials: string }[];
  title: string;
  department: string;
  number: string;
  post: string;
  reach: "straight" | "screened" | "secretary" | "department" | "none";
  disclosure: "all" | "inside" | "none";
  disclosure_text: string;
  away_until_ms: number | null;
  /** The secretary's and the deputy's person, or null. */
  secretary: number | null;
  deputy: number | null;
  uses: number;
  last_used_ms: number;
}
export interface Directory {
  version: number;
  entries: Entry[];
}

/** A leader's word of the day (今日交代). */
export interface Instruction {
  id: number;
  person: number;
  kind: "through" | "refuse";
  number?: string;
  name?: string;
  given_by: string;
  until_ms: number;
  text: string;
}

export interface Card {
  title: string;
  text: string;
  number?: string;
}
export interface Cards {
  facts: Card[];
  emergency: Card[];
  approved: Card[];
}

export interface NewMessage {
  call?: number;
  for_person?: number;
  for_department?: number;
  from_name: string;
  organisation: string;
  number: string;
  matter: string;
  urgency: "ordinary" | "today" | "urgent";
  copy_department?: number;
  declined: string[];
  voice?: boolean;
}

const draftPath = (call: number) => `/api/v1/desk/drafts/${call}`;

export const showDesk = () => ask<Desk>("GET", "/api/v1/desk");
export const setDuty = (duty: Duty) => ask<Desk>("POST", "/api/v1/desk/duty", duty);
export const sendCommand = (command: Command, key: string) =>
  ask<Schemas["DeskDone"]>("POST", "/api/v1/desk/commands", command, {
    "Idempotency-Key": key,
  });
export const keepDraft = (call: number, draft: Draft) =>
  ask<undefined>("PUT", draftPath(call), draft);
export const dropDraft = (call: number) => ask<undefined>("DELETE", draftPath(call));
export const answerBeat = (n: number) => ask<undefined>("POST", "/api/v1/desk/beat", { n });
export const showSummary = () => ask<Summary>("GET", "/api/v1/desk/summary");

export const showDirectory = () => ask<Directory>("GET", "/api/v1/directory");
export const showCards = () => ask<Cards>("GET", "/api/v1/cards");
export const listInstructions = () => ask<{ items: Instruction[] }>("GET", "/api/v1/instructions");
export const addInstruction = (instruction: Omit<Instruction, "id">) =>
  ask<{ id: number }>("POST", "/api/v1/instructions", instruction);
export const dropInstruction = (id: number) =>
  ask<undefined>("DELETE", `/api/v1/instructions/${id}`);
export const sendMessage = (message: NewMessage, key: string) =>
  ask<{ id: number }>("POST", "/api/v1/messages", message, { "Idempotency-Key": key });
export const listUnheard = () =>
  ask<{ items: Schemas["Message"][] }>("GET", "/api/v1/messages?state=unheard&limit=3");
