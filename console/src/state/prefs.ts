/** What a person chose for this browser. */
import { effect, signal } from "@preact/signals";
import { type Language, languageOf, LANGUAGES } from "../text";

export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // a browser that keeps nothing still works
  }
}

export const theme = signal<Theme>(THEMES.find((x) => x === read("theme")) ?? "auto");

export function firstLanguage(): Language {
  const kept = LANGUAGES.find((l) => l === read("language"));
  return kept ?? languageOf(navigator.language) ?? "zh-CN";
}

/** Writes the theme that is meant on the document, and follows the system for `auto`. */
export function startTheme(): void {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const system = signal(dark.matches);
  dark.addEventListener("change", (e) => (system.value = e.matches));
  effect(() => {
    const meant = theme.value === "auto" ? (system.value ? "dark" : "light") : theme.value;
    document.documentElement.dataset.theme = meant;
    keep("theme", theme.value);
  });
}
