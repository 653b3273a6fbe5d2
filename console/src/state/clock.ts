/** One tick a second for every clock on the page. */
import { signal } from "@preact/signals";
import { skewMs } from "./switchboard";

export const now = signal(Date.now());

export function startClock(): void {
  const tick = () => {
    now.value = Date.now();
    window.setTimeout(tick, 1000 - (now.value % 1000));
  };
  tick();
}

/** How long ago the server's time was, by the server's clock. */
export function since(serverMs: number): number {
  return Math.max(0, now.value + skewMs.value - serverMs);
}

export function minutes(ms: number): string {
  const s = Math.floor(ms / 1000);
  const m = Math.floor(s / 60);
  const two = (n: number) => String(n).padStart(2, "0");
  return m < 60 ? `${m}:${two(s % 60)}` : `${Math.floor(m / 60)}:${two(m % 60)}:${two(s % 60)}`;
}

export function timeOfDay(ms: number, seconds: boolean): string {
  const d = new Date(ms);
  const parts = [d.getHours(), d.getMinutes(), ...(seconds ? [d.getSeconds()] : [])];
  return parts.map((n) => String(n).padStart(2, "0")).join(":");
}
