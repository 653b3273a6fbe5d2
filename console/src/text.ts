/** Texts of lang/ in the chosen language. */
import { signal } from "@preact/signals";

export const LANGUAGES = ["zh-CN", "zh-TW", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
/** Each language in its own words. */
export const LANGUAGE_NAMES: Record<Language, string> = {
  "zh-CN": "\u7b80\u4f53\u4e2d\u6587",
  "zh-TW": "\u7e41\u9ad4\u4e2d\u6587",
  en: "English",
};

const load: Record<Language, () => Promise<{ default: Record<string, string> }>> = {
  "zh-CN": () => import("virtual:lang/zh-CN"),
  "zh-TW": () => import("virtual:lang/zh-TW"),
  en: () => import("virtual:lang/en"),
};

export const language = signal<Language>("zh-CN");
const texts = signal<Record<string, string>>({});

export function languageOf(tag: string): Language | undefined {
  const low = tag.toLowerCase();
  if (/^zh-(hant|tw|hk|mo)/.test(low)) return "zh-TW";
  if (/^zh\b/.test(low)) return "zh-CN";
  return /^en\b/.test(low) ? "en" : undefined;
}

export async function useLanguage(next: Language): Promise<void> {
  texts.value = (await load[next]()).default;
  language.value = next;
  document.documentElement.lang = next;
}

/** The text of a key; `{name}` is filled from `values`. A key that isn't there is its own text. */
export function t(key: string, values?: Record<string, string | number>): string {
  const text = texts.value[key] ?? key;
  if (!values) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function has(key: string): boolean {
  return key in texts.value;
}
