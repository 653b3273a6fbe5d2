// Holds api/openapi.yaml and the program's route table to each other, both ways:
//   node tests/house/openapi.mjs FILE-WITH-THE-ROUTES
// A route a line, as `fake_server --routes` writes it: method, path, operation, roles.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const root = new URL("../..", import.meta.url).pathname;
const { parse } = createRequire(root + "console/")("yaml");
const api = parse(readFileSync(root + "api/openapi.yaml", "utf8"));

let passed = 0;
let failed = 0;
function check(ok, text) {
  if (ok) passed++;
  else {
    failed++;
    console.log("FAILED " + text);
  }
}

const described = new Map();
for (const [path, item] of Object.entries(api.paths))
  for (const [method, operation] of Object.entries(item))
    described.set(`${method.toUpperCase()} ${path}`, operation);

const routes = new Map();
for (const line of readFileSync(process.argv[2], "utf8").trim().split("\n")) {
  const [method, path, operation, roles] = line.split(" ");
  routes.set(`${method} ${path}`, { operation, roles: roles === "-" ? [] : roles.split(",") });
}

for (const [key, route] of routes) {
  const operation = described.get(key);
  check(operation, `${key} isn't in openapi.yaml`);
  if (!operation) continue;
  check(operation.operationId === route.operation, `${key}: operation ${route.operation}`);
  const roles = operation["x-roles"] ?? [];
  check(String([...roles].sort()) === String([...route.roles].sort()), `${key}: roles ${route.roles}`);
  check(route.roles.length > 0 || operation.security?.length === 0, `${key} needs no session`);
  const named = [...key.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
  const params = (operation.parameters ?? [])
    .map((p) => (p.$ref ? api.components.parameters[p.$ref.split("/").at(-1)] : p))
    .filter((p) => p?.in === "path")
    .map((p) => p.name);
  check(String(named) === String(params), `${key}: path parameters ${params}`);
  check(operation.responses && operation.summary, `${key}: responses and summary`);
}
for (const key of described.keys()) check(routes.has(key), `${key} isn't in the route table`);

// every $ref leads somewhere
(function walk(node) {
  if (!node || typeof node !== "object") return;
  if (typeof node.$ref === "string") {
    const found = node.$ref
      .slice(2)
      .split("/")
      .reduce((o, k) => o?.[k], api);
    check(found, `${node.$ref} leads nowhere`);
  }
  Object.values(node).forEach(walk);
})(api);

// the console's types are those of the file
const types = readFileSync(root + "console/generated/schema.d.ts", "utf8");
for (const name of Object.keys(api.components.schemas))
  check(new RegExp(`\\b${name}: `).test(types), `console/generated/schema.d.ts lacks ${name}: npm run types`);

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
