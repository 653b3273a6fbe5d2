/** The month's figures as tables: by day, operator, department, line; and by hour with Erlang C. */
import { useEffect } from "preact/hooks";
import { type Column, Table } from "../parts/table";
import {
  type By,
  dayOf,
  type Figures,
  figures,
  parted,
  percent,
  readParted,
  type Span,
  type Sums,
} from "../state/records";
import { param, withParams } from "../state/route";
import { t } from "../text";

type Row = Figures["rows"][number];
type Hour = Figures["hours"][number];

/** A figure of the table, and the mark that opens its calls. */
const SHOWN: readonly [figure: keyof Sums, mark: string][] = [
  ["offered", "offered"],
  ["within", "within"],
  ["attendant", "attendant"],
  ["given_up", "given_up"],
  ["automatic", "automatic"],
  ["connected", "connected"],
  ["busy", "busy"],
  ["no_answer", "no_answer"],
  ["returned", "returned"],
  ["messages", "message"],
  ["complaints", "complaint"],
  ["enquiries", "enquiry"],
  ["long_calls", "long"],
  ["long_reminded", "long_reminded"],
  ["long_put_off", "long_put_off"],
  ["long_exempt", "long_exempt"],
];
const BYS: readonly By[] = ["all", "operator", "department", "line"];
/** Under what name the calls of an item are filtered. */
const FILTER = { all: "", operator: "operator", department: "department", line: "trunk" };
const HEAD = {
  all: "report.period",
  operator: "report.operator",
  department: "report.department",
  line: "report.line",
};

function opens(by: By, row: Row, mark: string): string {
  return withParams({
    view: "",
    by: "",
    item: "",
    p: "",
    mark,
    ...(by === "all" ? { m: dayOf(row.at_ms) } : { [FILTER[by]]: String(row.item) }),
  });
}

function columns(by: By): Column<Row>[] {
  return [
    {
      head: t(HEAD[by]),
      cell: (r) => (by === "all" ? dayOf(r.at_ms) : r.name || `№ ${r.item}`),
      width: 16,
    },
    {
      head: "%",
      cell: (r) => percent(r.sums.within, r.sums.offered),
      width: 7,
      right: true,
    },
    ...SHOWN.map(([figure, mark]): Column<Row> => ({
      head: t(`figure.${figure}`),
      cell: (r) =>
        r.sums[figure] ? (
          <a class="num" href={opens(by, r, mark)}>
            {r.sums[figure]}
          </a>
        ) : (
          <span class="q">0</span>
        ),
      right: true,
    })),
  ];
}

function hours(): Column<Hour>[] {
  return [
    {
      head: t("console.records.hour"),
      cell: (h) => `${h.hour}:00–${h.hour + 1}:00`,
      width: 16,
    },
    { head: t("figure.offered"), cell: (h) => h.offered.toFixed(1), right: true },
    { head: t("console.records.most"), cell: (h) => h.most, right: true },
    { head: t("console.records.hold"), cell: (h) => h.hold_s.toFixed(0), right: true },
    { head: t("console.records.needed"), cell: (h) => h.operators || "–", right: true },
    { head: t("console.records.needed_most"), cell: (h) => h.operators_most || "–", right: true },
  ];
}

export function RecordsFigures({ span }: { span: Span }) {
  const by = BYS.find((b) => b === param("by")) ?? "all";
  useEffect(() => {
    if (by !== "all") void readParted(span, by);
  }, [by, span.from, span.to]);
  const all = figures.value;
  const shown = by === "all" ? all : parted.value?.by === by ? parted.value.figures : undefined;
  return (
    <div class="sheet wide">
      <div class="scroll">
        <div class="seg" role="group" aria-label={t("console.records.by")}>
          {BYS.map((b) => (
            <a
              key={b}
              class="btn"
              href={withParams({ by: b === "all" ? "" : b })}
              aria-current={b === by ? "true" : undefined}
            >
              {t(HEAD[b])}
            </a>
          ))}
        </div>
        <Table
          caption={t("console.records.view.figures")}
          columns={columns(by)}
          rows={shown?.rows ?? []}
          rowKey={(r) => `${r.at_ms}.${r.item}`}
          empty={shown ? t("console.records.none") : t("console.loading")}
        />
        {all && (
          <>
            <h2>{t("console.records.erlang")}</h2>
            <p class="q">
              {t("console.records.erlang.how", {
                share: Math.round(all.goal * 100),
                seconds: all.wait_s,
              })}
            </p>
            <Table
              caption={t("console.records.erlang")}
              columns={hours()}
              rows={all.hours}
              rowKey={(h) => h.hour}
              empty={t("console.records.none")}
            />
          </>
        )}
      </div>
    </div>
  );
}
