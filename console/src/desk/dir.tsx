/** The directory: typed letters search at once; F3 opens a field in which an input method works. */
import { useEffect, useRef } from "preact/hooks";
import type { Entry } from "../api/desk";
import { dayOf, lampWord, reachWord } from "./text";
import { inHand, instructions } from "./board";
import { keyOf as signOf } from "./keys";
import { act } from "./act";
import { through } from "./moves";
import { offers } from "./offers";
import { keyOf } from "./search";
import { chosen, chosenKey, lampOf, listed, query, setQuery, typing } from "./view";
import { t } from "../text";
import { EntryLamp, Mark } from "./marks";

function ImeField() {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <input
      ref={box}
      class="typed"
      aria-label={t("console.desk.search")}
      value={query.value}
      autocomplete="off"
      spellcheck={false}
      data-search
      onInput={(e) => setQuery(e.currentTarget.value)}
      onBlur={() => (typing.value = false)}
    />
  );
}

function Find() {
  const q = query.value;
  const live = q !== "" || typing.value;
  return (
    <div class={`find${live ? " live" : ""}`}>
      <Mark name="find" />
      {typing.value ? (
        <ImeField />
      ) : q ? (
        <span class="typed" data-testid="query">
          {q}
        </span>
      ) : (
        <span class="q">{t("console.desk.search.hint")}</span>
      )}
      {q ? (
        <span class="n">{t("console.desk.found", { n: listed.value.total })}</span>
      ) : (
        <button type="button" tabIndex={-1} class="n" onClick={() => act("type")}>
          <kbd>{signOf("type")}</kbd>
          {t("console.desk.search.type")}
        </button>
      )}
    </div>
  );
}

function EntryRow({ entry, on, found }: { entry: Entry; on: boolean; found: boolean }) {
  const lamp = lampOf(entry);
  const call = inHand.value;
  const ref = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (on) ref.current?.scrollIntoView({ block: "nearest" });
  }, [on]);
  return (
    <li
      ref={ref}
      id={`entry-${keyOf(entry)}`}
      class={`entry${on ? " chosen" : ""}`}
      role="option"
      aria-selected={on}
      onClick={() => (chosenKey.value = keyOf(entry))}
      onDblClick={() => {
        if (call) void through(call, entry);
      }}
    >
      <EntryLamp kind={lamp.kind} />
      <span class="who one">
        <b class={found ? "hit" : undefined}>{entry.name}</b>
        <span class="m">{entry.title || (entry.kind === "person" ? entry.department : "")}</span>
      </span>
      <b class="ext num">{entry.number}</b>
      <span class={`st one word ${lamp.kind}`}>{lampWord(lamp, entry)}</span>
      <span class={entry.reach === "screened" || entry.reach === "secretary" ? "how ask" : "how"}>
        {reachWord(entry)}
      </span>
      {on && offers.value.enter && <kbd class="go">↵</kbd>}
    </li>
  );
}

function List() {
  const l = listed.value;
  const label = t(`console.desk.group.${l.group}`);
  return (
    <div class="list">
      <h3>{label}</h3>
      {l.dial && <p class="entry chosen dial">{t("console.desk.dial_this", { number: l.dial })}</p>}
      {l.entries.length > 0 && (
        <ul role="listbox" aria-label={label} tabIndex={-1}>
          {l.entries.map((e) => (
            <EntryRow key={keyOf(e)} entry={e} on={e === chosen.value} found={query.value !== ""} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Orders() {
  return (
    <section class="order" aria-label={t("console.desk.orders")}>
      <h3 class="upright">{t("console.desk.zone.order")}</h3>
      <ul>
        {instructions.value.slice(0, 2).map((i) => (
          <li key={i.id}>
            <span class="one">
              {i.given_by ? `${i.given_by}${t("console.desk.colon")}` : ""}
              {i.text}
            </span>
            <span class="q num">{t("console.desk.until", { at: dayOf(i.until_ms) })}</span>
          </li>
        ))}
        {instructions.value.length === 0 && <li class="q">{t("console.desk.orders.none")}</li>}
      </ul>
    </section>
  );
}

export function DeskDirectory() {
  const cards = [
    ["instruct", "order"],
    ["facts", "facts"],
    ["emergency", "emergency"],
  ] as const;
  return (
    <section class="desk-dir" aria-label={t("console.desk.directory")}>
      <Find />
      <List />
      <Orders />
      <div class="cards">
        {cards.map(([action, name]) => (
          <button key={action} type="button" tabIndex={-1} class="btn" onClick={() => act(action)}>
            <kbd>{signOf(action)}</kbd>
            {t(`console.desk.key.${name}`)}
          </button>
        ))}
      </div>
    </section>
  );
}
