import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync("src/style/tokens.css", "utf8");

function tokens(block: RegExp): Map<string, string> {
  const body = block.exec(css)?.[1] ?? "";
  return new Map([...body.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((m) => [m[1]!, m[2]!]));
}
const light = tokens(/:root \{([^}]*)\}/);
const dark = tokens(/\[data-theme="dark"\] \{([^}]*)\}/);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const grounds = ["page", "pane", "card", "accent-tint"];
const pairs: [string, number, string[]][] = [
  ["ink", 7, [...grounds, "alarm-tint"]],
  ["ink-2", 7, grounds],
  ["ink-3", 4.5, grounds],
  ["accent", 7, ["card", "pane"]],
  ["accent-ink", 7, ["accent"]],
  ["free-text", 7, grounds],
  ["ring-text", 7, grounds],
  ["busy-text", 7, grounds],
  ["away-text", 7, ["pane", "card"]],
  ["alarm-text", 7, ["card", "alarm-tint"]],
  ["alarm-ink", 7, ["alarm-fill"]],
  ["free-lamp", 3, grounds],
  ["ring-lamp", 3, grounds],
  ["busy-lamp", 3, grounds],
  ["away-lamp", 3, grounds],
  ["edge", 3, grounds],
];

for (const [theme, map] of [
  ["light", light],
  ["dark", dark],
] as const)
  for (const [fore, least, on] of pairs)
    test(`${theme}: ${fore} has ${least}:1`, () => {
      for (const ground of on)
        expect(contrast(map.get(fore)!, map.get(ground)!), ground).toBeGreaterThanOrEqual(least);
    });
