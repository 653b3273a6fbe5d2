/** Cards and lists that open over the directory; the call and its sentence stay in sight. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { addInstruction, type Card, dropInstruction, showSummary, type Summary } from "../api/desk";
import { timeOfDay } from "../state/clock";
import { board, cards, done, held, inHand, instructions, myNo, readInstructions } from "./board";
import { commandOn, duty, refuse } from "./commands";
import { ACTIONS, chordOf, keyMap, remap, signOf } from "./keys";
import { headset } from "./sound";
import { dayOf } from "./text";
import { chosen, panel, special } from "./view";
import { t } from "../text";
import { Facts } from "./facts";

function Shell(p: { title: string; children: ComponentChildren; wide?: boolean }) {
  const root = useRef<HTMLElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const own = root.current;
    const first = own?.querySelector<HTMLElement>("input, textarea, select, button.choice");
    (first ?? own)?.focus();
    return () => {
      // the locked page may have the focus by now
      const at = document.activeElement;
      if (at !== document.body && !own?.contains(at)) return;
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <aside
      ref={root}
      class={`panel${p.wide ? " wide" : ""}`}
      role="dialog"
      aria-label={p.title}
      tabIndex={-1}
    >
      <header>
        <h2>{p.title}</h2>
        <button type="button" class="btn" onClick={() => (panel.value = undefined)}>
          <kbd>Esc</kbd>
          {t("console.desk.key.back")}
        </button>
      </header>
      <div class="scroll-y" tabIndex={0} role="group" aria-label={p.title}>
        {p.children}
      </div>
    </aside>
  );
}

function CardList({ list, empty }: { list: readonly Card[]; empty: string }) {
  if (!list.length) return <p class="q">{t(empty)}</p>;
  return (
    <dl class="card-list">
      {list.map((c) => (
        <div key={c.title}>
          <dt>{c.title}</dt>
          <dd>
            {c.text} {c.number && <b class="num">{c.number}</b>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function endOf(time: string): number {
  const [h = 18, m = 0] = time.split(":").map(Number);
  const d = new Date();
  d.setHours(h, m, 0, 0);
  if (d.getTime() <= Date.now()) d.setDate(d.getDate() + 1);
  return d.getTime();
}

function Instruct() {
  const known = chosen.value?.kind === "person" ? chosen.value : special("general_manager");
  const [text, setText] = useState("");
  const [number, setNumber] = useState("");
  const [kind, setKind] = useState<"through" | "refuse">("refuse");
  const [until, setUntil] = useState("18:00");
  const send = async (e: Event) => {
    e.preventDefault();
    if (!known || !text.trim()) return;
    try {
      await addInstruction({
        person: known.id,
        kind,
        ...(number ? { number } : {}),
        given_by: known.name,
        until_ms: endOf(until),
        text: text.trim(),
      });
      setText("");
      await readInstructions();
    } catch (error) {
      refuse(error);
    }
  };
  return (
    <Shell title={t("console.desk.orders")}>
      <form class="slip" onSubmit={(e) => void send(e)}>
        <div class="line two">
          <span class="lab">{t("console.desk.order.by")}</span>
          <output class="in">
            {known ? `${known.name} ${known.title}` : t("console.desk.order.choose")}
          </output>
        </div>
        <div class="line two">
          <label for="o-text">{t("console.desk.order.said")}</label>
          <input
            id="o-text"
            class="in"
            maxLength={200}
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
          />
        </div>
        <div class="line two">
          <span class="lab">{t("console.desk.order.means")}</span>
          <div class="seg" role="group" aria-label={t("console.desk.order.means")}>
            {(["refuse", "through"] as const).map((k) => (
              <button
                key={k}
                type="button"
                class="btn"
                aria-pressed={k === kind}
                onClick={() => setKind(k)}
              >
                {t(`console.desk.order.${k}`)}
              </button>
            ))}
          </div>
        </div>
        <div class="line two">
          <label for="o-number">{t("console.desk.order.number")}</label>
          <input
            id="o-number"
            class="in num"
            maxLength={31}
            value={number}
            onInput={(e) => setNumber(e.currentTarget.value)}
          />
        </div>
        <div class="line two">
          <label for="o-until">{t("console.desk.order.until")}</label>
          <input
            id="o-until"
            class="in num"
            type="time"
            value={until}
            onInput={(e) => setUntil(e.currentTarget.value)}
          />
        </div>
        <button type="submit" class="btn prime">
          {t("console.desk.order.keep")}
        </button>
      </form>
      <ul class="orders">
        {instructions.value.map((i) => (
          <li key={i.id}>
            <span>
              <b>{i.given_by}</b> {i.text}{" "}
              <span class="q">{t("console.desk.until", { at: dayOf(i.until_ms) })}</span>
            </span>
            <button
              type="button"
              class="btn"
              onClick={() => void dropInstruction(i.id).then(readInstructions).catch(refuse)}
            >
              {t("console.desk.order.drop")}
            </button>
          </li>
        ))}
      </ul>
    </Shell>
  );
}

const CHANGING = /^(Shift|Control|Alt|Meta)/;
function Keys() {
  const [waits, setWaits] = useState<string | undefined>(undefined);
  const map = keyMap();
  const take = (action: (typeof ACTIONS)[number]) => (e: KeyboardEvent) => {
    if (waits !== action || CHANGING.test(e.key) || e.key === "Tab") return;
    e.preventDefault();
    e.stopPropagation();
    setWaits(undefined);
    if (e.key !== "Escape" && !/^(Key[A-Z]|Digit\d|Numpad\d)$/.test(chordOf(e)))
      remap(action, chordOf(e));
  };
  return (
    <Shell title={t("console.desk.key.help")} wide>
      <p class="q">{t("console.desk.keys.how")}</p>
      <ul class="keylist">
        {ACTIONS.map((a) => (
          <li key={a}>
            <span>
              {[...new Set(map[a].map(signOf))].map((s) => (
                <kbd key={s}>{s}</kbd>
              ))}
            </span>
            <span>{t(`console.desk.action.${a}`)}</span>
            <button
              type="button"
              class="btn"
              aria-label={`${t("console.desk.keys.change")} ${t(`console.desk.action.${a}`)}`}
              onClick={() => setWaits(a)}
              onKeyDown={take(a)}
              onBlur={() => setWaits(undefined)}
              data-takes-keys={waits === a ? "" : undefined}
            >
              {t(waits === a ? "console.desk.keys.press" : "console.desk.keys.change")}
            </button>
            <button
              type="button"
              class="btn"
              aria-label={`${t("console.desk.keys.default")} ${t(`console.desk.action.${a}`)}`}
              onClick={() => remap(a, undefined)}
            >
              {t("console.desk.keys.default")}
            </button>
          </li>
        ))}
      </ul>
    </Shell>
  );
}

const LEAVES = [15, 30, 60] as const;
function Away() {
  const [at, setAt] = useState("");
  const leave = async (untilMs: number) => {
    if (await duty({ act: "away", until_ms: untilMs })) panel.value = undefined;
  };
  const minutes = (n: number) => Date.now() + n * 60_000;
  return (
    <Shell title={t("console.desk.away.title")}>
      <p class="m">{t("console.desk.away.how")}</p>
      <div class="choices">
        {LEAVES.map((n) => (
          <button
            key={n}
            type="button"
            class="choice plain-row"
            onClick={() => void leave(minutes(n))}
          >
            <b>{t("console.desk.away.minutes", { n })}</b>
            <span class="m num">{timeOfDay(minutes(n), false)}</span>
          </button>
        ))}
      </div>
      <form
        class="line two"
        onSubmit={(e) => {
          e.preventDefault();
          void leave(at ? endOf(at) : 0);
        }}
      >
        <label for="away-at">{t("console.desk.away.at")}</label>
        <input
          id="away-at"
          class="in num"
          type="time"
          value={at}
          onInput={(e) => setAt(e.currentTarget.value)}
        />
        <button type="submit" class="btn">
          {t("console.desk.key.away")}
        </button>
      </form>
      {held.value.length > 0 && (
        <p class="m">{t("console.desk.away.held", { n: held.value.length })}</p>
      )}
    </Shell>
  );
}

function HandOver() {
  const [note, setNote] = useState("");
  const others = (board.value?.positions ?? []).filter(
    (p) => p.no !== myNo.value && p.state === "on",
  );
  const give = async (to: number) => {
    const call = inHand.value;
    if (call && (await commandOn(call, "hand_over", { to_position: to, note })))
      panel.value = undefined;
  };
  return (
    <Shell title={t("console.desk.key.hand_over")}>
      <div class="slip">
        <div class="line two">
          <label for="hand-note">{t("console.desk.field.note")}</label>
          <input
            id="hand-note"
            class="in"
            maxLength={80}
            value={note}
            onInput={(e) => setNote(e.currentTarget.value)}
          />
        </div>
      </div>
      <div class="choices">
        {others.map((p) => (
          <button key={p.no} type="button" class="choice plain-row" onClick={() => void give(p.no)}>
            <b>{p.name}</b>
            <span class="m">{t("console.desk.position", { n: p.no })}</span>
          </button>
        ))}
      </div>
      {others.length === 0 && <p class="q">{t("console.desk.hand_over.nobody")}</p>}
    </Shell>
  );
}

function Off() {
  const [s, setS] = useState<Summary | undefined>(undefined);
  useEffect(() => {
    showSummary().then(setS, refuse);
  }, []);
  const leave = async () => {
    if (!(await duty({ act: "off" }))) return;
    panel.value = undefined;
    void headset.value.disconnect();
  };
  const n = (x: number | undefined) => (x === undefined ? "\u2014" : String(x));
  return (
    <Shell title={t("console.desk.off.title")} wide>
      <Facts
        rows={[
          { head: t("console.desk.off.calls"), text: n(s?.calls) },
          { head: t("console.desk.figure.within_three"), text: n(s?.within_three) },
          { head: t("console.desk.figure.attendant"), text: n(s?.attendant) },
          { head: t("console.desk.off.given_up"), text: n(s?.given_up) },
          { head: t("console.desk.off.unheard"), text: n(s?.messages_unheard) },
        ]}
      />
      <h3>{t("console.desk.off.promises")}</h3>
      <Facts
        rows={(s?.promises ?? []).map((p) => ({
          head: timeOfDay(p.at_ms, false),
          text: p.name || p.number,
          tail: p.number,
        }))}
      />
      <p class="m">{t("console.desk.off.how", { n: done.value.length })}</p>
      <button type="button" class="btn prime big choice-end" onClick={() => void leave()}>
        {t("console.desk.off")}
      </button>
    </Shell>
  );
}

export function DeskPanel() {
  switch (panel.value) {
    case "instruct":
      return <Instruct />;
    case "facts":
      return (
        <Shell title={t("console.desk.key.facts")}>
          <CardList list={cards.value.facts} empty="console.desk.facts.none" />
        </Shell>
      );
    case "emergency":
      return (
        <Shell title={t("console.desk.key.emergency")}>
          <CardList list={cards.value.emergency} empty="console.desk.emergency.none" />
        </Shell>
      );
    case "help":
      return <Keys />;
    case "away":
      return <Away />;
    case "hand_over":
      return <HandOver />;
    case "off":
      return <Off />;
    case undefined:
      return null;
  }
}
