/** A file from elsewhere: first what it would change, cell by cell; then, if it is right, it is done. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { Dialog } from "../parts/dialog";
import { Table } from "../parts/table";
import {
  type Difference,
  errorsOf,
  fileOf,
  headingsOf,
  type Import,
  type ImportError,
  importFile,
  type Preview,
} from "../state/directoryedit";
import { decodeText, parseCsv, writeCsv } from "../state/directoryedit_csv";
import { has, t } from "../text";

const FILE_BYTES = 8 << 20;
const SHOWN = 200;
const label = (column: string) =>
  has(`console.column.${column}`) ? t(`console.column.${column}`) : column;

/** Throws a text for people when it can't be read. */
async function read(file: File): Promise<Omit<Import, "leavers">> {
  if (file.size > FILE_BYTES) throw new Error(t("console.import.too_big"));
  const bytes = new Uint8Array(await file.arrayBuffer());
  let rows: string[][];
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    const { readSheet } = await import("../state/directoryedit_xlsx");
    try {
      rows = readSheet(bytes);
    } catch {
      throw new Error(t("console.import.not_a_sheet"));
    }
  } else rows = parseCsv(decodeText(bytes));
  const [head = [], ...body] = rows;
  const names = headingsOf(head, label);
  if (!names.includes("id")) throw new Error(t("console.import.no_id"));
  // rows of a sheet end where their last cell is
  const whole = body.map((r) => (r.some(Boolean) ? names.map((_, i) => r[i] ?? "") : []));
  while (whole.at(-1)?.length === 0) whole.pop();
  return { file: fileOf(names), text: writeCsv([names, ...whole]) };
}

function List(props: { title: string; count: number; children: ComponentChildren }) {
  if (props.count === 0) return null;
  return (
    <section class="part">
      <h3>
        {props.title} <span class="num">{props.count}</span>
      </h3>
      <div class="scroll" tabIndex={0} role="region" aria-label={props.title}>
        {props.children}
      </div>
      {props.count > SHOWN && <p class="q">{t("console.import.first", { n: SHOWN })}</p>}
    </section>
  );
}

function Entries({
  title,
  rows,
  count,
}: {
  title: string;
  rows: readonly Difference[];
  count: number;
}) {
  return (
    <List title={title} count={count}>
      <Table
        caption={title}
        columns={[
          { head: t("console.column.id"), cell: (r) => r.id, width: 14 },
          { head: t("console.column.name"), cell: (r) => r.name },
        ]}
        rows={rows.slice(0, SHOWN)}
        rowKey={(r) => r.id}
        empty=""
      />
    </List>
  );
}

function Changes({ preview }: { preview: Preview }) {
  const title = t("console.import.changed");
  return (
    <List title={title} count={preview.changed.length}>
      <Table
        caption={title}
        columns={[
          { head: t("console.column.name"), cell: (r) => r.name },
          { head: t("console.import.column"), cell: (r) => label(r.column ?? ""), width: 16 },
          { head: t("console.import.before"), cell: (r) => <del>{r.before || "—"}</del> },
          { head: t("console.import.after"), cell: (r) => <ins>{r.after || "—"}</ins> },
        ]}
        rows={preview.changed.slice(0, SHOWN)}
        rowKey={(r) => `${r.id} ${r.column ?? ""}`}
        empty=""
      />
    </List>
  );
}

function Errors({ errors }: { errors: readonly ImportError[] }) {
  const title = t("console.import.errors");
  return (
    <List title={title} count={errors.length}>
      <Table
        caption={title}
        columns={[
          { head: t("console.import.line"), cell: (e) => e.line, width: 9, right: true },
          { head: t("console.import.column"), cell: (e) => label(e.column), width: 20 },
          { head: t("console.import.error"), cell: (e) => e.text },
        ]}
        rows={errors.slice(0, SHOWN)}
        rowKey={(e) => `${e.line} ${e.column}`}
        empty=""
      />
    </List>
  );
}

interface Looked {
  what: Import;
  preview?: Preview;
  errors: readonly ImportError[];
}

export function ImportFile({ onClose }: { onClose: (applied: boolean) => void }) {
  const [chosen, setChosen] = useState<Omit<Import, "leavers"> | undefined>(undefined);
  const [leavers, setLeavers] = useState(false);
  const [looked, setLooked] = useState<Looked | undefined>(undefined);
  const [wrong, setWrong] = useState("");

  const look = async (from: Omit<Import, "leavers">, gone: boolean, apply = false) => {
    const what = { ...from, leavers: gone };
    setWrong("");
    try {
      const preview = await importFile(what, apply);
      if (apply) onClose(true);
      else setLooked({ what, preview, errors: [] });
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      const errors = errorsOf(e.error);
      setLooked({ what, errors });
      setWrong(e.error.text || t("console.offline"));
    }
  };
  const take = async (file: File | undefined) => {
    setLooked(undefined);
    setChosen(undefined);
    if (!file) return;
    try {
      const from = await read(file);
      setChosen(from);
      await look(from, leavers);
    } catch (e) {
      setWrong(e instanceof Error ? e.message : String(e));
    }
  };
  const p = looked?.preview;
  const right = p && looked.errors.length === 0;
  const nothing = right && p.counts.added + p.counts.changed + p.counts.removed === 0;
  return (
    <Dialog title={t("console.import.title")} wide onClose={() => onClose(false)}>
      <div class="import">
        <p class="m">{t("console.import.how")}</p>
        <label class="field">
          <span>{t("console.import.file")}</span>
          <input
            type="file"
            accept=".csv,.xlsx,text/csv"
            onChange={(e) => void take(e.currentTarget.files?.[0])}
          />
        </label>
        <div class="field check">
          <label for="leavers">{t("console.import.leavers")}</label>
          <input
            id="leavers"
            type="checkbox"
            checked={leavers}
            onChange={(e) => {
              setLeavers(e.currentTarget.checked);
              if (chosen) void look(chosen, e.currentTarget.checked);
            }}
          />
        </div>
        <p class="wrong" role="alert">
          {wrong}
        </p>
        {chosen && (
          <p>{t("console.import.table", { table: t(`console.directory.${chosen.file}`) })}</p>
        )}
        <div aria-live="polite">
          {looked && <Errors errors={looked.errors} />}
          {right && (
            <>
              <Entries title={t("console.import.added")} rows={p.added} count={p.counts.added} />
              <Changes preview={p} />
              <Entries
                title={t("console.import.removed")}
                rows={p.removed}
                count={p.counts.removed}
              />
              {p.kept_blank > 0 && (
                <p class="m">{t("console.import.kept_blank", { n: p.kept_blank })}</p>
              )}
              {nothing && <p>{t("console.import.nothing")}</p>}
            </>
          )}
        </div>
        {right && !nothing && (
          <div class="buttons">
            <button
              type="button"
              class="btn prime"
              onClick={() => void look(looked.what, looked.what.leavers, true)}
            >
              {t("console.import.apply")}
            </button>
            <button type="button" class="btn" onClick={() => onClose(false)}>
              {t("console.cancel")}
            </button>
          </div>
        )}
      </div>
    </Dialog>
  );
}
