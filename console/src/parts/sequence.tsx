/** One call, drawn: lanes for who took part, an arrow a step, time and clause beside it. */
import { type Arrow, type Lane, sequenceOf } from "../state/sequence";
import type { OneRecord } from "../state/records";
import { has, t } from "../text";

const ROW = 44;
const TOP = 40;
const LEFT = 84;
const RIGHT = 72;
const WIDTH = 520;

const two = (n: number) => String(n).padStart(2, "0");
function second(ms: number): string {
  const d = new Date(ms);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
export const stepWord = (step: string) => (has(`step.${step}`) ? t(`step.${step}`) : step);

function Mark({ a, x1, x2, y }: { a: Arrow; x1: number; x2: number; y: number }) {
  if (x1 === x2) return <circle class="at" cx={x1} cy={y} r="4" />;
  const way = x2 > x1 ? 1 : -1;
  const head = (x: number, w: number) => `M${x} ${y}l${-8 * w} -5v10z`;
  return (
    <>
      <path class={a.joins ? "line joins" : "line"} d={`M${x1} ${y}H${x2}`} />
      <path class="head" d={head(x2, way) + (a.joins ? head(x1, -way) : "")} />
    </>
  );
}

function Row({ a, x, y }: { a: Arrow; x: (lane: Lane) => number; y: number }) {
  const x1 = x(a.from);
  const x2 = x(a.to);
  // the words of a mark at the last lane stand to its left, so that they stay on the drawing
  const middle = (x1 + x2) / 2;
  const anchor = x1 !== x2 ? "middle" : x1 > WIDTH * 0.6 ? "end" : "start";
  const at = anchor === "middle" ? middle : x1 + (anchor === "end" ? -8 : 8);
  return (
    <g>
      <text class="time" x="0" y={y + 5}>
        {second(a.atMs)}
      </text>
      <text class={a.joins ? "word b" : "word"} x={at} y={y - 7} text-anchor={anchor}>
        {[stepWord(a.step), a.text].filter(Boolean).join(" ")}
      </text>
      <Mark a={a} x1={x1} x2={x2} y={y} />
      <text class="clause" x={WIDTH} y={y + 5} text-anchor="end">
        {a.clause === "house" ? "" : a.clause}
      </text>
    </g>
  );
}

export function Sequence({ record, label }: { record: OneRecord; label: string }) {
  const { lanes, arrows } = sequenceOf(record);
  const room = WIDTH - LEFT - RIGHT - 48;
  const x = (lane: Lane) =>
    LEFT + 24 + (room * lanes.indexOf(lane)) / Math.max(1, lanes.length - 1);
  const height = TOP + arrows.length * ROW + 12;
  return (
    <svg class="sequence" viewBox={`0 0 ${WIDTH} ${height}`} role="img" aria-label={label}>
      {lanes.map((lane) => (
        <g key={lane}>
          <path class="lane" d={`M${x(lane)} ${TOP - 12}V${height - 8}`} />
          <text class="who" x={x(lane)} y="18" text-anchor="middle">
            {t(`console.records.lane.${lane}`)}
          </text>
        </g>
      ))}
      {arrows.map((a, i) => (
        <Row key={i} a={a} x={x} y={TOP + i * ROW + 24} />
      ))}
    </svg>
  );
}
