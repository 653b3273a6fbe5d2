/** The ways from one page to the others. */
import type { Me } from "../api/client";
import { pagesOf } from "../pages";
import { address } from "../state/route";
import { hasDesk } from "../state/session";
import { t } from "../text";

/** The ways to all pages; the first is where calls are. */
export function Ways({ who }: { who: Me }) {
  const first = who.roles.includes("operator") ? "console.page.desk" : "console.page.live";
  const ways = [
    ...(hasDesk(who) ? [{ path: "/", key: first }] : []),
    ...pagesOf(who).map(({ path, key }) => ({ path, key })),
  ];
  return (
    <nav class="ways" aria-label={t("console.pages")}>
      {ways.map((w) => (
        <a
          key={w.path}
          href={w.path}
          aria-current={address.value.pathname === w.path ? "page" : undefined}
        >
          {t(w.key)}
        </a>
      ))}
    </nav>
  );
}
