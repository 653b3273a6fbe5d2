import { Live } from "./pages/live";
import { SignIn } from "./pages/signin";
import { TopBar } from "./parts/topbar";
import { hasDesk, me } from "./state/session";
import { company } from "./state/switchboard";
import { t } from "./text";

export function App() {
  const who = me.value;
  document.title = [company.value, t("console.title")].filter(Boolean).join(" ");
  if (who === undefined) return <p class="wait">{t("console.loading")}</p>;
  if (who === null) return <SignIn />;
  const desk = hasDesk(who);
  return (
    <div class="console">
      {desk && (
        <a class="skip" href="#calls">
          {t("console.skip")}
        </a>
      )}
      <TopBar who={who} desk={desk} />
      {desk ? <Live /> : <main class="call none">{t("console.no_desk")}</main>}
    </div>
  );
}
