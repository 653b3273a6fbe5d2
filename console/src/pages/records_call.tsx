/** One call's page: who, when, what came of it, and the drawing of what happened. */
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { Sequence } from "../parts/sequence";
import { clockOf, type OneRecord, showRecord } from "../state/records";
import { stamp } from "../state/stamp";
import { t } from "../text";
import { callerOf } from "./records";
import { Recordings } from "./records_tape";

function Facts({ r }: { r: OneRecord }) {
  return (
    <dl class="facts">
      <dt>{t("console.records.when")}</dt>
      <dd class="num">{stamp(r.started_ms)}</dd>
      <dt>{t("console.records.dialled")}</dt>
      <dd class="num">{[r.dialled, r.chosen].filter(Boolean).join(" → ")}</dd>
      <dt>{t("console.records.target")}</dt>
      <dd>{r.target.name || "–"}</dd>
      <dt>{t("console.records.outcome")}</dt>
      <dd>{t(`console.records.outcome.${r.outcome}`)}</dd>
      {!!r.talk_ms && (
        <>
          <dt>{t("console.records.talked")}</dt>
          <dd class="num">{clockOf(r.talk_ms)}</dd>
        </>
      )}
      <dt>{t("console.clause")}</dt>
      <dd>{r.clause}</dd>
    </dl>
  );
}

export function RecordOpened({ no }: { no: number }) {
  const [record, setRecord] = useState<OneRecord | undefined>();
  const [wrong, setWrong] = useState("");
  const read = () =>
    showRecord(no).then(setRecord, (e: unknown) => {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    });
  useEffect(() => void read(), [no]);
  if (!record)
    return (
      <p class={wrong ? "wrong" : "q"} role={wrong ? "alert" : "status"}>
        {wrong || t("console.loading")}
      </p>
    );
  return (
    <article class="one-call">
      <h2>{callerOf(record)}</h2>
      <Facts r={record} />
      {record.steps.length > 0 ? (
        <Sequence record={record} label={t("console.records.drawing")} />
      ) : (
        <p class="q">{t("console.records.sealed")}</p>
      )}
      <Recordings no={no} all={record.recordings} onOpened={() => void read()} />
      {!!record.message && (
        <p class="kept">
          <span class="m">{t("console.records.has_message")}</span>
          <a class="btn" href={`/messages?item=${record.message}`}>
            {t("console.records.to_message")}
          </a>
        </p>
      )}
    </article>
  );
}
