/** Rows of what is so: a head, the fact, a word at the end. */
import type { ComponentChildren } from "preact";
import { minutes, since } from "../state/clock";
import { t } from "../text";
import { board, calls, myNo } from "./board";
import { Mark } from "./marks";

export interface Fact {
  head: string;
  text: ComponentChildren;
  tail?: string | undefined;
}
/** `whole`: what is to be said, so not cut off. */
export function Facts({ rows, whole }: { rows: readonly Fact[]; whole?: boolean }) {
  return (
    <ul class="facts">
      {rows.map((r, i) => (
        <li key={i}>
          <span class={whole ? "q" : "q one"}>{r.head}</span>
          <span class={whole ? undefined : "one"}>{r.text}</span>
          <span class="m">{r.tail}</span>
        </li>
      ))}
    </ul>
  );
}

/** Free, in a call, or neither. */
function PositionMark({ state, busy }: { state: string; busy: boolean }) {
  if (busy) return <Mark name="square" tone="busy" />;
  return state === "on" ? <Mark name="disc" tone="idle" /> : <Mark name="hole" tone="unknown" />;
}

/** Who else answers: the other desks, and the attendant while it has calls. */
export function alsoAnswering(): Fact[] {
  const others = (board.value?.positions ?? []).filter((p) => p.no !== myNo.value);
  const rows = others.map((p): Fact => {
    const call = p.call === null ? undefined : calls.value.get(p.call);
    return {
      head: t("console.desk.position", { n: p.no }),
      text: (
        <>
          <PositionMark state={p.state} busy={p.call !== null} /> {p.name}
        </>
      ),
      tail:
        p.call === null
          ? t(`console.desk.at.${p.state}`)
          : `${t("console.lamp.busy")} ${call ? minutes(since(call.since_ms)) : ""}`,
    };
  });
  const taken = [...calls.value.values()].filter((c) => c.bay === "attendant").length;
  if (taken)
    rows.push({
      head: t("console.desk.attendant"),
      text: (
        <>
          <Mark name="square" tone="over" /> {t("console.desk.attendant.has", { n: taken })}
        </>
      ),
      tail: "A4.1.1",
    });
  return rows;
}

/** While others wait it matters more who answers them than what this call will do. */
export function Waiting() {
  const rows = alsoAnswering();
  return (
    <>
      <h3>{t("console.desk.answering")}</h3>
      {rows.length ? <Facts rows={rows} /> : <p class="m">{t("console.desk.answering.nobody")}</p>}
    </>
  );
}
