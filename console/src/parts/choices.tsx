/** Language and theme: kept in this browser. */
import { keep, type Theme, theme, THEMES } from "../state/prefs";
import { type Language, language, LANGUAGE_NAMES, LANGUAGES, t, useLanguage } from "../text";

export function LanguageChoice() {
  return (
    <label class="pick">
      <span>{t("console.language")}</span>
      <select
        value={language.value}
        onChange={(e) => {
          const next = e.currentTarget.value as Language;
          keep("language", next);
          void useLanguage(next);
        }}
      >
        {LANGUAGES.map((l) => (
          <option key={l} value={l} lang={l}>
            {LANGUAGE_NAMES[l]}
          </option>
        ))}
      </select>
    </label>
  );
}

export function ThemeChoice() {
  return (
    <label class="pick">
      <span>{t("console.theme")}</span>
      <select value={theme.value} onChange={(e) => (theme.value = e.currentTarget.value as Theme)}>
        {THEMES.map((x) => (
          <option key={x} value={x}>
            {t(`console.theme.${x}`)}
          </option>
        ))}
      </select>
    </label>
  );
}
