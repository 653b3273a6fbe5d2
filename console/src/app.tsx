import { pagesOf } from "./pages";
import { Live } from "./pages/live";
import { SignIn } from "./pages/signin";
import { Frame } from "./parts/frame";
import { TopBar } from "./parts/topbar";
import { Ways } from "./parts/ways";
import { address } from "./state/route";
import { hasDesk, me } from "./state/session";
import { company } from "./state/switchboard";
import { t } from "./text";

export function App() {
  const who = me.value;
  document.title = [company.value, t("console.title")].filter(Boolean).join(" ");
  if (who === undefined) return <p class="wait">{t("console.loading")}</p>;
  if (who === null) return <SignIn />;
  const page = pagesOf(who).find((p) => p.path === address.value.pathname);
  if (page)
    return (
      <Frame who={who} key={page.path}>
        <page.component />
      </Frame>
    );
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
