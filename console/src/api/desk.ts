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

/** One line of the directory. */
export type Entry = Schemas["DirectoryEntry"];
export type Reading = Schemas["Reading"];
export type Directory = Schemas["Directory"];
/** A leader's word of the day. */
export type Instruction = Schemas["Instruction"];
export type Card = Schemas["Card"];
export type Cards = Schemas["Cards"];
export type Slip = Schemas["Slip"];

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
export const addInstruction = (instruction: Schemas["InstructionNew"]) =>
  ask<{ id: number }>("POST", "/api/v1/instructions", instruction);
export const dropInstruction = (id: number) =>
  ask<undefined>("DELETE", `/api/v1/instructions/${id}`);
export const sendMessage = (message: Slip, key: string) =>
  ask<{ id: number }>("POST", "/api/v1/messages", message, { "Idempotency-Key": key });
export const keepTold = (told: Schemas["ToldNew"]) =>
  ask<{ id: number }>("POST", "/api/v1/told", told);
export const listUnheard = () =>
  ask<{ items: Schemas["Message"][] }>("GET", "/api/v1/messages?state=unheard&limit=3");
