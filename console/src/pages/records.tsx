/**
 * Records and figures (A3.7): the month at a glance, every call found by anything, one call drawn;
 * or the month's figures by day, operator, department and line, where each sum opens its calls.
 */
import { useEffect } from "preact/hooks";
import { DataTable, Opened } from "../parts/datatable";
import type { RowFilter } from "../parts/datatable_select";
import { Lamp, type LampState } from "../parts/lamp";
import { spaced } from "../parts/rack";
import type { Column } from "../parts/table";
import { loadDuty, operators } from "../state/duty";
import {
  type CallRecord,
  clockOf,
  figures,
  FILTERS,
  found,
  foundWrong,
  findRecords,
  hasMore,
  monthBeside,
  monthOf,
  readFigures,
  recordsQuery,
  spanOf,
} from "../state/records";
import { param, withParams } from "../state/route";
import { me } from "../state/session";
import { stamp } from "../state/stamp";
import { language, t } from "../text";
import { RecordsBand } from "./records_band";
import { RecordOpened } from "./records_call";
import { RecordsFigures } from "./records_figures";
import "../style/records.css";

const MARKS = ["", "within", "attendant", "given_up"];
const CLAUSES = [
  "A4.1.1",
  "A4.1.2",
  "A4.1.3",
  "A4.1.4",
  "A4.1.5",
  "A4.1.6",
  "A4.1.7",
  "A4.2",
  "A5.7",
];

export function callerOf(r: CallRecord): string {
  return (
    [r.caller.name, spaced(r.caller.number)].filter(Boolean).join(" ") || t("console.withheld")
  );
}

const TAKEN: readonly [mark: string, lamp: LampState][] = [
  ["within", "idle"],
  ["attendant", "busy"],
  ["given_up", "unreachable"],
  ["automatic", "attendant"],
];

function Taken({ r }: { r: CallRecord }) {
  const taken = TAKEN.find(([mark]) => r.marks?.includes(mark));
  if (!taken) return null;
  return (
    <span class="lamped">
      <Lamp state={taken[1]} />
      {t(`figure.${taken[0]}`)}
    </span>
  );
}

function columns(): Column<CallRecord>[] {
  return [
    { head: t("console.records.when"), cell: (r) => stamp(r.started_ms), width: 14 },
    { head: t("console.records.caller"), cell: callerOf },
    {
      head: t("console.records.target"),
      cell: (r) => r.target.name || r.chosen || r.dialled,
      width: 18,
    },
    { head: t("console.records.taken"), cell: (r) => <Taken r={r} />, width: 17 },
    {
      head: t("console.records.outcome"),
      cell: (r) => t(`console.records.outcome.${r.outcome}`),
      width: 12,
    },
    {
      head: t("console.records.waited"),
      cell: (r) => {
        const ms = r.answer_ms || r.given_up_ms;
        return ms ? t("console.seconds", { n: Math.round(ms / 1000) }) : "";
      },
      width: 7,
      right: true,
    },
    {
      head: t("console.records.talked"),
      cell: (r) => (r.talk_ms ? clockOf(r.talk_ms) : ""),
      width: 9,
      right: true,
    },
    { head: t("console.clause"), cell: (r) => <span class="clause">{r.clause}</span>, width: 9 },
  ];
}

function filters(): RowFilter<CallRecord>[] {
  const people = operators.value?.appointed ?? [];
  return [
    {
      name: "operator",
      label: t("report.operator"),
      options: people.map((p) => ({ value: String(p.person), label: p.name })),
    },
    {
      name: "clause",
      label: t("console.clause"),
      options: CLAUSES.map((c) => ({ value: c, label: c })),
    },
  ];
}

export function monthName(text: string): string {
  const { from, to } = spanOf(text);
  const day = to - from < 48 * 3600000;
  return new Date(from).toLocaleDateString(language.value, {
    year: "numeric",
    month: "long",
    ...(day ? { day: "numeric" } : {}),
  });
}

function Month({ text }: { text: string }) {
  const day = /^\d{4}-\d\d-\d\d$/.test(text);
  const month = day ? text.slice(0, 7) : monthOf(spanOf(text).from);
  const link = (by: number) => withParams({ m: monthBeside(month, by), item: "", p: "" });
  return (
    <div class="seg">
      <a class="btn" href={link(-1)} aria-label={t("console.records.month.before")}>
        ‹
      </a>
      <a class="btn num" href={withParams({ m: day ? month : "", item: "" })}>
        {monthName(text)}
      </a>
      <a class="btn" href={link(1)} aria-label={t("console.records.month.after")}>
        ›
      </a>
    </div>
  );
}

