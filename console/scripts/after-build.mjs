// Packs what the server gives packed, and holds the first load to its limit.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT = 120_000;
const dist = new URL("../dist", import.meta.url).pathname;

function* files(dir) {
  for (const name of readdirSync(dir).sort()) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

const sizes = new Map();
for (const path of files(dist)) {
  if (path.includes("/.vite/") || !/\.(html|js|css|svg|json)$/.test(path)) continue;
  const packed = gzipSync(readFileSync(path), { level: 9 });
  writeFileSync(path + ".gz", packed);
  sizes.set(path.slice(dist.length + 1), packed.length);
}

// The first load: the page, what it loads at once with all that this imports, the largest language.
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
rmSync(join(dist, ".vite"), { recursive: true });
const atOnce = new Set(["index.html", "icon.svg"]);
function take(chunk) {
  if (atOnce.has(chunk.file)) return;
  for (const file of [chunk.file, ...(chunk.css ?? [])]) atOnce.add(file);
  for (const name of chunk.imports ?? []) take(manifest[name]);
}
take(manifest["index.html"]);
const langs = [...sizes].filter(([p]) => /assets\/(zh-CN|zh-TW|en)-/.test(p));
const first =
  [...atOnce].reduce((n, file) => n + (sizes.get(file) ?? 0), 0) +
  Math.max(0, ...langs.map(([, s]) => s));
for (const [path, size] of sizes) console.log(`${String(size).padStart(7)} B gzip  ${path}`);
console.log(`${String(first).padStart(7)} B gzip  first load, limit ${LIMIT}`);
if (first > LIMIT) process.exit(1);
