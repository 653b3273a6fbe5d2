/** The console's quieter pages. Each is loaded when it is first shown: the desk comes first. */
import type { ComponentType } from "preact";
import type { Me } from "../api/client";
import { later } from "../parts/later";

export interface PageRow {
  path: string;
  /** Of its name in lang/. */
  key: string;
  /** Who may see it; the server decides for each request once more. */
  roles: readonly Me["roles"][number][];
  component: ComponentType;
  /** Only of somebody whom the directory has. */
  own?: boolean;
}

export const pages: readonly PageRow[] = [
  {
    path: "/messages",
    key: "console.page.messages",
    roles: ["staff", "operator", "manager", "admin"],
    component: later(async () => (await import("./messages")).Messages),
  },
  {
    path: "/records",
    key: "console.page.records",
    roles: ["staff", "operator", "manager", "admin"],
    component: later(async () => (await import("./records")).Records),
  },
  {
    path: "/directory",
    key: "console.page.directory",
    roles: ["manager"],
    component: later(async () => (await import("./directory")).Directory),
  },
  {
    path: "/duty",
    key: "console.page.duty",
    roles: ["operator", "manager"],
    component: later(async () => (await import("./duty")).Duty),
  },
  {
    path: "/greeting",
    key: "console.page.greeting",
    roles: ["operator"],
    component: later(async () => (await import("./greeting")).Greeting),
  },
  {
    path: "/my",
    key: "console.page.my",
    roles: ["staff", "operator", "manager", "admin"],
    own: true,
    component: later(async () => (await import("./my")).My),
  },
];

export function pagesOf(who: Me): PageRow[] {
  return pages.filter(
    (p) => p.roles.some((r) => who.roles.includes(r)) && (!p.own || Boolean(who.person)),
  );
}
