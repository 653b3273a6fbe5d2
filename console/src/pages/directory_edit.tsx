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
  readingsIn,
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

type Done = (text: string) => Promise<void>;

/** What it is called when spoken, and found by. */
function Readings({ file, row, onDone }: { file: TableName; row: Row; onDone: Done }) {
  const id = row.id ?? "";
  const [own, setOwn] = useState<string[] | undefined>(undefined);
  const entry = entryOf(file === "people" ? "person" : "department", id);
  const known = entry?.readings.map((r) => r.full).join("; ");
  const read = () => void readingsIn(file, id).then(setOwn, () => setOwn([row.reading ?? ""]));
  return (
    <details class="more" onToggle={(e) => e.currentTarget.open && !own && read()}>
      <summary>{t("console.directory.readings")}</summary>
      {own && (
        <Form
          id="readings"
          label={t("console.directory.readings")}
          fields={[
            {
              name: "readings",
              label: t("console.directory.readings.each"),
              type: "area",
              value: own.join("\n"),
              maxLength: 400,
              hint: t("console.directory.readings.known", { readings: known || "—" }),
            },
          ]}
          submit={t("console.save")}
          onSubmit={async (v) => {
            await setReadings(file, id, readingsOf(v.readings ?? ""));
            await onDone(t("console.directory.saved"));
          }}
        />
      )}
    </details>
  );
}

function Absence({ row, onDone }: { row: Row; onDone: Done }) {
  const id = row.id ?? "";
  const entry = entryOf("person", id);
  const until = entry?.away_until_ms ?? undefined;
  const [wrong, setWrong] = useState("");
  const back = async () => {
    try {
      await endAbsence(id);
      await onDone(t("console.directory.absence.over"));
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  return (
    <details class="more" open={until !== undefined}>
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
            value: until === 0 ? "" : toLocal(until ?? nextAt(18)),
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
          until === undefined ? undefined : (
            <button type="button" class="btn" onClick={() => void back()}>
              {t("console.directory.absence.end")}
            </button>
          )
        }
        onSubmit={async (v) => {
          await setAbsence(id, fromLocal(v.until_ms ?? ""), v.word ?? "");
          await onDone(t("console.directory.saved"));
        }}
      />
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </details>
  );
}

/** It is told once: who doesn't note it has to have another set. */
function Password({ password, onClose }: { password: string; onClose: () => void }) {
  return (
    <Dialog title={t("console.directory.password")} onClose={onClose}>
      <p>{t("console.directory.password.once")}</p>
      <p class="said">
        <code>{password}</code>
      </p>
      <div class="buttons">
        <button type="button" class="btn prime" onClick={onClose}>
          {t("console.directory.password.noted")}
        </button>
      </div>
    </Dialog>
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
  const [made, setMade] = useState<{ id: string; password: string; name: string } | undefined>();
  const columns = COLUMNS[file].filter((c) => !row || c !== "reading");
  const added = (id: string, called: string) =>
    onDone(t("console.directory.added", { name: called }), id);
  const save = async (v: Row) => {
    if (!row) {
      const { id, password } = await addRow(file, v);
      const called = nameOf(file, v);
      if (!password) return added(id, called);
      setMade({ id, password, name: called });
      return;
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
      {row && file !== "extensions" && (
        <Readings file={file} row={row} onDone={(text) => onDone(text, row.id)} />
      )}
      {row && file === "people" && <Absence row={row} onDone={(text) => onDone(text, row.id)} />}
      {row?.id && <History file={file} id={row.id} />}
      {made && <Password password={made.password} onClose={() => void added(made.id, made.name)} />}
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
