/** The month at a glance: four figures that add up in sight, and its days as a chart. */
import type { ComponentChildren } from "preact";
import { Lamp, type LampState } from "../parts/lamp";
import { ShareChart } from "../parts/sharechart";
import { type Figures, percent } from "../state/records";
import { withParams } from "../state/route";
import { t } from "../text";

interface FigureProps {
  lamp: LampState;
  name: string;
  mark: string;
  value: string | number;
  unit: string;
  lines: readonly ComponentChildren[];
}

/** Opens the calls that it is made of. */
function Figure({ lamp, name, mark, value, unit, lines }: FigureProps) {
  return (
    <div>
      <dt>
        <Lamp state={lamp} />
        {name}
      </dt>
      <dd class="big num">
        <a href={withParams({ mark, view: "", item: "", p: "" })}>{value}</a>
        <small>{unit}</small>
      </dd>
      {lines.map((l, i) => (
        <dd key={i} class={i ? "q num" : "m num"}>
          {l}
        </dd>
      ))}
    </div>
  );
}

const seconds = (ms: number, n: number) => (n ? (ms / n / 1000).toFixed(1) : "–");
const minutes = (ms: number) => Math.max(1, Math.round(ms / 60000));

function Numbers({ figures }: { figures: Figures }) {
  const s = figures.total;
  const m = figures.messages;
  const calls = t("console.records.unit.calls");
  return (
    <dl class="figures">
      <Figure
        lamp="idle"
        name={t("console.records.within")}
        mark="within"
        value={percent(s.within, s.offered)}
        unit="%"
        lines={[
          `${s.within} ${calls}`,
          t("console.records.mean", { n: seconds(s.answer_ms, s.within) }),
        ]}
      />
      <Figure
        lamp="busy"
        name={t("figure.attendant")}
        mark="attendant"
        value={s.attendant}
        unit={calls}
        lines={[
          `${percent(s.attendant, s.offered)} %`,
          t("console.records.taken_back", { n: s.taken_back }),
        ]}
      />
      <Figure
        lamp="unreachable"
        name={t("figure.given_up")}
        mark="given_up"
        value={s.given_up}
        unit={calls}
        lines={[
          `${percent(s.given_up, s.offered)} %`,
          t("console.records.after", { n: seconds(s.given_up_ms, s.given_up) }),
        ]}
      />
      <Figure
        lamp="dnd"
        name={t("figure.messages")}
        mark="message"
        value={m.kept}
        unit={t("console.records.unit.messages")}
        lines={[
          m.heard ? t("console.records.median", { n: minutes(m.median_ms) }) : "",
          t("console.records.ninth", { n: minutes(m.ninth_ms), left: m.kept - m.heard }),
        ]}
      />
    </dl>
  );
}

export function RecordsBand({ figures, month }: { figures: Figures | undefined; month: string }) {
  if (!figures) return <section class="band" aria-busy="true" />;
  const s = figures.total;
  const parts = [s.within, s.attendant, s.given_up, s.otherwise].filter((n, i) => n > 0 || i < 3);
  return (
    <section class="band" aria-label={t("console.records.band")}>
      <Numbers figures={figures} />
      <figure>
        <figcaption>
          <b>{t("console.records.chart")}</b> %
          <span class="sum num">
            {parts.join(" + ")} = {s.offered}
          </span>
        </figcaption>
        {figures.rows.some((r) => r.sums.offered > 0) && (
          <ShareChart key={month} figures={figures} label={t("console.records.chart.label")} />
        )}
      </figure>
    </section>
  );
}
