/** An employee's own page: messages, where I am and where my calls go, my settings. */
import { useEffect } from "preact/hooks";
import { mine, mineWrong, readMine } from "../state/my";
import { param } from "../state/route";
import { t } from "../text";
import { Absence, Forwards } from "./my_day";
import { MyMessages } from "./my_messages";
import { Order, Pin, Reading } from "./my_settings";
import "../style/pages.css";
import "../style/my.css";

const TABS = ["messages", "day", "settings"] as const;

export function My() {
  useEffect(() => void readMine(), []);
  const my = mine.value;
  const wrong = mineWrong.value;
  const tab = TABS.find((x) => x === param("tab")) ?? "messages";
  if (!my)
    return (
      <main class="my">
        <p class="wrong" role="alert">
          {wrong && (wrong.error.text || t("console.offline"))}
        </p>
        {!wrong && <p class="q">{t("console.loading")}</p>}
      </main>
    );
  return (
    <main class="my">
      <header>
        <h1>{my.person.name}</h1>
        <p class="m">
          {[my.person.department, my.person.title, my.person.number].filter(Boolean).join(" · ")}
        </p>
      </header>
      <nav class="tabs" aria-label={t("console.my.parts")}>
        {TABS.map((x) => (
          <a key={x} href={`/my?tab=${x}`} aria-current={x === tab ? "page" : undefined}>
            {t(`console.my.${x}`)}
            {x === "messages" && my.new > 0 && <b class="count num">{my.new}</b>}
          </a>
        ))}
      </nav>
      {tab === "messages" && <MyMessages />}
      {tab === "day" && (
        <>
          <Absence my={my} />
          <Forwards my={my} />
        </>
      )}
      {tab === "settings" && (
        <>
          <Reading my={my} />
          <Order my={my} />
          <Pin my={my} />
        </>
      )}
    </main>
  );
}
