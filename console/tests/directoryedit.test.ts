import { strToU8, zipSync } from "fflate";
import { expect, test } from "vitest";
import {
  changedCells,
  differences,
  fileOf,
  headingsOf,
  readingsOf,
} from "../src/state/directoryedit";
import { decodeText, parseCsv, recordsOf, writeCsv } from "../src/state/directoryedit_csv";
import { columnOf, NotASheet, readSheet } from "../src/state/directoryedit_xlsx";

test("CSV: quotes, line ends in cells, empty cells at the end", () => {
  expect(parseCsv('a,b\r\n"x ""y""\nz",\n,2\r')).toEqual([
    ["a", "b"],
    ['x "y"\nz', ""],
    ["", "2"],
  ]);
  expect(parseCsv("")).toEqual([]);
  expect(parseCsv("a")).toEqual([["a"]]);
  const rows = [["=1+1", 'q"', "c,d", "e\nf", ""]];
  expect(parseCsv(writeCsv(rows))).toEqual(rows);
});
test("CSV: a bracket of quotes that doesn't end doesn't hang", () => {
  expect(parseCsv('"' + "a,".repeat(2000)).length).toBeLessThan(3);
});
test("an export's guard against formulas is taken off", () => {
  expect(
    recordsOf([
      ["id", "name"],
      ["1", "'=SUM(A1)"],
      ["2", "O'Hara"],
    ]),
  ).toEqual([
    { id: "1", name: "=SUM(A1)" },
    { id: "2", name: "O'Hara" },
  ]);
});
test("text is UTF-8, with or without its mark, or what Excel writes in China", () => {
  expect(decodeText(new Uint8Array([0xef, 0xbb, 0xbf, 0x61]))).toBe("a");
  expect(decodeText(new TextEncoder().encode("张"))).toBe("张");
  expect(decodeText(new Uint8Array([0xd5, 0xc5]))).toBe("张");
});

const xml = (body: string) => strToU8(`<?xml version="1.0"?>${body}`);
const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
const REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
function book(sheet: string, more: Record<string, Uint8Array> = {}) {
  return zipSync({
    "xl/workbook.xml": xml(
      `<workbook ${MAIN} xmlns:r="${REL}"><sheets><sheet name="x" sheetId="1" r:id="rId7"/></sheets></workbook>`,
    ),
    "xl/_rels/workbook.xml.rels": xml(
      `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId7" Target="worksheets/sheet3.xml"/></Relationships>`,
    ),
    "xl/sharedStrings.xml": xml(
      `<sst ${MAIN}><si><t>name</t></si><si><r><t>张</t></r><r><t>三丰</t></r><rPh><t>x</t></rPh></si></sst>`,
    ),
    "xl/worksheets/sheet3.xml": xml(
      `<worksheet ${MAIN}><sheetData>${sheet}</sheetData></worksheet>`,
    ),
    ...more,
  });
}
test("a spreadsheet: shared and inline text, numbers, formulas, gaps", () => {
  const rows = readSheet(
    book(
      '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>number</t></is></c></row>' +
        '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="C3"><f>4156*2</f><v>8312.0</v></c><c r="D3" t="e"><v>#REF!</v></c></row>',
    ),
  );
  expect(rows).toEqual([["name", "", "number"], [], ["张三丰", "", "8312", ""]]);
  expect([columnOf("A1"), columnOf("Z9"), columnOf("AB12")]).toEqual([0, 25, 27]);
});
test("what is no spreadsheet is refused, not thrown about", () => {
  for (const bytes of [
    new Uint8Array(),
    strToU8("PK\u0003\u0004 no zip at all"),
    zipSync({ "a.txt": strToU8("x") }),
    book("<row r='1'><c></row>"),
    book('<row r="900000000"><c r="A1"><v>1</v></c></row>'),
    book("", { "xl/worksheets/sheet3.xml": xml('<!DOCTYPE a [<!ENTITY b "c">]><worksheet/>') }),
  ])
    expect(() => readSheet(bytes)).toThrow(NotASheet);
});

test("only what was changed is sent", () => {
  expect(changedCells({ id: "1", name: "a", title: "" }, { name: "a", title: "b" })).toEqual({
    title: "b",
  });
});
test("history is told cell by cell", () => {
  expect(
    differences({
      before: { id: 1, title: "a", name: "n", members: [1] },
      after: { id: 1, title: "b", name: "n", members: [1, 2] },
    }),
  ).toEqual([
    { column: "title", before: "a", after: "b" },
    { column: "members", before: "[1]", after: "[1,2]" },
  ]);
  expect(differences({ before: null, after: { name: "n" } })).toEqual([
    { column: "name", before: "", after: "n" },
  ]);
  expect(differences({ before: null, after: null })).toEqual([]);
});
test("a file's columns say which table it is for, in one's own language too", () => {
  expect(fileOf(["id", "number", "user"])).toBe("extensions");
  expect(fileOf(["id", "name", "members"])).toBe("departments");
  expect(fileOf(["id", "name"])).toBe("people");
  const label = (c: string) => ({ id: "编号", name: "姓名" })[c] ?? c;
  expect(headingsOf(["编号", " 姓名 ", "Title", "whatever"], label)).toEqual([
    "id",
    "name",
    "title",
    "whatever",
  ]);
});
test("several readings are written one a line", () => {
  expect(readingsOf(" Shan4  xiong2\n\ndan1 xiong2；")).toEqual(["shan4 xiong2", "dan1 xiong2"]);
});
