/** What a table shows of its rows: searched, filtered, sorted, a page of it. */
export interface RowFilter<T> {
  name: string;
  label: string;
  options: readonly { value: string; label: string }[];
  /** Without it the server has filtered. */
  keeps?: (row: T, value: string) => boolean;
}

export interface Wanted {
  text: string;
  filters: Record<string, string>;
  sort: string;
  page: number;
}

export interface Shown<T> {
  rows: readonly T[];
  /** Of the first row shown, from 1; 0 when there is none. */
  from: number;
  found: number;
  pages: number;
}

export const PAGE_ROWS = 100;

/** Han by pinyin, numbers as they are counted. */
const collator = new Intl.Collator("zh-CN-u-co-pinyin", { numeric: true });

export function selectRows<T>(
  rows: readonly T[],
  wanted: Wanted,
  filters: readonly RowFilter<T>[],
  finds: ((row: T, text: string) => boolean) | undefined,
  key: (row: T, sort: string) => string,
): Shown<T> {
  const text = wanted.text.trim().toLowerCase();
  const found = rows.filter(
    (row) =>
      (!text || !finds || finds(row, text)) &&
      filters.every((f) => {
        const value = wanted.filters[f.name];
        return !value || !f.keeps || f.keeps(row, value);
      }),
  );
  const name = wanted.sort.replace(/^-/, "");
  if (name) {
    const keyed = found.map((row) => ({ row, key: key(row, name) }));
    const way = wanted.sort.startsWith("-") ? -1 : 1;
    // what is empty comes last, whichever way
    keyed.sort((a, b) =>
      !a.key || !b.key ? Number(!a.key) - Number(!b.key) : way * collator.compare(a.key, b.key),
    );
    found.splice(0, found.length, ...keyed.map((k) => k.row));
  }
  const pages = Math.max(1, Math.ceil(found.length / PAGE_ROWS));
  const page = Math.min(Math.max(1, wanted.page), pages);
  const start = (page - 1) * PAGE_ROWS;
  return {
    rows: found.slice(start, start + PAGE_ROWS),
    from: found.length ? start + 1 : 0,
    found: found.length,
    pages,
  };
}
