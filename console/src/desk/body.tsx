/** The lowest zone: what can be done, in the same place for every moment of a call. */
import type { ComponentChildren } from "preact";
import type { DeskCall, Entry } from "../api/desk";
import { minutes, since, timeOfDay } from "../state/clock";
import { calls, done, inHand, isLost, longCalls, next, owing } from "./board";
import { isPast } from "./bays";
import { form } from "./forms";
import { keyOf } from "./keys";
import { offers, type Place } from "./offers";
import { clauseOf, hasStandIn, servedBy } from "./phase";
import { dayOf, outcomeWord, rungName, shownAs, targetName, titled, who, whoFrom } from "./text";
import { chosen, ending, entryOf, onDuty, phase, rungOf } from "./view";
import { has, t } from "../text";
import { alsoAnswering, type Fact, Facts, Waiting } from "./facts";
import { Mark } from "./marks";
import { DeskSlip } from "./slip";
import { DeskStart } from "./start";
import { Choice, ChoiceRow, Extras } from "./choices";
import { RING_MS, TargetCard } from "./target";

function Free() {
  const rows = done.value.map(({ call, atMs }): Fact => {
    const last = call.steps.at(-1);
    const what = last && has(`step.${last.step}`) ? t(`step.${last.step}`) : "";
    return {
      head: timeOfDay(atMs, false),
      text: [whoFrom(call), targetName(call)].filter(Boolean).join(" \u2192 "),
      tail: what,
    };
  });
  const owed = owing.value;
  return (
    <>
      <h3>{t(next.value ? "console.desk.free.waiting" : "console.desk.free.none")}</h3>
      {owed.length > 0 && <h3>{t("console.desk.owing", { n: owed.length })}</h3>}
      <Facts
        rows={owed.map((o) => ({
          head: timeOfDay(o.atMs, false),
          text: t(`console.desk.owing.${o.what}`, { name: o.name }),
          tail: t(`console.desk.owing.tail.${o.what}`),
        }))}
      />
      <Facts rows={alsoAnswering()} />
      {longCalls.value.length > 0 && (
        <>
          <h3>{t("console.desk.long_calls")}</h3>
          <Facts
            rows={longCalls.value.map((c) => ({
              head: minutes(since(c.since_ms)),
              text: [whoFrom(c), targetName(c)].filter(Boolean).join(" \u2192 "),
              tail: "A3.10",
            }))}
          />
          <Extras />
        </>
      )}
      {rows.length > 0 && <h3>{t("console.desk.done")}</h3>}
      <Facts rows={rows} />
      <p class="q foot">{t("console.desk.free.search")}</p>
    </>
  );
}

function Past({ call }: { call: DeskCall }) {
  return (
    <>
      <h3>{t("console.desk.past.did")}</h3>
      <Facts
        rows={call.steps.slice(-5).map((s) => ({
          head: timeOfDay(s.at_ms, true),
          text: has(`step.${s.step}`) ? t(`step.${s.step}`) : s.step,
          tail: s.clause === "house" ? t("console.desk.house") : s.clause,
        }))}
      />
      <p class="m">{t("console.desk.past.counts")}</p>
      <p class="m foot">{t("console.desk.past.until")}</p>
    </>
  );
}

/** What came of a call before: whom it was for, how it ended, how long they talked. */
function pastFact(p: DeskCall["past"][number]): Fact {
  const outcome = t(`console.records.outcome.${p.outcome}`);
  return {
    head: dayOf(p.at_ms),
    text: p.target ? t("console.desk.past.for", { name: p.target, outcome }) : outcome,
    tail: p.talk_ms > 0 ? minutes(p.talk_ms) : undefined,
  };
}

function Before({ call }: { call: DeskCall }) {
  if (!call.past.length) return null;
  return (
    <>
      <h3>{t("console.desk.before", { name: who(call) })}</h3>
      <Facts rows={call.past.map(pastFact)} />
    </>
  );
}

function Talk({ call }: { call: DeskCall }) {
  const e = chosen.value;
  return (
    <>
      {e ? (
        <TargetCard entry={e} hot more={t("console.desk.will_show", { text: shownAs(call) })} />
      ) : (
        <p class="m">{t("console.desk.ask_whom")}</p>
      )}
      <Before call={call} />
      <Extras />
    </>
  );
}

/** A number that isn't in the directory, drawn like an entry of it. */
function dialledEntry(call: DeskCall): Entry {
  return {
    kind: "person",
    id: 0,
    name: targetName(call) || t("console.desk.outside_number"),
    readings: [],
    title: call.target?.title ?? "",
    department: "",
    number: call.target?.number ?? "",
    reach: "straight",
    disclosure: "none",
    disclosure_text: "",
  };
}

function Trying({ call }: { call: DeskCall }) {
  const wanted = entryOf(call.target) ?? dialledEntry(call);
  const e = rungOf(wanted);
  const shown = t("console.desk.shown", { text: shownAs(call) });
  const ms = Math.min(RING_MS, since(call.since_ms));
  const s = (n: number) => t("console.desk.seconds", { n: Math.floor(n / 1000) });
  return (
    <>
      <TargetCard
        entry={e}
        more={e === wanted ? shown : t("console.desk.rings_for", { name: titled(wanted) })}
        ringing={ms}
        tail={`${s(ms)} / ${s(RING_MS)}`}
      />
      {next.value ? (
        <Waiting />
      ) : (
        <Facts
          rows={[
            {
              head: t("console.desk.trying.now"),
              text: t("console.desk.trying.hears", { name: who(call) }),
            },
            { head: t("console.desk.trying.answered"), text: t("console.desk.trying.leaves") },
            {
              head: t("console.desk.trying.full", { s: s(RING_MS) }),
              text: t("console.desk.trying.back"),
            },
          ]}
        />
      )}
      <p class="foot">
        <button type="button" tabIndex={-1} class="btn big" onClick={offers.value.escape?.run}>
          <kbd>{keyOf("escape")}</kbd>
          <b>{t("console.desk.key.pull_back")}</b>
          <span class="m">{t("console.desk.trying.pull", { name: who(call) })}</span>
        </button>
      </p>
    </>
  );
}

