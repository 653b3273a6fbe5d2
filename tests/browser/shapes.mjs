// What the server answers has the shape that api/openapi.yaml says:
//   node tests/browser/shapes.mjs BASE-URL NAME PASSWORD
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [base, name, password] = process.argv.slice(2);
const root = new URL("../..", import.meta.url).pathname;
const need = createRequire(root + "console/");
const { parse } = need("yaml");
const Ajv = need("ajv/dist/2020").default;
const api = parse(readFileSync(root + "api/openapi.yaml", "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(api, "api");

let passed = 0;
let failed = 0;
let cookie = "";

async function ask(method, path, template = path, body) {
  const r = await fetch(base + path, {
    method,
    headers: { cookie, ...(body ? { "content-type": "application/json" } : {}) },
    body: body && JSON.stringify(body),
  });
  cookie = r.headers.get("set-cookie")?.split(";")[0] ?? cookie;
  const operation = api.paths[template][method.toLowerCase()];
  let response = operation.responses[r.status] ?? operation.responses.default;
  if (response?.$ref) response = api.components.responses[response.$ref.split("/").at(-1)];
  const schema = response?.content?.["application/json"]?.schema;
  const value = r.headers.get("content-type") === "application/json" ? await r.json() : undefined;
  const wrong = [];
  if (!response) wrong.push(`status ${r.status} isn't described`);
  if (schema) {
    const at = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/'));
    const validate = ajv.compile(at);
    if (!validate(value)) wrong.push(...validate.errors.slice(0, 5).map((e) => `${e.instancePath} ${e.message}`));
  }
  if (wrong.length) console.log(`FAILED ${method} ${path} (${r.status})\n       ${wrong.join("\n       ")}`);
  else console.log(`ok     ${method} ${path} (${r.status})`);
  wrong.length ? failed++ : passed++;
  return { status: r.status, value };
}

await ask("GET", "/api/v1/session");
await ask("POST", "/api/v1/session", undefined, { name, password: password + "x" });
await ask("POST", "/api/v1/session", undefined, { name, password });
await ask("GET", "/api/v1/session");
const s = await ask("GET", "/api/v1/switchboard");
await ask("GET", "/api/v1/calls");
const no = s.value?.calls?.[0]?.no;
await ask("GET", `/api/v1/calls/${no ?? 1}`, "/api/v1/calls/{no}");
for (const list of ["legs", "registrations", "trunks", "people", "departments"]) await ask("GET", `/api/v1/${list}`);
const messages = await ask("GET", "/api/v1/messages");
const id = messages.value?.items?.[0]?.id ?? 1;
await ask("GET", `/api/v1/messages/${id}`, "/api/v1/messages/{id}");
await ask("GET", `/api/v1/messages/${id}/content`, "/api/v1/messages/{id}/content");
await ask("GET", `/api/v1/messages/${id}/sound`, "/api/v1/messages/{id}/sound");
const records = await ask("GET", "/api/v1/records");
await ask("GET", "/api/v1/records?limit=0", "/api/v1/records");
const record = records.value?.items?.[0]?.no ?? 1;
await ask("GET", `/api/v1/records/${record}`, "/api/v1/records/{no}");
await ask("DELETE", "/api/v1/session");
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
