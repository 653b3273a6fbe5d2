/** The locked page: when one is back, counts, no name and no number; a password opens it. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Me } from "../api/client";
import { now, timeOfDay } from "../state/clock";
import { calls, mine } from "./board";
import { duty, refuse } from "./commands";
import { enter } from "../state/session";
import { t } from "../text";

export function DeskAway({ who }: { who: Me }) {
  const [password, setPassword] = useState("");
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  const until = mine.value?.until_ms ?? 0;
  const left = Math.max(0, Math.ceil((until - now.value) / 60_000));
  const name = who.display_name ?? who.name;
  const count = (bays: string[]) =>
    [...calls.value.values()].filter((c) => bays.includes(c.bay)).length;
  const back = async (e: Event) => {
    e.preventDefault();
    try {
      await enter(who.name, password);
      await duty({ act: "back" });
    } catch (error) {
      setPassword("");
      refuse(error);
    }
  };
  return (
    <section class="desk-away">
      <p class="l">{t("console.desk.away.who", { name })}</p>
      <p class="t num">{until ? timeOfDay(until, false) : "\u2014"}</p>
      <p class="l">
        {t("console.desk.away.back")}{" "}
        {until > 0 && <span class="m">{t("console.desk.away.left", { n: left })}</span>}
      </p>
      <form onSubmit={(e) => void back(e)}>
        <input
          ref={box}
          class="in"
          type="password"
          autocomplete="current-password"
          aria-label={t("console.desk.away.password", { name })}
          placeholder={t("console.desk.away.password", { name })}
          value={password}
          onInput={(e) => setPassword(e.currentTarget.value)}
        />
        <button type="submit" class="btn">
          <kbd>Enter</kbd>
          {t("console.desk.key.return")}
        </button>
      </form>
      <p class="count">
        <span>
          {t("console.desk.away.attendant")} <b>{count(["attendant", "ringing"])}</b>
        </span>
        <span>
          {t("console.desk.bay.held")} <b>{count(["held", "parked"])}</b>
        </span>
        <span>
          {t("console.desk.bay.returned")} <b>{count(["returned"])}</b>
        </span>
      </p>
    </section>
  );
}
