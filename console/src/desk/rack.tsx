/** The rack: five bays, fourteen places, none of which ever moves. */
import type { DeskCall } from "../api/desk";
import { BAYS, type BayName, isPast, PLACES } from "./bays";
import { bays, calls, isLost } from "./board";
import { answerCall } from "./commands";
import { keyOf } from "./keys";
import { offers, type Place } from "./offers";
import { clockOf, isDue, spaced, who, why } from "./text";
import { locked, panel, rowNo } from "./view";
import { t } from "../text";
import { Marks } from "./marks";

/** The key that takes this row now: as the next right thing, or as a thing that may be done. */
function markOf(call: DeskCall): { key: Place; css: "next" | "may" } | undefined {
  if (isLost.value || locked.value || panel.value) return undefined;
  for (const key of ["enter", "hold"] as const) {
    const o = offers.value[key];
    if (o?.call === call.no) return { key, css: o.prime ? "next" : "may" };
  }
  return undefined;
}

function tintOf(call: DeskCall): string {
  if (isLost.value) return " stale";
  if (isPast(call)) return " past";
  if (call.bay === "ringing" && call.rings >= 3) return " third";
  return isDue(call) ? " third" : "";
}

function nameOf(call: DeskCall) {
  if (locked.value)
    return t(call.caller.trunk ? "console.desk.outside_call" : "console.desk.inside_call");
  const c = call.caller;
  // nothing but a surname is too little to tell two of them apart
  const more = c.organisation || (c.name && c.trunk ? spaced(c.number) : "");
  return (
    <>
      {who(call)} {more}
    </>
  );
}

function Strip({ call }: { call: DeskCall }) {
  const mark = markOf(call);
  return (
    <button
      type="button"
      tabIndex={-1}
      class={`ticket${tintOf(call)}${mark ? ` ${mark.css}` : ""}`}
      data-no={call.no}
      data-from={call.caller.number}
      aria-current={rowNo.value === call.no}
      aria-disabled={isLost.value || locked.value}
      onClick={() => {
        if (!isLost.value && !locked.value) void answerCall(call);
      }}
    >
      <span>
        <Marks call={call} />
        <span class="sec num">{clockOf(call)}</span>
      </span>
      <span class="one">
        <b class="who one">{nameOf(call)}</b>
        <span class="why one">{why(call)}</span>
      </span>
      {mark && <kbd class={mark.css === "next" ? "go" : undefined}>{keyOf(mark.key)}</kbd>}
    </button>
  );
}

function Bay({ name }: { name: BayName }) {
  const slots = bays.value[name];
  const more = slots.length - PLACES[name];
  return (
    <section class="pit" style={{ "--n": PLACES[name] }}>
      <h2 class="upright">
        {t(`console.desk.bay.${name}`)}
        {more > 0 && <span class="num">+{more}</span>}
      </h2>
      <ul>
        {slots.map((no, i) => {
          const call = no === null ? undefined : calls.value.get(no);
          return <li key={i}>{call && <Strip key={call.no} call={call} />}</li>;
        })}
      </ul>
    </section>
  );
}

export function DeskRack() {
  return (
    <nav class="desk-rack" aria-label={t("console.pane.calls")}>
      {BAYS.map((b) => (
        <Bay key={b} name={b} />
      ))}
    </nav>
  );
}
