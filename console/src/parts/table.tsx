/** The one table: fixed columns, rows of 36 px, a caption, a line for when it is empty. */
import type { ComponentChildren } from "preact";

export interface Column<T> {
  head: string;
  cell: (row: T) => ComponentChildren;
  /** In `ch`; without it the column takes what is left. */
  width?: number;
  right?: boolean;
}

interface Props<T> {
  caption: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string | number;
  empty: string;
  chosen?: string | number;
  onChoose?: (row: T) => void;
}

export function Table<T>({ caption, columns, rows, rowKey, empty, chosen, onChoose }: Props<T>) {
  const side = (c: Column<T>) => (c.right ? "r" : undefined);
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
            <th key={c.head} scope="col" class={side(c)}>
              {c.head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr
            key={rowKey(row)}
            class={rowKey(row) === chosen ? "chosen" : undefined}
            onClick={onChoose && (() => onChoose(row))}
          >
            {columns.map((c) => (
              <td key={c.head} class={side(c)}>
                {c.cell(row)}
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
