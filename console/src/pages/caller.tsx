/** The sample company's telephone in the browser: no account, no desk. */
import { useEffect, useState } from "preact/hooks";
import { LanguageChoice, ThemeChoice } from "../parts/choices";
import { soundTrouble } from "../sound/headset";
import { Level } from "../sound/settings";
import {
  act,
  handset,
  hangUpWithPage,
  phone,
  possible,
  putAway,
  takePhone,
  wrong,
} from "../state/caller";
import type { Phone } from "../state/caller";
import { has, t } from "../text";
import "../style/caller.css";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const BEHAVIOURS = ["answer", "busy", "away"] as const;
const MAIN = "8000";
const SOME_NUMBER = "13800000000";

function Choose() {
  const [outside, setOutside] = useState(true);
  const [number, setNumber] = useState(SOME_NUMBER);
  const [extension, setExtension] = useState("");
  const take = () => void takePhone(outside ? "outside" : extension, outside ? number : "");
  return (
    <form
      class="take"
      onSubmit={(e) => {
        e.preventDefault();
        take();
      }}
    >
      <fieldset>
        <legend>{t("console.caller.as")}</legend>
        <label>
          <input type="radio" name="as" checked={outside} onChange={() => setOutside(true)} />
          {t("console.caller.outside")}
        </label>
        <label>
          <input type="radio" name="as" checked={!outside} onChange={() => setOutside(false)} />
          {t("console.caller.inside")}
        </label>
      </fieldset>
      {outside ? (
        <label class="field">
          {t("console.caller.own_number")}
          <input
            name="number"
            inputMode="tel"
            value={number}
            placeholder={t("console.caller.withheld")}
            onInput={(e) => setNumber(e.currentTarget.value)}
          />
        </label>
      ) : (
        <label class="field">
          {t("console.caller.extension")}
          <input
            name="extension"
            inputMode="numeric"
            required
            value={extension}
            onInput={(e) => setExtension(e.currentTarget.value)}
          />
        </label>
      )}
      <button type="submit" class="btn prime big">
        {t("console.caller.pick_up")}
      </button>
    </form>
  );
}

function reasonOf(p: Phone): string {
  const key = `console.caller.reason.${p.reason}`;
  return p.state === "ended" && p.reason ? t(has(key) ? key : "console.caller.reason.other") : "";
}

function Dial() {
  const [number, setNumber] = useState(MAIN);
  return (
    <form
      class="dial"
      onSubmit={(e) => {
        e.preventDefault();
        void act("call", { number });
      }}
    >
      <label class="field">
        {t("console.caller.to")}
        <input
          name="to"
          inputMode="tel"
          required
          value={number}
          onInput={(e) => setNumber(e.currentTarget.value)}
        />
      </label>
      <button type="submit" class="btn prime big">
        {t("console.caller.call")}
      </button>
    </form>
  );
}

function Keypad() {
  const press = (digit: string) => {
    if (!handset.value?.line.digit(digit)) void act("digit", { digit });
  };
  return (
    <div class="keys" role="group" aria-label={t("console.caller.keys")}>
      {KEYS.map((k) => (
        <button type="button" class="btn" key={k} onClick={() => press(k)}>
          {k}
        </button>
      ))}
    </div>
  );
}

function Act({ what, prime }: { what: string; prime?: boolean }) {
  return (
    <button
      type="button"
      class={prime ? "btn prime big" : "btn big"}
      onClick={() => void act(what)}
    >
      {t(`console.caller.${what}`)}
    </button>
  );
}

function Talk({ p }: { p: Phone }) {
  if (p.state === "ringing")
    return (
      <p class="line">
        {p.behaviour !== "away" && <Act what="answer" prime />}
        <Act what="refuse" />
      </p>
    );
  if (p.state === "calling" || p.state === "talking")
    return (
      <>
        <p class="line">
          <Act what="hang_up" prime />
          {p.state === "talking" && <Act what={p.held ? "retrieve" : "hold"} />}
        </p>
        {p.state === "talking" && <Keypad />}
      </>
    );
  return <Dial />;
}

function Behaviour({ p }: { p: Phone }) {
  return (
    <div class="seg" role="group" aria-label={t("console.caller.behaviour")}>
      {BEHAVIOURS.map((b) => (
        <button
          type="button"
          class="btn"
          key={b}
          aria-pressed={p.behaviour === b}
          onClick={() => void act("behave", { behaviour: b })}
        >
          {t(`console.caller.behaviour.${b}`)}
        </button>
      ))}
    </div>
  );
}

function Telephone({ p }: { p: Phone }) {
  const [level, setLevel] = useState(0);
  useEffect(() => handset.value?.watchLevel(setLevel), [handset.value]);
  return (
    <section class="telephone" data-state={p.state}>
      <h2>{p.number || t("console.caller.withheld")}</h2>
      <p class="state" role="status">
        <b>{t(`console.caller.state.${p.state}`)}</b>{" "}
        {p.state !== "idle" && [p.peer.number, p.peer.name].filter(Boolean).join(" ")} {reasonOf(p)}
      </p>
      <Talk p={p} />
      <Behaviour p={p} />
      <Level value={level} />
      {soundTrouble.value ? (
        <p role="alert">{t(soundTrouble.value)}</p>
      ) : (
        !p.sound && <p>{t("console.caller.no_sound")}</p>
      )}
      <button type="button" class="btn" onClick={() => void putAway()}>
        {t("console.caller.put_away")}
      </button>
    </section>
  );
}

export function CallerPage() {
  useEffect(hangUpWithPage, []);
  document.title = t("console.caller.title");
  return (
    <main class="caller">
      <h1>{t("console.caller.title")}</h1>
      <p>{t(possible.value ? "console.caller.about" : "console.caller.none")}</p>
      {phone.value ? <Telephone p={phone.value} /> : possible.value && <Choose />}
      {wrong.value && <p role="alert">{has(wrong.value) ? t(wrong.value) : wrong.value}</p>}
      <div class="choices">
        <LanguageChoice />
        <ThemeChoice />
      </div>
    </main>
  );
}
