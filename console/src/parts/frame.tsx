/** The frame of the quieter pages: name, ways to the other pages, account; a lost connection's bar. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { Me } from "../api/client";
import { hasDesk, me } from "../state/session";
import { company, follow, lostSince } from "../state/switchboard";
import { t } from "../text";
import { Account, Lost, Trouble } from "./topbar";
import { Ways } from "./ways";

export function Frame({ who, children }: { who: Me; children: ComponentChildren }) {
  const desk = hasDesk(who);
  useEffect(() => (desk ? follow(() => (me.value = null)) : undefined), [desk]);
  const lost = lostSince.value;
  return (
    <div class="quiet">
      <header class="top">
        <h1 class="one">
          {company.value || who.company || ""} {t("console.title")}
        </h1>
        <Ways who={who} />
        <div class="end">
          <Account who={who} />
        </div>
        {desk && lost !== undefined && <Lost since={lost} />}
        {desk && <Trouble />}
      </header>
      {children}
    </div>
  );
}
