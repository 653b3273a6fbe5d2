/** Requests to /api/v1, typed from api/openapi.yaml (npm run types). */
import type { components } from "../../generated/schema";
import { language } from "../text";

type Schemas = components["schemas"];
export type Me = Schemas["Me"];
export type Switchboard = Schemas["Switchboard"];
export type SwitchboardState = Schemas["SwitchboardState"];
export type Call = Schemas["Call"];
export type Step = Schemas["Step"];
export type Extension = Schemas["Extension"];
export type Trunk = Schemas["Trunk"];
export type Storage = Schemas["Storage"];
export type ApiError = Schemas["Error"]["error"];

/** A refusal of the server's, or status 0 when it wasn't reached. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly error: ApiError,
  ) {
    super(error.text);
  }
}

/** An answer that isn't a refusal. A Blob goes as it is, with its own type; all else as JSON. */
export async function send(
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
  signal: AbortSignal | null = null,
): Promise<Response> {
  const headers: Record<string, string> = { "Accept-Language": language.value, ...more };
  const raw = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = raw ? body.type : "application/json";
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : raw ? body : JSON.stringify(body),
      signal,
    });
  } catch {
    throw new Refusal(0, { code: "offline", text: "" });
  }
  if (response.ok) return response;
  const value: unknown = await response.json().catch(() => undefined);
  const error = (value as Partial<Schemas["Error"]> | undefined)?.error;
  throw new Refusal(response.status, error ?? { code: "offline", text: "" });
}

export async function ask<T>(
  method: string,
  path: string,
  body?: unknown,
  more?: Record<string, string>,
): Promise<T> {
  const response = await send(method, path, body, more);
  if (response.status === 204) return undefined as T;
  const value: unknown = await response.json().catch(() => undefined);
  if (value === undefined) throw new Refusal(response.status, { code: "offline", text: "" });
  return value as T;
}

export const signIn = (name: string, password: string) =>
  ask<Me>("POST", "/api/v1/session", { name, password });
export const showSession = () => ask<Me>("GET", "/api/v1/session");
export const signOut = () => ask<undefined>("DELETE", "/api/v1/session");
export const showSwitchboard = () => ask<Switchboard>("GET", "/api/v1/switchboard");
