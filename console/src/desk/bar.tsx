/** The desk's top bar: figures of fixed width; a lost connection takes its place. */
import { useEffect, useState } from "preact/hooks";
import type { Me } from "../api/client";
import { now, timeOfDay } from "../state/clock";
import { board, calls, held, inHand, isLost } from "./board";
import { waiting } from "./bays";
import { sound } from "./sound";
import { who as nameOf } from "./text";
import { locked, onDuty, panel } from "./view";
import { company, lostSince, skewMs } from "../state/switchboard";
import { t } from "../text";
import { Mark } from "./marks";
import { Account } from "../parts/topbar";

function State() {
  const manual = board.value?.state === "manual";
  const reason = board.value?.reason;
  return (
    <p
      class={`desk-state ${manual ? "manual" : "automatic"}`}
      title={reason ? t(`console.desk.reason.${reason}`) : undefined}
    >
      <Mark name={manual ? "disc" : "square"} tone={manual ? "idle" : "ringing"} />
      <b>{board.value ? t(`console.state.${manual ? "manual" : "automatic"}`) : "…"}</b>
    </p>
  );
}

function share(): string {
  const f = board.value?.figures;
  // a call that still rings counts when it is answered, passed on or given up
  const settled = f ? f.within_three + f.attendant + f.given_up : 0;
  return f && settled ? `${((100 * f.within_three) / settled).toFixed(1)} %` : "\u2014";
}

function Figures() {
  const f = board.value?.figures;
  const on = board.value?.positions.filter((p) => p.state === "on" || p.state === "wrap_up").length;
  const rows: [string, string | number | undefined, string][] = [
    ["on_duty", on, ""],
    ["waiting", waiting(calls.value).length, ""],
    ["within_three", share(), "wide"],
    ["held", held.value.length, "small"],
    ["returned", f?.returned, "small"],
    ["attendant", f?.attendant, ""],
  ];
  return (
    <dl>
      {rows.map(([key, value, css]) => (
        <div key={key} class={css || undefined}>
          <dt>
            {key === "within_three" && <span class="spare">{t("console.desk.figure.today")}</span>}
            {t(`console.desk.figure.${key}`)}
          </dt>
          <dd>{value ?? "\u2014"}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Of the microphone: four bars. */
function Level() {
  const [level, setLevel] = useState(0);
  useEffect(() => sound.watchLevel(setLevel), []);
  const bars = Math.round(level * 4);
  return (
    <span class="mic" role="img" aria-label={t("console.desk.headset")}>
      <span class="q spare">{t("console.desk.headset")}</span>
      <svg viewBox="0 0 40 16" aria-hidden="true">
        {[6, 10, 14, 16].map((h, i) => (
          <rect
            key={i}
            class={i < bars ? undefined : "off"}
            x={i * 9}
            y={16 - h}
            width="6"
            height={h}
          />
        ))}
      </svg>
    </span>
  );
}

function Lost() {
  const at = lostSince.value;
  if (at === undefined) return null;
  const call = inHand.value;
  return (
    <div class="desk-lost" role="alert">
      <Mark name="triangle" tone="inherit" />
      <b>{t("console.lost")}</b>
      <span class="s num" aria-hidden="true">
        {t("console.desk.seconds", { n: Math.max(0, Math.round((now.value - at) / 1000)) })}
      </span>
      <span>{t("console.desk.lost.again")}</span>
      <span class="end">
        {call ? t("console.desk.lost.music", { name: nameOf(call) }) : t("console.desk.lost.calls")}
      </span>
    </div>
  );
}

function endDuty(e: MouseEvent): void {
  (e.currentTarget as Element).closest("details")?.removeAttribute("open");
  panel.value = "off";
}

export function DeskBar({ who }: { who: Me }) {
  return (
    <div class="desk-top">
      <h1 class="one">
        {company.value || who.company || ""} {t("console.title")}
      </h1>
      <State />
      <Figures />
      <div class="end">
        {!locked.value && <Level />}
        <time class="num">{timeOfDay(now.value + skewMs.value, false)}</time>
        <Account who={who} ways>
          {onDuty.value && !isLost.value && (
            <button type="button" class="btn" onClick={endDuty}>
              {t("console.desk.off")}
            </button>
          )}
        </Account>
      </div>
      <Lost />
    </div>
  );
}
