/** The call in hand, read from top to bottom: who, what to say, where in the procedure, what now. */
import type { DeskCall, Entry } from "../api/desk";
import { minutes, since } from "../state/clock";
import { inHand, isLost, next } from "./board";
import { isPast } from "./bays";
import { form } from "./forms";
import {
  clauseOf,
  clausesOf,
  sentencesOf,
  servedBy,
  sizeOf,
  type StepMark,
  type Procedure,
  stepsOf,
} from "./phase";
import { notice } from "./commands";
import { about, clockOf, needsScreening, outcomeWord, sentence, targetName, who } from "./text";
import { chosen, phase } from "./view";
import { t } from "../text";
import { DeskBody } from "./body";
import { Mark } from "./marks";

/** Who hears whom, while somebody is consulted. */
function Legs({ call }: { call: DeskCall }) {
  const heard = phase.value === "consult";
  return (
    <div class="legs">
      <span class="leg">
        <b class="one">{who(call)}</b>
        <span class="one m">
          {t("console.desk.legs.music", { at: minutes(since(call.since_ms)) })}
        </span>
      </span>
      <svg class="cut" viewBox="0 0 92 24" aria-hidden="true">
        <path d="M0 12h32M60 12h32" stroke-dasharray="4 4" />
        <path d="m38 4 16 16M54 4 38 20" stroke-width="3" />
      </svg>
      <span class="you">{t("console.desk.legs.you")}</span>
      <svg class={heard ? "on" : "cut"} viewBox="0 0 92 24" aria-hidden="true">
        <path d="M0 12h92" stroke-dasharray={heard ? undefined : "4 4"} />
        {heard && <path d="M38 5v14M46 2v20M54 5v14" stroke-width="3" />}
      </svg>
      <span class="leg">
        <b class="one">
          {targetName(call)} <span class="whole">{call.target?.title}</span>
        </b>
        <span class="one m">
          {t(`console.desk.legs.${heard ? "answered" : "rings"}`, {
            at: minutes(since(call.since_ms)),
          })}
        </span>
      </span>
    </div>
  );
}

function Head({ call, tag }: { call: DeskCall | undefined; tag: string }) {
  if (call && (phase.value === "consult" || phase.value === "asking"))
    return (
      <section class="belt head" aria-label={t("console.desk.zone.consult")}>
        <h2 class="upright">{t("console.desk.zone.consult")}</h2>
        <div>
          <Legs call={call} />
        </div>
      </section>
    );
  const clock =
    call &&
    (call.bay === "in_hand" ? minutes(since(call.since_ms)).padStart(5, "0") : clockOf(call));
  return (
    <section class="belt head" aria-label={t("console.desk.zone.caller")}>
      <h2 class="upright">{t("console.desk.zone.caller")}</h2>
      <div>
        <h3 class="one">
          {call ? who(call) : t("console.desk.free")}{" "}
          <span class="m">{call?.caller.organisation}</span>
        </h3>
        <span class="clock num">{isLost.value ? "\u2014" : clock}</span>
        <p class="line one m">
          {tag && <span class="chip">{tag}</span>}
          {(call ? about(call) : [t("console.desk.free.how")]).map((x, i) => (
            <span key={i}>{x}</span>
          ))}
        </p>
      </div>
    </section>
  );
}

function SayZone() {
  const s = sentence();
  const label = t(`console.desk.zone.${s.label}`);
  const clauses = clausesOf(s.text);
  return (
    <section class="belt say" aria-label={label}>
      <h2 class="upright">{label}</h2>
      <div>
        <span class="clause">{s.clause === "house" ? t("console.desk.house") : s.clause}</span>
        <p
          class={`sentence ${sizeOf(clauses)}${/^[“"]/.test(s.text) ? " quoted" : ""}`}
          data-testid="sentence"
        >
          {sentencesOf(clauses).map((s, i) => (
            <span key={i}>
              {s.map((c, k) => (
                <span key={k}>{c}</span>
              ))}
            </span>
          ))}
        </p>
      </div>
    </section>
  );
}

