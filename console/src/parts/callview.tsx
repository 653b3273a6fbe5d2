/** The chosen call: who, since when, on which line, for whom; and its path through Article 4. */
import type { Call } from "../api/client";
import { pathOf, type PathStep } from "../path";
import { minutes, since, timeOfDay } from "../state/clock";
import { chosen, lostSince, mainNumber } from "../state/switchboard";
import { has, t } from "../text";
import { Lamp, lampWord } from "./lamp";
import { callerName, lampOf, spaced } from "./rack";

function Head({ call, ended }: { call: Call; ended: boolean }) {
  const lost = lostSince.value !== undefined;
  const line = call.caller.trunk || t("console.extension_no", { number: call.caller.extension });
  const lamp = lampOf(call);
  return (
    <section class="zone head" aria-label={t("console.pane.caller")}>
      <h3 class="up">{t("console.pane.caller")}</h3>
      <div>
        <p class="who">
          <b class="one">{callerName(call)}</b>
          <span class="m one">{call.caller.name ? spaced(call.caller.number) : ""}</span>
          <span class="clock num">{lost || ended ? "—" : minutes(since(call.began_ms))}</span>
        </p>
        <p class="line">
          <span class="tag">{line}</span>
          <span>{call.dialled && t("console.dialled", { number: call.dialled })}</span>
          <span>
            {call.target.name &&
              t("console.looking_for", { name: `${call.target.name} ${call.target.number}` })}
          </span>
          <span class="lamped">
            {!ended && <Lamp state={lamp} />}
            {ended ? t("console.ended") : lampWord(lamp)}
          </span>
        </p>
      </div>
    </section>
  );
}

function Mark({ mark }: { mark: PathStep["mark"] }) {
  return (
    <svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
      {mark === "done" && (
        <>
          <circle cx="10" cy="10" r="9" />
          <path class="tick" d="m5.5 10.5 3 3 6-6.5" />
        </>
      )}
      {mark === "now" && (
        <>
          <circle class="ring" cx="10" cy="10" r="8" />
          <circle cx="10" cy="10" r="4.5" />
        </>
      )}
      {mark === "next" && <circle class="ring" cx="10" cy="10" r="8" />}
    </svg>
  );
}

function PathRow({ step }: { step: PathStep }) {
  const title = has(`clause.${step.clause}`) ? t(`clause.${step.clause}`) : "";
  return (
    <li class={step.mark} aria-current={step.mark === "now" ? "step" : undefined}>
      <time class="num">{step.atMs === undefined ? "" : timeOfDay(step.atMs, true)}</time>
      <Mark mark={step.mark} />
      <span class="one">
        <span class="vh">{t(`console.step.${step.mark}`)} </span>
        {t(`step.${step.step}`)} <span class="m">{step.text}</span>
      </span>
      <span class="clause" title={title}>
        {step.clause === "house" ? title : step.clause}
      </span>
    </li>
  );
}

export function CallView() {
  const c = chosen.value;
  if (!c)
    return (
      <main class="call none">
        <h2>{t("console.no_call")}</h2>
        <p class="m">{t("console.no_call.how", { number: mainNumber.value })}</p>
      </main>
    );
  return (
    <main class={`call${c.ended ? " ended" : ""}`}>
      <h2 class="vh">{callerName(c.call)}</h2>
      <Head call={c.call} ended={c.ended} />
      <section class="zone path" aria-label={t("console.pane.call")}>
        <h3 class="up">{t("console.pane.call")}</h3>
        <div class="scroll" tabIndex={0} role="group" aria-label={t("console.pane.call")}>
          <ol>
            {pathOf(c.call, c.ended).map((s, i) => (
              <PathRow key={i} step={s} />
            ))}
          </ol>
        </div>
      </section>
    </main>
  );
}
