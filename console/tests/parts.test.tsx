import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refusal } from "../src/api/client";
import { Form } from "../src/parts/form";
import { Table } from "../src/parts/table";
import { useLanguage } from "../src/text";

let root: HTMLElement;
beforeEach(async () => {
  await useLanguage("en");
  root = document.createElement("div");
  document.body.append(root);
});
afterEach(() => {
  render(null, root);
  root.remove();
});

const fields = [
  { name: "name", label: "Name", required: true },
  { name: "password", label: "Password", type: "password" as const, required: true },
];
async function submit(values: Record<string, string>) {
  for (const [k, v] of Object.entries(values))
    (root.querySelector(`[name=${k}]`) as HTMLInputElement).value = v;
  await act(async () => {
    root.querySelector("form")!.requestSubmit();
    await Promise.resolve();
  });
}

test("a form asks for what is missing and says where", async () => {
  const send = vi.fn(() => Promise.resolve());
  await act(() => render(<Form label="x" fields={fields} submit="go" onSubmit={send} />, root));
  await submit({ name: "limin" });
  expect(send).not.toHaveBeenCalled();
  const input = root.querySelector("[name=password]");
  expect(input?.getAttribute("aria-invalid")).toBe("true");
  expect(document.activeElement).toBe(input);
  expect(root.querySelector("#w-password")?.textContent).toBe("Please fill this in");
});

test("a form shows the server's refusal at its field", async () => {
  const error = { code: "bad_value", text: "not right", field: "name" };
  const send = () => Promise.reject(new Refusal(400, error));
  await act(() => render(<Form label="x" fields={fields} submit="go" onSubmit={send} />, root));
  await submit({ name: "limin", password: "x" });
  expect(root.querySelector("#w-name")?.textContent).toBe("not right");
});

test("a table is one, also when it is empty", async () => {
  const columns = [{ head: "No", cell: (r: { no: number }) => r.no, right: true }];
  const show = (rows: { no: number }[]) =>
    act(() =>
      render(
        <Table caption="c" columns={columns} rows={rows} rowKey={(r) => r.no} empty="none" />,
        root,
      ),
    );
  await show([]);
  expect(root.querySelector("td")?.textContent).toBe("none");
  await show([{ no: 4 }]);
  expect(root.querySelector("caption")?.textContent).toBe("c");
  expect([...root.querySelectorAll("td")].map((x) => x.textContent)).toEqual(["4"]);
});