function Segment({
  name,
  values,
  text,
}: {
  name: string;
  values: string[];
  text: (v: string) => string;
}) {
  return (
    <div class="seg">
      {values.map((v) => (
        <a
          key={v}
          class="btn"
          href={withParams({ [name]: v, item: "", p: "" })}
          aria-current={param(name) === v ? "true" : undefined}
        >
          {text(v)}
        </a>
      ))}
    </div>
  );
}

function Exports({ query }: { query: URLSearchParams }) {
  const time = new URLSearchParams({
    from_ms: query.get("from_ms") ?? "",
    to_ms: query.get("to_ms") ?? "",
  });
  const links = [
    ["console.records.export.month", `figures?${time.toString()}&format=xlsx`],
    ["console.records.export.figures", `figures?${time.toString()}&format=csv`],
    ["console.records.export.calls", `records?${query.toString()}&format=xlsx`],
    ["console.records.export.calls_csv", `records?${query.toString()}&format=csv`],
  ] as const;
  return (
    <details class="exports">
      <summary class="btn">{t("console.records.export")}</summary>
      <ul>
        {links.map(([key, path]) => (
          <li key={key}>
            <a href={`/api/v1/reports/${path}`} download>
              {t(key)}
            </a>
          </li>
        ))}
        <li>
          <button type="button" class="btn" onClick={() => window.print()}>
            {t("console.records.print")}
          </button>
        </li>
      </ul>
    </details>
  );
}

/** The mark that the address names and that has no segment of its own. */
function Named({ mark }: { mark: string }) {
  if (!mark || MARKS.includes(mark)) return null;
  return (
    <a class="btn" href={withParams({ mark: "", item: "" })}>
      {t(`console.records.mark.${mark}`)} ×
    </a>
  );
}

export function Records() {
  const manager = me.value?.roles.includes("manager") ?? false;
  const month = param("m");
  const view = manager ? param("view") : "";
  const span = spanOf(month);
  const query = recordsQuery(
    span,
    Object.fromEntries(["q", ...FILTERS].map((name) => [name, param(name)])),
  );
  const asked = query.toString();
  useEffect(() => void findRecords(query), [asked]);
  useEffect(() => {
    if (!manager) return;
    void readFigures(span);
    loadDuty().catch(() => undefined); // without it no operator can be chosen, all else works
  }, [manager, span.from, span.to]);

  const item = Number(param("item"));
  const open = found.value?.find((r) => r.no === item);
  const wrong = foundWrong.value;
  const head = (
    <>
      <Month text={month} />
      {manager && (
        <Segment
          name="view"
          values={["", "figures"]}
          text={(v) => t(v ? "console.records.view.figures" : "console.records.view.calls")}
        />
      )}
    </>
  );
  if (view === "figures")
    return (
      <main class="page records">
        <div class="filters">
          {head}
          <span class="end">
            <Exports query={query} />
          </span>
        </div>
        <RecordsBand figures={figures.value} month={month} />
        <RecordsFigures span={span} />
      </main>
    );
  return (
    <main class="page records">
      <DataTable
        caption={t("console.page.records")}
        columns={columns()}
        rows={found.value}
        rowKey={(r) => r.no}
        empty={t("console.records.none")}
        wrong={wrong && (wrong.error.text || t("console.offline"))}
        finds={() => true}
        filters={manager ? filters() : filters().slice(1)}
        opens
        before={
          <>
            {head}
            <Segment
              name="mark"
              values={MARKS}
              text={(v) => (v ? t(`figure.${v}`) : t("console.table.all"))}
            />
            <Named mark={param("mark")} />
          </>
        }
        actions={manager && <Exports query={query} />}
        onMore={hasMore() ? () => void findRecords(query, true) : undefined}
      />
      {manager && <RecordsBand figures={figures.value} month={month} />}
      <Opened label={t("console.records.opened")}>
        {open || item ? (
          <RecordOpened key={item} no={item} />
        ) : (
          <p class="q">{t("console.records.choose")}</p>
        )}
      </Opened>
    </main>
  );
}
