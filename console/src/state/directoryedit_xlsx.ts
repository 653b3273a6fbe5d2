/**
 * The first sheet of an .xlsx file as rows of text. Unpacked here, in the browser, within limits; a
 * file that isn't one, or is too large, throws NotASheet. Formulas count by the value kept with them.
 */
import { type Unzipped, unzipSync } from "fflate";

export class NotASheet extends Error {}

const BYTES = 64 << 20; // unpacked, of all that is looked at
const COLUMNS = 256;
const ROWS = 50_001;
const WANTED =
  /^xl\/(workbook\.xml|_rels\/workbook\.xml\.rels|sharedStrings\.xml|worksheets\/.+\.xml)$/;

function parse(parts: Unzipped, path: string): Document {
  const bytes = parts[path];
  if (!bytes) throw new NotASheet(path);
  const text = new TextDecoder().decode(bytes);
  if (text.includes("<!DOCTYPE")) throw new NotASheet("DOCTYPE");
  const doc = new DOMParser().parseFromString(text, "application/xml");
  if (doc.getElementsByTagName("parsererror").length) throw new NotASheet(path);
  return doc;
}

const all = (at: Document | Element, name: string) => [...at.getElementsByTagNameNS("*", name)];

/** The text of an si or is; what a Japanese reading (rPh) adds is left out. */
function textOf(e: Element): string {
  return all(e, "t")
    .filter((t) => t.parentElement?.localName !== "rPh")
    .map((t) => t.textContent)
    .join("");
}

function firstSheet(parts: Unzipped): string {
  const sheet = all(parse(parts, "xl/workbook.xml"), "sheet")[0];
  const id = [...(sheet?.attributes ?? [])].find((a) => a.localName === "id" && a.prefix)?.value;
  const relation = all(parse(parts, "xl/_rels/workbook.xml.rels"), "Relationship").find(
    (r) => r.getAttribute("Id") === id,
  );
  const target = relation?.getAttribute("Target") ?? "worksheets/sheet1.xml";
  return target.startsWith("/") ? target.slice(1) : `xl/${target}`;
}

/** AB12 → 27, the column from 0. */
export function columnOf(reference: string): number {
  const letters = /^[A-Z]{1,3}/.exec(reference)?.[0] ?? "";
  return Array.from(letters).reduce((n, c) => n * 26 + c.charCodeAt(0) - 64, 0) - 1;
}

function valueOf(c: Element, shared: readonly string[]): string {
  const value = all(c, "v")[0]?.textContent ?? "";
  switch (c.getAttribute("t")) {
    case "s":
      return shared[Number(value)] ?? "";
    case "inlineStr":
      return textOf(c);
    case "e":
      return "";
    case "str":
    case "b":
      return value;
    default:
      return value === "" ? "" : String(Number(value)); // 8.312E3, 8312.0
  }
}

function rowsOf(sheet: Document, shared: readonly string[]): string[][] {
  const rows: string[][] = [];
  for (const r of all(sheet, "row")) {
    const at = Number(r.getAttribute("r") ?? rows.length + 1) - 1;
    if (!(at >= rows.length && at < ROWS)) throw new NotASheet("rows");
    while (rows.length < at) rows.push([]);
    const row: string[] = [];
    for (const c of all(r, "c")) {
      const reference = c.getAttribute("r");
      const column = reference ? columnOf(reference) : row.length;
      if (column < 0 || column >= COLUMNS) continue;
      while (row.length < column) row.push("");
      row[column] = valueOf(c, shared).trim();
    }
    rows.push(row);
  }
  return rows;
}

export function readSheet(bytes: Uint8Array): string[][] {
  let parts: Unzipped;
  let size = 0;
  try {
    parts = unzipSync(bytes, {
      filter: (f) => {
        if (!WANTED.test(f.name)) return false;
        size += f.originalSize;
        if (size > BYTES) throw new NotASheet("size");
        return true;
      },
    });
  } catch (e) {
    throw e instanceof NotASheet ? e : new NotASheet(String(e));
  }
  const shared = parts["xl/sharedStrings.xml"]
    ? all(parse(parts, "xl/sharedStrings.xml"), "si").map(textOf)
    : [];
  return rowsOf(parse(parts, firstSheet(parts)), shared);
}
