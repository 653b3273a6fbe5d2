/** Times as they are read in a table and typed into a field. */
const two = (n: number) => String(n).padStart(2, "0");

/** 11-24 14:09; with the year when it is another. */
export function stamp(ms: number, nowMs = Date.now()): string {
  const d = new Date(ms);
  const day = `${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  const year = d.getFullYear() === new Date(nowMs).getFullYear() ? "" : `${d.getFullYear()}-`;
  return `${year}${day} ${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** For and from an input of type datetime-local: this place's time. 0 when it can't be read. */
export function toLocal(ms: number): string {
  const d = new Date(ms);
  const day = `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
  return `${day}T${two(d.getHours())}:${two(d.getMinutes())}`;
}
export function fromLocal(text: string): number {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(text) ? new Date(text).getTime() || 0 : 0;
}
/** Today, or tomorrow when that is past, at an hour. */
export function nextAt(hour: number, nowMs = Date.now()): number {
  const d = new Date(nowMs);
  d.setHours(hour, 0, 0, 0);
  if (d.getTime() <= nowMs) d.setDate(d.getDate() + 1);
  return d.getTime();
}
