/** Who is appointed, who is on duty now, who stands in with consent; today's instructions. */
import { signal } from "@preact/signals";
import type { components } from "../../generated/schema";
import { ask } from "../api/client";
import { listInstructions, showDesk } from "../api/desk";

type Schemas = components["schemas"];
export type Operators = Schemas["Operators"];
export type Standin = Schemas["Standin"];
export type Instruction = Schemas["Instruction"];
export type Position = Schemas["Position"];

export const operators = signal<Operators | undefined>(undefined);
export const positions = signal<readonly Position[]>([]);
export const instructions = signal<readonly Instruction[] | undefined>(undefined);

export async function loadDuty(): Promise<void> {
  const [all, desk, told] = await Promise.all([
    ask<Operators>("GET", "/api/v1/operators"),
    showDesk(),
    listInstructions(),
  ]);
  operators.value = all;
  positions.value = desk.positions;
  instructions.value = told.items;
}

export const askStandin = (standin: Schemas["StandinNew"]) =>
  ask<{ id: number }>("POST", "/api/v1/standins", standin);
export const decideStandin = (id: number, approve: boolean) =>
  ask<undefined>("POST", `/api/v1/standins/${id}/decision`, { approve });
export const giveInstruction = (instruction: Schemas["InstructionNew"]) =>
  ask<{ id: number }>("POST", "/api/v1/instructions", instruction);
export const appoint = (person: number, post: "operator" | "employee") =>
  ask<unknown>("PUT", `/api/v1/people/${person}`, { post });

export function positionOf(person: number, all: readonly Position[]): Position | undefined {
  return all.find((p) => p.person === person);
}
