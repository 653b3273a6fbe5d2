/** Who is signed in. */
import { signal } from "@preact/signals";
import { type Me, Refusal, showSession, signIn, signOut } from "../api/client";

/** undefined: not known yet; null: nobody. */
export const me = signal<Me | null | undefined>(undefined);

export async function findSession(): Promise<void> {
  try {
    me.value = await showSession();
  } catch {
    me.value = null;
  }
}

export async function enter(name: string, password: string): Promise<void> {
  me.value = await signIn(name, password);
}

export async function leave(): Promise<void> {
  try {
    await signOut();
  } catch (e) {
    if (e instanceof Refusal && e.status === 0) return;
  }
  me.value = null;
}

export function hasDesk(who: Me): boolean {
  return who.roles.some((r) => r !== "staff");
}

export function isOperator(who: Me): boolean {
  return who.roles.includes("operator");
}
