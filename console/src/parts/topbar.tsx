/** The top bar; a lost connection takes its place, so that nothing moves. */
import type { ComponentChildren } from "preact";
import type { Me } from "../api/client";
import { now, timeOfDay } from "../state/clock";
import { leave } from "../state/session";
import {
  attended,
  board,
  calls,
  company,
  lostSince,
  skewMs,
  storage,
  unheard,
} from "../state/switchboard";
import { t } from "../text";
import { LanguageChoice, ThemeChoice } from "./choices";
import { Lamp } from "./lamp";
import { Ways } from "./ways";

export function Lost({ since }: { since: number }) {
  return (
    <div class="lost" role="alert">
      <Lamp state="unknown" />
      <b>{t("console.lost")}</b>
      <span class="s num" aria-hidden="true">
        {t("console.seconds", { n: Math.max(0, Math.round((now.value - since) / 1000)) })}
      </span>
      <span class="end">{t("console.lost.calls")}</span>
    </div>
  );
}

/** What the manager is told of the database and the clock; a line of its own under the top bar. */
export function Trouble() {
  const s = storage.value;
  if (!s || (s.state === "well" && s.clock_by_s === 0)) return null;
  return (
    <div class="trouble" role="status">
      <Lamp state="unknown" />
      {s.state !== "well" && (
        <>
          <b>{t(`console.storage.${s.state}`)}</b>
          <span class="num">
            {t("console.storage.since", { at: timeOfDay(s.since_ms, false) })}
          </span>
          <span>{t("console.storage.calls")}</span>
        </>
      )}
      {s.clock_by_s !== 0 && <span>{t("console.storage.clock", { n: s.clock_by_s })}</span>}
    </div>
  );
}

function State() {
  const b = board.value;
  if (!b) return <span class="state">…</span>;
  return (
    <p class={`state ${b.state}`}>
      <Lamp state={b.state === "manual" ? "idle" : "attendant"} />
      <b>{t(`console.state.${b.state}`)}</b>
      <span class="m">{t(`console.reason.${b.reason}`)}</span>
    </p>
  );
}

interface AccountProps {
  who: Me;
  ways?: boolean;
  children?: ComponentChildren;
}
export function Account({ who, ways, children }: AccountProps) {
  return (
    <details class="account">
      <summary class="btn">
        {who.display_name ?? who.name} <span aria-hidden="true">▾</span>
      </summary>
      <div class="menu">
        {children}
        <LanguageChoice />
        <ThemeChoice />
        <button type="button" class="btn" onClick={() => void leave()}>
          {t("console.sign_out")}
        </button>
        {ways && <Ways who={who} />}
      </div>
    </details>
  );
}

export function TopBar({ who, desk }: { who: Me; desk: boolean }) {
  const lost = lostSince.value;
  const figures: [string, number | undefined][] = [
    ["console.operators", board.value?.operators],
    ["console.calls", calls.value.size],
    ["console.in_hand", attended.value],
    ["console.unheard", unheard.value],
  ];
  return (
    <header class="top">
      <h1 class="one">
        {company.value || who.company || ""} {t("console.title")}
      </h1>
      {desk && <State />}
      {desk && (
        <dl>
          {figures.map(([key, n]) => (
            <div key={key}>
              <dt>{t(key)}</dt>
              <dd>{n ?? "—"}</dd>
            </div>
          ))}
        </dl>
      )}
      <div class="end">
        <time class="num">{timeOfDay(now.value + skewMs.value, false)}</time>
        <Account who={who} ways />
      </div>
      {lost !== undefined && <Lost since={lost} />}
      {desk && <Trouble />}
    </header>
  );
}
