/** Comma-separated text (RFC 4180), as spreadsheets write it, in whatever encoding. Pure. */

/** UTF-8; else what Excel writes in China. A byte order mark is taken off. */
export function decodeText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("gb18030").decode(bytes);
  }
}

export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  // a cell with what ends it: quoted with doubled quotes, or up to the next comma or line's end
  const cell = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n|\n|\r|$)/g;
  while (cell.lastIndex < text.length) {
    const m = cell.exec(text);
    if (!m) break;
    row.push(m[1] === undefined ? (m[2] ?? "") : m[1].replaceAll('""', '"'));
    if (m[3] === ",") {
      if (cell.lastIndex === text.length) row.push("");
      else continue;
    }
    rows.push(row);
    row = [];
  }
  return rows;
}

export function writeCsv(rows: readonly (readonly string[])[]): string {
  const cell = (v: string) => (/[",\r\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
  return rows.map((r) => r.map(cell).join(",") + "\r\n").join("");
}

/** Rows by column name; a ' that an export put before what a spreadsheet would calculate goes. */
export function recordsOf(rows: readonly (readonly string[])[]): Record<string, string>[] {
  const [head = [], ...rest] = rows;
  return rest.map((r) =>
    Object.fromEntries(head.map((c, i) => [c, (r[i] ?? "").replace(/^'(?=[=+\-@\t\r])/, "")])),
  );
}
