/** One row of the directory: its cells, and for a person readings and absence; its history. */
import { useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { Dialog } from "../parts/dialog";
import { type Field, Form } from "../parts/form";
import { type Pick, Picker } from "../parts/picker";
import {
  addRow,
  changedCells,
  changeRow,
  type Change,
  COLUMNS,
  differences,
  endAbsence,
  finds,
  historyOf,
  nameOf,
  readingsOf,
  REFERS,
  removeRow,
  type Row,
  rowOf,
  setAbsence,
  setReadings,
  type TableName,
  tables,
  WORDS,
} from "../state/directoryedit";
import { entryOf } from "../state/entries";
import { fromLocal, nextAt, stamp, toLocal } from "../state/stamp";
import { has, t } from "../text";

const NEAREST = 8;
const REQUIRED = ["name", "number", "user"];

function pickOfRow(file: TableName, r: Row): Pick {
  const number = file === "people" ? nameOf("extensions", rowOf("extensions", r.extension)) : "";
  const owner = file === "extensions" ? nameOf("people", rowOf("people", r.person)) : "";
  const more = [r.title, number, owner].filter(Boolean).join(" ");
  return { value: r.id ?? "", text: nameOf(file, r), more };
}

function picks(file: TableName, text: string): Pick[] {
  const typed = text.trim().toLowerCase();
  const found: Pick[] = [];
  for (const r of tables.value[file] ?? []) {
    const pick = pickOfRow(file, r);
    if (!finds([pick.text, pick.more], [r.reading ?? ""], typed)) continue;
    found.push(pick);
    if (found.length === NEAREST) break;
  }
  return found;
}

function fieldOf(column: string, row: Row | undefined): Field {
  const value = row?.[column] ?? "";
  const hint = `console.column.${column}.hint`;
  const field: Field = {
    name: column,
    label: t(`console.column.${column}`),
    value,
    maxLength: 200,
    required: REQUIRED.includes(column) && !(column === "name" && row?.name === ""),
    ...(has(hint) ? { hint: t(hint) } : {}),
  };
  const options = WORDS[column];
  if (options)
    return {
      ...field,
      type: "choice",
      value: value || (options[0] ?? ""),
      options: options.map((o) => ({ value: o, label: t(`console.directory.${column}.${o}`) })),
    };
  const refers = REFERS[column];
  if (!refers) return field;
  const now = rowOf(refers, value);
  return {
    ...field,
    input: (p) => (
      <Picker {...p} find={(text) => picks(refers, text)} value={now && pickOfRow(refers, now)} />
    ),
  };
}

function History({ file, id }: { file: TableName; id: string }) {
  const [changes, setChanges] = useState<Change[] | undefined>(undefined);
  const [wrong, setWrong] = useState("");
  const read = async () => {
    try {
      setChanges(await historyOf(file, id));
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  const column = (c: string) => (has(`console.column.${c}`) ? t(`console.column.${c}`) : c);
  return (
    <details class="more" onToggle={(e) => e.currentTarget.open && void read()}>
      <summary>{t("console.directory.history")}</summary>
      <p class="wrong" role="alert">
        {wrong}
      </p>
      <ol class="changes" aria-live="polite">
        {changes?.length === 0 && <li class="q">{t("console.directory.history.none")}</li>}
        {changes?.map((c) => (
          <li key={c.id}>
            <p class="m num">
              {stamp(c.at_ms)} {c.by}
            </p>
            <ul>
              {differences(c).map((d) => (
                <li key={d.column}>
                  <span class="q">{column(d.column)}</span> <del>{d.before || "—"}</del>{" "}
                  <span aria-hidden="true">→</span> <ins>{d.after || "—"}</ins>
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Person({ row, onDone }: { row: Row; onDone: (text: string) => Promise<void> }) {
  const id = row.id ?? "";
  const entry = entryOf("person", id);
  const away = entry?.away_until_ms;
  const known = entry?.readings.map((r) => r.full).join("; ");
  return (
    <>
      <details class="more">
        <summary>{t("console.directory.readings")}</summary>
        <Form
          id="readings"
          label={t("console.directory.readings")}
          focus={false}
          fields={[
            {
              name: "readings",
              label: t("console.directory.readings.each"),
              type: "area",
              value: row.reading ?? "",
              maxLength: 400,
              hint: t("console.directory.readings.known", { readings: known || "—" }),
            },
          ]}
          submit={t("console.save")}
          onSubmit={async (v) => {
            await setReadings(id, readingsOf(v.readings ?? ""));
            await onDone(t("console.directory.saved"));
          }}
        />
      </details>
      <details class="more" open={Boolean(away)}>
        <summary>{t("console.directory.absence")}</summary>
        <Form
          id="absence"
          label={t("console.directory.absence")}
          focus={false}
          fields={[
            {
              name: "until_ms",
              label: t("console.directory.absence.until"),
              type: "time",
              required: true,
              value: toLocal(away ?? nextAt(18)),
            },
            {
              name: "word",
              label: t("console.directory.absence.word"),
              maxLength: 60,
              hint: t("console.directory.absence.hint"),
            },
          ]}
          submit={t("console.save")}
          more={
            away ? (
              <button
                type="button"
                class="btn"
                onClick={() =>
                  void endAbsence(id).then(() => onDone(t("console.directory.absence.over")))
                }
              >
                {t("console.directory.absence.end")}
              </button>
            ) : undefined
          }
          onSubmit={async (v) => {
            await setAbsence(id, fromLocal(v.until_ms ?? ""), v.word ?? "");
            await onDone(t("console.directory.saved"));
          }}
        />
      </details>
    </>
  );
}

interface Props {
  file: TableName;
  row: Row | undefined;
  onDone: (text: string, id?: string) => Promise<void>;
  onCancel: () => void;
}

export function EditRow({ file, row, onDone, onCancel }: Props) {
  const [removes, setRemoves] = useState(false);
  const name = nameOf(file, row);
  const columns = COLUMNS[file].filter((c) => !(file === "people" && row && c === "reading"));
  const save = async (v: Row) => {
    if (!row) {
      const { id } = await addRow(file, v);
      return onDone(t("console.directory.added", { name: nameOf(file, v) }), String(id));
    }
    const cells = changedCells(row, v);
    if (row.id && Object.keys(cells).length > 0) await changeRow(file, row.id, cells);
    return onDone(t("console.directory.saved"), row.id);
  };
  return (
    <>
      <h2>{row ? name || t("console.directory.vacant") : t("console.directory.add")}</h2>
      <Form
        id="row"
        label={name || t("console.directory.add")}
        focus={!row}
        fields={columns.map((c) => fieldOf(c, row))}
        submit={t("console.save")}
        more={
          <>
            <button type="button" class="btn" onClick={onCancel}>
              {t("console.close")}
            </button>
            {row && (
              <button type="button" class="btn" onClick={() => setRemoves(true)}>
                {t("console.directory.remove")}
              </button>
            )}
          </>
        }
        onSubmit={save}
      />
      {row?.id && file === "people" && <Person row={row} onDone={(text) => onDone(text, row.id)} />}
      {row?.id && <History file={file} id={row.id} />}
      {removes && row?.id && (
        <Dialog
          title={t("console.directory.remove.sure", { name })}
          onClose={() => setRemoves(false)}
        >
          <p>{t("console.directory.remove.what")}</p>
          <Form
            id="remove"
            label={t("console.directory.remove")}
            fields={[]}
            submit={t("console.directory.remove")}
            more={
              <button type="button" class="btn" onClick={() => setRemoves(false)}>
                {t("console.cancel")}
              </button>
            }
            onSubmit={async () => {
              await removeRow(file, row.id ?? "");
              setRemoves(false);
              await onDone(t("console.directory.removed", { name }));
            }}
          />
        </Dialog>
      )}
    </>
  );
}