function StepShape({ mark }: { mark: StepMark["mark"] }) {
  return (
    <svg class="at" viewBox="0 0 20 20" aria-hidden="true">
      {mark === "done" && (
        <>
          <circle cx="10" cy="10" r="9" />
          <path class="tick" d="m5.5 10.5 3 3 6-6.5" />
        </>
      )}
      {mark === "now" && (
        <>
          <circle class="ring" cx="10" cy="10" r="8" />
          <circle cx="10" cy="10" r="4" />
        </>
      )}
      {mark === "next" && <circle class="ring" cx="10" cy="10" r="8" />}
    </svg>
  );
}

/** The way to whom the letters have chosen. */
function wayTo(call: DeskCall, e: Entry): Procedure {
  if (needsScreening(call, e)) return "screening";
  return e.reach === "secretary" ? "to_secretary" : "ready";
}

const OUTCOME_OF: Partial<Record<string, Procedure>> = { "A4.1.2": "outcome", "A4.1.3": "asked" };
const FORM_STEPS: Partial<Record<string, Procedure>> = { message: "message", told: "telling" };

function waySteps(call: DeskCall): Procedure {
  const open = form.value?.call === call.no ? FORM_STEPS[form.value.kind] : undefined;
  if (open) return open;
  const now = phase.value ?? "talk";
  if (chosen.value && (now === "served" || now === "talk")) return wayTo(call, chosen.value);
  if (now === "served") return `served_${servedBy(call) ?? "told"}`;
  return now === "outcome" ? (OUTCOME_OF[clauseOf(call)] ?? "secretary") : now;
}

function stepsNow(): StepMark[] {
  if (inHand.value) return stepsOf(waySteps(inHand.value));
  return stepsOf(next.value && isPast(next.value) ? "past" : "next");
}

function stepText(s: StepMark, call: DeskCall | undefined): string {
  const chose = chosen.value && ["talk", "served"].includes(phase.value ?? "");
  const name = (chose ? chosen.value?.name : "") || (call ? targetName(call) : "");
  if (s.name === "outcome" && call) return outcomeWord(call);
  return t(`console.desk.step.${s.name}`, { name });
}

function Steps() {
  const lost = isLost.value;
  const call = inHand.value;
  return (
    <section class="belt steps" aria-label={t("console.desk.zone.steps")}>
      <h2 class="upright">{t("console.desk.zone.steps")}</h2>
      <div>
        <ol>
          {stepsNow().map((s) => {
            const mark = lost && s.mark === "now" ? "next" : s.mark;
            return (
              <li key={s.name} class={mark} aria-current={mark === "now" ? "step" : undefined}>
                <StepShape mark={mark} />
                <span class="vh">{t(`console.step.${mark}`)} </span>
                <b class="one">{stepText(s, call)}</b>
                <span class="clause one">
                  {s.clause === "house" ? t("console.desk.house") : s.clause}
                </span>
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}

function Notice() {
  const n = notice.value;
  return (
    <div class="notice" role="alert">
      {n && (
        <p>
          <Mark name="diamond" tone="ringing" /> {n.text} <span class="clause">{n.clause}</span>
        </p>
      )}
    </div>
  );
}

export function DeskCallZone() {
  const call = inHand.value;
  const shown = call ?? next.value;
  const tag = !shown
    ? ""
    : isLost.value
      ? t("console.desk.tag.lost")
      : call
        ? t(call.caller.trunk ? "console.desk.outside_call" : "console.desk.inside_call")
        : t(isPast(shown) ? "console.desk.tag.past" : "console.desk.tag.next");
  return (
    <section
      class={`desk-call${isLost.value ? " adrift" : ""}`}
      aria-label={t("console.desk.zone.call")}
    >
      <Head call={shown} tag={tag} />
      <SayZone />
      <Steps />
      <DeskBody />
      <Notice />
    </section>
  );
}
