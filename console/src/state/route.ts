/** The address decides which page is shown, and what its tables are filtered by. */
import { signal } from "@preact/signals";

export const address = signal(new URL(window.location.href));

/** `to` is a path of ours, with its query. A filter replaces, another page is gone back from. */
export function go(to: string, replace = false): void {
  const url = new URL(to, window.location.href);
  if (url.href === address.value.href) return;
  if (replace) window.history.replaceState(null, "", url);
  else window.history.pushState(null, "", url);
  address.value = url;
}

/** Links within the console don't load it anew; those that a person opens elsewhere do. */
function follow(e: MouseEvent): void {
  if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey)
    return;
  const link = e.target instanceof Element ? e.target.closest("a") : null;
  if (!link || link.origin !== window.location.origin || link.target || link.download) return;
  if (link.getAttribute("href")?.startsWith("#")) return;
  e.preventDefault();
  go(link.href);
}

export function startRoutes(): void {
  window.addEventListener("popstate", () => (address.value = new URL(window.location.href)));
  document.addEventListener("click", follow);
}

export function param(name: string): string {
  return address.value.searchParams.get(name) ?? "";
}

/** Sets what is named and drops what is empty; the rest of the query stays. */
export function withParams(values: Record<string, string>): string {
  const url = new URL(address.value);
  for (const [k, v] of Object.entries(values))
    if (v) url.searchParams.set(k, v);
    else url.searchParams.delete(k);
  return url.pathname + url.search;
}