/** What the caller came for is done: goodbye, or something else by letters. */
function Served({ call }: { call: DeskCall }) {
  const e = chosen.value;
  return (
    <>
      <p class="result">
        <Mark name="disc" tone="idle" />
        <b>{t(`console.desk.served.${servedBy(call) ?? "told"}`)}</b>
      </p>
      {e ? (
        <TargetCard entry={e} hot more={t("console.desk.will_show", { text: shownAs(call) })} />
      ) : (
        <div class="choices">
          <Choice no={1} place="enter" first hint={t("console.desk.hint.goodbye")} clause="A3.7" />
          <ChoiceRow
            no={2}
            sign="A–Z"
            hint={t("console.desk.hint.another")}
            clause="A4.1.2"
            offer={{ label: t("console.desk.key.else"), run: () => undefined }}
          />
        </div>
      )}
      <Extras />
    </>
  );
}

function Outcome({ call }: { call: DeskCall }) {
  const name = rungName(call);
  return (
    <>
      <p class="result">
        <Mark name="back" />
        <b>{t("console.desk.outcome_of", { name, outcome: outcomeWord(call) })}</b>
        <span class="m num">{call.target?.number}</span>
      </p>
      <div class="choices">
        <Choice
          no={1}
          place="message"
          first
          hint={t("console.desk.hint.message", { name })}
          clause={clauseOf(call)}
        />
        <ChoiceRow
          no={2}
          sign="A–Z"
          hint={t("console.desk.hint.another")}
          clause="A4.1.2"
          offer={{ label: t("console.desk.key.another"), run: () => undefined }}
        />
        {call.outcome === "busy" && <Choice no={3} place="hold" clause="house" />}
        <Choice no={call.outcome === "busy" ? 4 : 3} place="call_back" clause="house" />
        {hasStandIn(call) && <Choice no={4} place="gad" clause="A4.1.3" />}
      </div>
      {chosen.value && (
        <TargetCard
          entry={chosen.value}
          hot
          more={t("console.desk.will_show", { text: shownAs(call) })}
        />
      )}
      <Extras />
    </>
  );
}

function Consult({ call }: { call: DeskCall }) {
  const name = call.target?.title || targetName(call);
  const hint = (what: string) => t(`console.desk.hint.${what}`, { name: who(call) });
  if (phase.value === "asking")
    return (
      <>
        <h3>
          {t("console.desk.asking", {
            name: `${targetName(call)}\u00a0${call.target?.title ?? ""}`,
          })}
        </h3>
        <p class="m">{t("console.desk.consult.music", { name: who(call) })}</p>
      </>
    );
  return (
    <>
      <div class="choices">
        <Choice no={1} place="consult" hint={hint("agreed")} clause="A4.1.3" />
        <Choice no={2} place="message" hint={hint("refused")} clause="A4.1.3" />
        <Choice no={3} place="gad" hint={hint("other")} clause="house" />
        <Choice no={4} place="call_back" hint={hint("later")} clause="house" />
        <div class="pair">
          <Choice no={5} place="complaint" />
          <Choice no={6} place="hold" />
        </div>
      </div>
      <p class="m">{t("console.desk.consult.unheard", { name: who(call) })}</p>
      <p class="q foot">
        {t("console.desk.consult.rule", { name, number: call.target?.number ?? "" })}
      </p>
      <Extras />
    </>
  );
}

function Ending() {
  const places: Place[] = ["enter", "message", "complaint", "gad", "hold", "call_back"];
  return (
    <div class="choices">
      {places.map((p, i) => (
        <Choice key={p} no={i + 1} place={p} first={p === "enter"} />
      ))}
    </div>
  );
}

function Lost() {
  const rows = [...calls.value.values()].map((c): Fact => {
    const kind = c.bay === "in_hand" ? "hand" : c.bay === "held" ? "held" : "ringing";
    return { head: who(c), text: t(`console.desk.lost.${kind}`) };
  });
  return (
    <>
      <h3>{t("console.desk.lost.how")}</h3>
      <Facts rows={rows.slice(0, 6)} />
      <p class="m foot">{t("console.desk.lost.keys")}</p>
    </>
  );
}

function bodyOf(call: DeskCall | undefined): [label: string, body: ComponentChildren] {
  if (isLost.value) return ["lost", <Lost />];
  if (!onDuty.value) return ["start", <DeskStart />];
  if (!call && next.value && isPast(next.value)) return ["attendant", <Past call={next.value} />];
  if (!call) return ["todo", <Free />];
  if (ending.value) return ["ending", <Ending />];
  const f = form.value;
  switch (phase.value) {
    case "consult":
    case "asking":
      return ["opinion", <Consult call={call} />];
    case "trying":
      return ["rings", <Trying call={call} />];
    default:
      break;
  }
  if (f?.call === call.no) return [f.kind, <DeskSlip call={call} kind={f.kind} />];
  if (phase.value === "outcome") return ["choices", <Outcome call={call} />];
  if (phase.value === "served") return ["served", <Served call={call} />];
  return ["through", <Talk call={call} />];
}

export function DeskBody() {
  const [label, body] = bodyOf(inHand.value);
  const name = t(`console.desk.zone.${label}`);
  return (
    <section class="belt body" aria-label={name}>
      <h2 class="upright">{name}</h2>
      <div class="inner" key={label}>
        {body}
      </div>
    </section>
  );
}
