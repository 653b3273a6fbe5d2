import { useEffect } from "preact/hooks";
import type { Me } from "./api/client";
import { pagesOf } from "./pages";
import { DeskPage } from "./pages/desk";
import { MyEnter } from "./pages/my_enter";
import { SignIn } from "./pages/signin";
import { Frame } from "./parts/frame";
import { later } from "./parts/later";
import { TopBar } from "./parts/topbar";
import { Ways } from "./parts/ways";
import { followDesk } from "./desk/board";
import { address } from "./state/route";
import { hasDesk, isOperator, me } from "./state/session";
import { company } from "./state/switchboard";
import { t } from "./text";

const Live = later(async () => (await import("./pages/live")).Live);

/** An operator's desk is followed on whatever page they are: calls ring there too. */
function Following() {
  useEffect(() => followDesk(() => (me.value = null)), []);
  return null;
}

function Main({ who }: { who: Me }) {
  const path = address.value.pathname;
  const ways = pagesOf(who);
  // who has no desk begins with what is their own
  const first = path === "/" && !hasDesk(who);
  const page = ways.find((p) => p.path === path) ?? (first ? ways.find((p) => p.own) : undefined);
  if (page)
    return (
      <Frame who={who} key={page.path}>
        <page.component />
      </Frame>
    );
  if (isOperator(who) && path !== "/live") return <DeskPage who={who} />;
  const desk = hasDesk(who);
  return (
    <div class="console">
      {desk && (
        <a class="skip" href="#calls">
          {t("console.skip")}
        </a>
      )}
      <TopBar who={who} desk={desk} />
      {desk ? (
        <Live />
      ) : (
        <main class="call none">
          <p>{t("console.no_desk")}</p>
          <Ways who={who} />
        </main>
      )}
    </div>
  );
}

export function App() {
  const who = me.value;
  document.title = [company.value, t("console.title")].filter(Boolean).join(" ");
  if (who === undefined) return <p class="wait">{t("console.loading")}</p>;
  if (who === null) return address.value.pathname === "/my" ? <MyEnter /> : <SignIn />;
  return (
    <>
      {isOperator(who) && <Following />}
      <Main who={who} />
    </>
  );
}
