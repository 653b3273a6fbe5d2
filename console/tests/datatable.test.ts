import { expect, test } from "vitest";
import { PAGE_ROWS, type RowFilter, selectRows } from "../src/parts/datatable_select";

interface Row {
  name: string;
  number: string;
}
const rows: Row[] = [
  { name: "Zhou", number: "8312" },
  { name: "", number: "12" },
  { name: "Li", number: "9" },
];
const short: RowFilter<Row> = {
  name: "length",
  label: "",
  options: [],
  keeps: (r, v) => String(r.number.length) === v,
};
const there: RowFilter<Row> = { name: "state", label: "", options: [] };
const key = (r: Row, sort: string) => (sort === "name" ? r.name : r.number);
const wanted = (more = {}) => ({ text: "", filters: {}, sort: "", page: 1, ...more });
const numbers = (w: Parameters<typeof selectRows<Row>>[1], filters: RowFilter<Row>[] = []) =>
  selectRows(rows, w, filters, (r, text) => r.name.toLowerCase().includes(text), key).rows.map(
    (r) => r.number,
  );

test("rows stay as they came without an order", () => {
  expect(numbers(wanted())).toEqual(["8312", "12", "9"]);
});
test("numbers in names of columns are counted, what is empty comes last both ways", () => {
  expect(numbers(wanted({ sort: "number" }))).toEqual(["9", "12", "8312"]);
  expect(numbers(wanted({ sort: "name" }))).toEqual(["9", "8312", "12"]);
  expect(numbers(wanted({ sort: "-name" }))).toEqual(["8312", "9", "12"]);
});
test("a filter keeps; one of the server's is left to it", () => {
  expect(numbers(wanted({ filters: { length: "1" } }), [short])).toEqual(["9"]);
  expect(numbers(wanted({ filters: { state: "unheard" } }), [there])).toHaveLength(3);
  expect(numbers(wanted({ text: " ZHOU " }))).toEqual(["8312"]);
});
test("a page that isn't there is the last one", () => {
  const many = Array.from({ length: PAGE_ROWS + 5 }, (_, i) => ({ name: "", number: String(i) }));
  const shown = selectRows(many, wanted({ page: 9 }), [], undefined, key);
  expect([shown.rows.length, shown.from, shown.found, shown.pages]).toEqual([5, 101, 105, 2]);
  expect(selectRows([], wanted(), [], undefined, key).from).toBe(0);
});
