/** A table with its search, filters, order and page in the address, so that a view can be sent on. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { go, param, withParams } from "../state/route";
import { t } from "../text";
import { type RowFilter, selectRows } from "./datatable_select";
import { type Column, Table } from "./table";
import "../style/pages.css";

interface Props<T> {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[] | undefined;
  rowKey: (row: T) => number;
  empty: string;
  filters?: readonly RowFilter<T>[];
  finds?: (row: T, text: string) => boolean;
  sortKey?: (row: T, sort: string) => string;
  /** Rows are opened by `item` in the address. */
  opens?: boolean;
  /** In the bar, on the left and on the right. */
  before?: ComponentChildren;
  actions?: ComponentChildren;
  /** There are more on the server. */
  onMore?: (() => void) | undefined;
  wrong?: string | undefined;
}

const TYPING_MS = 120;

function Search() {
  const timer = useRef(0);
  const input = useRef<HTMLInputElement>(null);
  const text = param("q");
  useEffect(() => {
    // gone back to, or a link; what is being typed stays
    if (input.current && document.activeElement !== input.current) input.current.value = text;
  }, [text]);
  const take = () => {
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(
      () => go(withParams({ q: input.current?.value ?? "", p: "" }), true),
      TYPING_MS,
    );
  };
  return (
    <label class="pick seek">
      <span>{t("console.table.search")}</span>
      <input
        ref={input}
        type="search"
        maxLength={100}
        defaultValue={text}
        autocomplete="off"
        spellcheck={false}
        onInput={(e) => !e.isComposing && take()}
        onCompositionEnd={take}
      />
    </label>
  );
}

function Choice<T>({ filter }: { filter: RowFilter<T> }) {
  return (
    <label class="pick">
      <span>{filter.label}</span>
      <select
        value={param(filter.name)}
        onChange={(e) => go(withParams({ [filter.name]: e.currentTarget.value, p: "" }), true)}
      >
        <option value="">{t("console.table.all")}</option>
        {filter.options.map((o) => (
          <option key={o.value} value={o.value}>
            {o.label}
          </option>
        ))}
      </select>
    </label>
  );
}

function Pages({ page, pages }: { page: number; pages: number }) {
  if (pages < 2) return null;
  const link = (p: number, text: string, name: string) =>
    p >= 1 && p <= pages ? (
      <a class="btn" href={withParams({ p: p > 1 ? String(p) : "" })} aria-label={name}>
        {text}
      </a>
    ) : null;
  return (
    <span class="leaf">
      {link(page - 1, "‹", t("console.table.before"))}
      <span class="num">{t("console.table.page", { n: page, of: pages })}</span>
      {link(page + 1, "›", t("console.table.after"))}
    </span>
  );
}

export function DataTable<T>(props: Props<T>) {
  const { rows, filters = [], finds, onMore, wrong } = props;
  const page = Number(param("p")) || 1;
  const sort = param("sort");
  const shown = selectRows(
    rows ?? [],
    {
      text: param("q"),
      filters: Object.fromEntries(filters.map((f) => [f.name, param(f.name)])),
      sort,
      page,
    },
    filters,
    finds,
    props.sortKey ?? (() => ""),
  );
  const last = shown.from + shown.rows.length - 1;
  return (
    <>
      <div class="filters" role="search" aria-label={t("console.table.filters")}>
        {props.before}
        {finds && <Search />}
        {filters.map((f) => (
          <Choice key={f.name} filter={f} />
        ))}
        {props.actions && <span class="end">{props.actions}</span>}
      </div>
      <div class="sheet">
        <div
          class="scroll"
          tabIndex={props.opens ? undefined : 0}
          role="region"
          aria-label={props.caption}
        >
          <Table
            caption={props.caption}
            columns={props.columns}
            rows={shown.rows}
            rowKey={props.rowKey}
            empty={wrong ?? (rows ? props.empty : t("console.loading"))}
            sort={sort}
            {...(props.sortKey
              ? { onSort: (s: string) => go(withParams({ sort: s, p: "" }), true) }
              : {})}
            {...(props.opens
              ? {
                  href: (row: T) => withParams({ item: String(props.rowKey(row)) }),
                  chosen: Number(param("item")),
                }
              : {})}
          />
        </div>
        <p class="foot">
          <span role="status" class="num">
            {shown.found > 0
              ? onMore
                ? t("console.table.loaded", { n: shown.found })
                : t("console.table.count", { from: shown.from, to: last, of: shown.found })
              : ""}
          </span>
          {onMore && (
            <button type="button" class="btn" onClick={onMore}>
              {t("console.table.older")}
            </button>
          )}
          <Pages page={Math.min(page, shown.pages)} pages={shown.pages} />
        </p>
      </div>
    </>
  );
}

/** What is opened, beside the table or below it. */
export function Opened({ label, children }: { label: string; children: ComponentChildren }) {
  const box = useRef<HTMLElement>(null);
  const item = param("item");
  useEffect(() => {
    if (item) box.current?.scrollIntoView({ block: "nearest" });
  }, [item]);
  return (
    // it scrolls: whoever has no mouse must be able to get into it
    <aside ref={box} class="opened" aria-label={label} tabIndex={0}>
      {children}
    </aside>
  );
}
