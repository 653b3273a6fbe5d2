import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";

const PREFIX = "virtual:lang/";
const KEPT = ["console.", "step.", "clause.", "figure.", "report."];

/** The console's share of lang/: a chunk for each language. */
function lang(): Plugin {
  return {
    name: "lang",
    resolveId: (id) => (id.startsWith(PREFIX) ? "\0" + id : undefined),
    load(id) {
      if (!id.startsWith("\0" + PREFIX)) return undefined;
      const file = resolve(__dirname, "../lang", id.slice(PREFIX.length + 1) + ".json");
      this.addWatchFile(file);
      const all = JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
      const ours = Object.entries(all).filter(([key]) => KEPT.some((p) => key.startsWith(p)));
      return `export default ${JSON.stringify(Object.fromEntries(ours))}`;
    },
  };
}

export default defineConfig({
  plugins: [lang()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    target: ["chrome108", "firefox115", "safari16"],
    modulePreload: { polyfill: false },
    manifest: true, // for scripts/after-build.mjs, which takes it away
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
  test: { environment: "jsdom" },
} as Parameters<typeof defineConfig>[0]);
