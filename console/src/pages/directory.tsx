/** The directory as GAD keeps it: people, departments, extensions; edited, imported, exported. */
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { DataTable, Opened } from "../parts/datatable";
import type { RowFilter } from "../parts/datatable_select";
import type { Column } from "../parts/table";
import {
  FILES,
  finds,
  loadTables,
  nameOf,
  type Row,
  rowOf,
  type TableName,
  tables,
  WORDS,
} from "../state/directoryedit";
import { entryOf, loadEntries } from "../state/entries";
import { go, param, withParams } from "../state/route";
import { stamp } from "../state/stamp";
import { t } from "../text";
import { EditRow } from "./directory_edit";
import { ImportFile } from "./directory_import";

const word = (column: string, value: string | undefined) =>
  value ? t(`console.directory.${column}.${value}`) : "";
const departmentOf = (r: Row) => nameOf("departments", rowOf("departments", r.department));
const numberOf = (r: Row) => nameOf("extensions", rowOf("extensions", r.extension));
const ownerOf = (r: Row) =>
  nameOf("people", rowOf("people", r.person)) || (r.person ? "" : departmentOf(r));

function awayOf(r: Row): string {
  const until = entryOf("person", r.id ?? "")?.away_until_ms ?? undefined;
  if (until === undefined) return "";
  return until ? t("console.directory.until", { time: stamp(until) }) : t("console.column.away");
}

type Texts = Record<string, (r: Row) => string>;
const TEXTS: Record<TableName, Texts> = {
  people: {
    name: (r) => r.name || t("console.directory.vacant"),
    number: numberOf,
    department: departmentOf,
    title: (r) => r.title ?? "",
    post: (r) => word("post", r.post),
    disclosure: (r) => word("disclosure", r.disclosure),
    away: awayOf,
  },
  departments: {
    name: (r) => r.name ?? "",
    number: (r) => r.number ?? "",
    strategy: (r) => word("strategy", r.strategy),
    members: (r) =>
      (r.members ?? "")
        .split(" ")
        .map((id) => nameOf("extensions", rowOf("extensions", id)))
        .filter(Boolean)
        .join(" "),
    disclosure: (r) => word("disclosure", r.disclosure),
  },
  extensions: {
    number: (r) => r.number ?? "",
    person: ownerOf,
    user: (r) => r.user ?? "",
    class: (r) => word("class", r.class),
    forward_always: (r) => r.forward_always ?? "",
  },
};
const WIDTHS: Record<string, number> = { number: 11, disclosure: 16, away: 20, strategy: 14 };

function columns(file: TableName): Column<Row>[] {
  return Object.entries(TEXTS[file]).map(([name, cell]) => ({
    head: t(`console.column.${name}`),
    cell,
    sort: name,
    ...(WIDTHS[name] ? { width: WIDTHS[name] } : {}),
  }));
}

function words(column: string): RowFilter<Row> {
  return {
    name: column,
    label: t(`console.column.${column}`),
    options: (WORDS[column] ?? []).map((value) => ({ value, label: word(column, value) })),
    keeps: (r, value) => r[column] === value,
  };
}

function filters(file: TableName): RowFilter<Row>[] {
  const departments: RowFilter<Row> = {
    name: "department",
    label: t("console.column.department"),
    options: (tables.value.departments ?? []).map((d) => ({
      value: d.id ?? "",
      label: d.name ?? "",
    })),
    keeps: (r, value) => r.department === value,
  };
  switch (file) {
    case "people":
      return [departments, words("post")];
    case "departments":
      return [words("strategy")];
    case "extensions":
      return [departments, words("class")];
  }
}

function findsRow(file: TableName): (r: Row, text: string) => boolean {
  const texts = Object.values(TEXTS[file]);
  return (r, text) => {
    const kind = file === "people" ? "person" : "department";
    const more = file === "extensions" ? undefined : entryOf(kind, r.id ?? "");
    const readings = more?.readings.map((x) => x.full) ?? [];
    return finds(
      texts.map((of) => of(r)),
      [r.reading ?? "", ...readings],
      text,
    );
  };
}

export function Directory() {
  const file = FILES.find((f) => f === param("table")) ?? "people";
  const item = param("item");
  const adding = item === "new";
  const [importing, setImporting] = useState(false);
  const [wrong, setWrong] = useState<string | undefined>(undefined);
  const [said, setSaid] = useState("");

  const read = async () => {
    try {
      await Promise.all([loadTables(), loadEntries()]);
      setWrong(undefined);
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  useEffect(() => void read(), []);

  const row = rowOf(file, item);
  const done = async (text: string, id?: string) => {
    await read();
    setSaid(text);
    go(withParams({ item: id ?? "" }));
  };
  return (
    <main class="page">
      <DataTable
        caption={t(`console.directory.${file}`)}
        columns={columns(file)}
        rows={tables.value[file]}
        rowKey={(r) => Number(r.id)}
        empty={t("console.directory.none")}
        wrong={wrong}
        filters={filters(file)}
        finds={findsRow(file)}
        sortKey={(r, sort) => TEXTS[file][sort]?.(r) ?? ""}
        opens
        before={
          <nav class="seg" aria-label={t("console.directory.tables")}>
            {FILES.map((f) => (
              <a
                key={f}
                class="btn"
                href={`/directory?table=${f}`}
                aria-current={f === file ? "true" : undefined}
              >
                {t(`console.directory.${f}`)}
              </a>
            ))}
          </nav>
        }
        actions={
          <>
            <button type="button" class="btn" onClick={() => go(withParams({ item: "new" }))}>
              {t("console.directory.add")}
            </button>
            <button type="button" class="btn" onClick={() => setImporting(true)}>
              {t("console.directory.import")}
            </button>
            <a class="btn" href={`/api/v1/directory/export?file=${file}`} download={`${file}.csv`}>
              {t("console.directory.export")}
            </a>
          </>
        }
      />
      <Opened label={t("console.directory.opened")}>
        <p role="status" class="free">
          {said}
        </p>
        {row || adding ? (
          <EditRow
            key={`${file} ${row?.id ?? "new"}`}
            file={file}
            row={row}
            onDone={done}
            onCancel={() => go(withParams({ item: "" }))}
          />
        ) : (
          <p class="q">{t("console.directory.choose")}</p>
        )}
      </Opened>
      {importing && (
        <ImportFile
          onClose={(applied) => {
            setImporting(false);
            if (applied) void done(t("console.directory.imported"));
          }}
        />
      )}
    </main>
  );
}
