/**
 * The one table: fixed columns, rows of 36 px, a caption, a line for when it is empty. Where a row
 * can be opened its first cell is a link; arrow keys go from one to the next.
 */
import type { ComponentChildren } from "preact";
import { go } from "../state/route";

export interface Column<T> {
  head: string;
  cell: (row: T) => ComponentChildren;
  /** In `ch`; without it the column takes what is left. */
  width?: number;
  right?: boolean;
  /** Rows can be sorted by it; the name stands in the address. */
  sort?: string;
}

interface Props<T> {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string | number;
  empty: string;
  chosen?: string | number;
  onChoose?: (row: T) => void;
  href?: (row: T) => string;
  /** "name", or "-name" for downwards. */
  sort?: string | undefined;
  onSort?: ((sort: string) => void) | undefined;
}

function arrow(e: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (!step && e.key !== "Home" && e.key !== "End") return;
  if (!(e.currentTarget instanceof HTMLElement) || !(e.target instanceof HTMLElement)) return;
  const links = [...e.currentTarget.querySelectorAll<HTMLElement>("a.row")];
  const at = links.indexOf(e.target);
  if (at < 0) return;
  e.preventDefault();
  const next = step ? links[at + step] : links.at(e.key === "Home" ? 0 : -1);
  next?.focus();
}

function Head<T>({ c, sort, onSort }: { c: Column<T> } & Pick<Props<T>, "sort" | "onSort">) {
  const up = c.sort !== undefined && sort === c.sort;
  const down = c.sort !== undefined && sort === `-${c.sort}`;
  return (
    <th
      scope="col"
      class={c.right ? "r" : undefined}
      aria-sort={up ? "ascending" : down ? "descending" : undefined}
    >
      {c.sort && onSort ? (
        <button type="button" class="sort" onClick={() => onSort(up ? `-${c.sort}` : `${c.sort}`)}>
          {c.head}
          <span aria-hidden="true">{up ? " ▴" : down ? " ▾" : ""}</span>
        </button>
      ) : (
        c.head
      )}
    </th>
  );
}

export function Table<T>(props: Props<T>) {
  const { caption, columns, rows, rowKey, empty, chosen, onChoose, href, sort, onSort } = props;
  const side = (c: Column<T>) => (c.right ? "r" : undefined);
  const first = rows.some((row) => rowKey(row) === chosen) ? chosen : rows[0] && rowKey(rows[0]);
  const open = (row: T) => {
    onChoose?.(row);
    if (href) go(href(row));
  };
  return (
    <table class="table">
      <caption class="vh">{caption}</caption>
      <colgroup>
        {columns.map((c) => (
          <col key={c.head} style={c.width ? { width: `${c.width}ch` } : {}} />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map((c) => (
            <Head key={c.head} c={c} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody onKeyDown={href && arrow}>
        {rows.map((row) => (
          <tr
            key={rowKey(row)}
            class={[rowKey(row) === chosen && "chosen", href && "opens"].filter(Boolean).join(" ")}
            onClick={onChoose || href ? () => open(row) : undefined}
          >
            {columns.map((c, i) => (
              <td key={c.head} class={side(c)}>
                {href && i === 0 ? (
                  <a
                    class="row"
                    href={href(row)}
                    tabIndex={rowKey(row) === first ? 0 : -1}
                    aria-current={rowKey(row) === chosen ? "true" : undefined}
                  >
                    {c.cell(row)}
                  </a>
                ) : (
                  c.cell(row)
                )}
              </td>
            ))}
          </tr>
        ))}
        {rows.length === 0 && (
          <tr>
            <td colSpan={columns.length} class="q">
              {empty}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
