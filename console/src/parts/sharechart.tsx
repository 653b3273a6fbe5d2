/** Each day's share within three rings as a line; under it a mark for every call that missed it. */
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Figures } from "../state/records";

const HEIGHT = 150;
const MARK = 5;
const GAP = 2;

const colour = (name: string) =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** So many of them stand one above the other; what doesn't fit is drawn as one long bar. */
function pile(u: uPlot, x: number, n: number, filled: boolean, shift: number): void {
  const ratio = uPlot.pxRatio;
  const { ctx, bbox } = u;
  const bottom = bbox.top + bbox.height;
  const most = Math.floor(bbox.height / 2 / ((MARK + GAP) * ratio));
  const width = 8 * ratio;
  const left = Math.round(u.valToPos(x, "x", true) + shift * 10 * ratio - width / 2);
  ctx.fillStyle = ctx.strokeStyle = colour(filled ? "--alarm-lamp" : "--edge");
  ctx.lineWidth = ratio;
  if (n > most) {
    ctx.fillRect(left, bottom - bbox.height / 2, width, bbox.height / 2);
    return;
  }
  for (let i = 0; i < n; i++) {
    const top = bottom - (i + 1) * (MARK + GAP) * ratio;
    if (filled) ctx.fillRect(left, top, width, MARK * ratio);
    else ctx.strokeRect(left + 0.5, top + 0.5, width - 1, MARK * ratio - 1);
  }
}

export function ShareChart({ figures, label }: { figures: Figures; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const days = figures.rows.filter((r) => r.sums.offered > 0);
    const x = days.map((r) => r.at_ms / 1000);
    const share = days.map((r) => (100 * r.sums.within) / r.sums.offered);
    const plot = new uPlot(
      {
        width: Math.max(200, host.clientWidth),
        height: HEIGHT,
        cursor: { show: false },
        legend: { show: false },
        scales: {
          y: { range: (_u, min) => [Math.min(90, min) - (100 - Math.min(90, min)), 100.5] },
        },
        axes: [
          {
            stroke: () => colour("--ink-3"),
            grid: { show: false },
            ticks: { show: false },
            values: (_u, at) => at.map((s) => String(new Date(s * 1000).getDate())),
          },
          {
            stroke: () => colour("--ink-3"),
            grid: { stroke: () => colour("--hairline") },
            ticks: { show: false },
            size: 44,
            values: (_u, at) => at.map((v) => (v >= 90 && v <= 100 ? String(v) : "")),
          },
        ],
        series: [
          {},
          {
            stroke: () => colour("--free-lamp"),
            width: 2,
            points: { show: true, size: 6, fill: () => colour("--free-lamp") },
          },
        ],
        hooks: {
          draw: [
            (u) => {
              for (const d of days) {
                pile(u, d.at_ms / 1000, d.sums.attendant, true, -0.5);
                pile(u, d.at_ms / 1000, d.sums.given_up, false, 0.5);
              }
            },
          ],
        },
      },
      [x, share],
      host,
    );
    const watch = new ResizeObserver(() =>
      plot.setSize({ width: Math.max(200, host.clientWidth), height: HEIGHT }),
    );
    watch.observe(host);
    // light or dark: colours are asked for at each drawing
    const theme = new MutationObserver(() => plot.redraw(false));
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      theme.disconnect();
      watch.disconnect();
      plot.destroy();
    };
  }, [figures]);
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}
