/** The calls in their fixed slots: outside above inside. */
import { useRef } from "preact/hooks";
import type { Call } from "../api/client";
import { minutes, since } from "../state/clock";
import type { Slots } from "../state/slots";
import {
  calls,
  choose,
  chosen,
  inside,
  INSIDE_SLOTS,
  lostSince,
  outside,
  OUTSIDE_SLOTS,
} from "../state/switchboard";
import { t } from "../text";
import { Lamp, type LampState } from "./lamp";

/** A mobile number as it is read: 138 0000 0417. */
export function spaced(number: string): string {
  return number.replace(/^(1\d{2})(\d{4})(\d{4})$/, "$1 $2 $3");
}

export function callerName(call: Call): string {
  return call.caller.name || spaced(call.caller.number) || t("console.withheld");
}

export function lampOf(call: Call): LampState {
  if (lostSince.value !== undefined) return "unknown";
  if (call.attendant) return "attendant";
  return call.steps.some((s) => s.step === "connected") ? "busy" : "ringing";
}

function Strip({ call }: { call: Call }) {
  const last = call.steps.at(-1);
  const isChosen = chosen.value?.call.no === call.no;
  const lost = lostSince.value !== undefined;
  return (
    <button
      type="button"
      class={`strip${isChosen ? " chosen" : ""}${call.emergency ? " emergency" : ""}`}
      aria-current={isChosen}
      data-no={call.no}
      onClick={() => choose(call.no)}
    >
      <Lamp state={lampOf(call)} />
      <b class="one">{callerName(call)}</b>
      <span class="num">{lost ? "—" : minutes(since(call.began_ms))}</span>
      <span class="one m what">
        {call.emergency && <b>{t("console.emergency")} </b>}
        {last ? t(`step.${last.step}`) : ""}
        {call.target.name ? ` · ${call.target.name}` : ""}
      </span>
      <span class="clause">{last && last.clause !== "house" ? last.clause : ""}</span>
    </button>
  );
}

function Bay({ label, slots, least }: { label: string; slots: Slots; least: number }) {
  const more = slots.length - least;
  return (
    <section class="bay">
      <h3 class="up">
        {label}
        {more > 0 && <span class="num">+{more}</span>}
      </h3>
      <ul style={{ "--n": least }}>
        {slots.map((no, i) => {
          const call = no === null ? undefined : calls.value.get(no);
          return <li key={i}>{call && <Strip call={call} />}</li>;
        })}
      </ul>
    </section>
  );
}

export function Rack() {
  const nav = useRef<HTMLElement>(null);
  const move = (e: KeyboardEvent) => {
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (!step || !nav.current) return;
    const all = [...nav.current.querySelectorAll<HTMLButtonElement>("button.strip")];
    const at = all.indexOf(document.activeElement as HTMLButtonElement);
    const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
    if (!next) return;
    e.preventDefault();
    next.focus();
    next.click();
  };
  return (
    <nav id="calls" class="rack" ref={nav} aria-label={t("console.pane.calls")} onKeyDown={move}>
      <h2 class="vh">{t("console.pane.calls")}</h2>
      <Bay label={t("console.bay.outside")} slots={outside.value} least={OUTSIDE_SLOTS} />
      <Bay label={t("console.bay.inside")} slots={inside.value} least={INSIDE_SLOTS} />
    </nav>
  );
}
