/** The recordings of a call: that there are, who has listened; for the manager, with a reason, their sound. */
import { useState } from "preact/hooks";
import { Form } from "../parts/form";
import { Play } from "../parts/play";
import { clockOf, type Recording, soundOfCall } from "../state/records";
import { me } from "../state/session";
import { stamp } from "../state/stamp";
import { t } from "../text";

function Listen({ no, r, onOpened }: { no: number; r: Recording; onOpened: () => void }) {
  const [reason, setReason] = useState("");
  if (reason)
    return (
      <Play
        name={t("console.records.recording")}
        fetch={() =>
          soundOfCall(no, r.id, reason).then((sound) => {
            onOpened();
            return sound;
          })
        }
      />
    );
  return (
    <Form
      id={`recording-${r.id}`}
      label={t("console.records.recording")}
      fields={[
        { name: "reason", label: t("console.messages.reason"), required: true, maxLength: 120 },
      ]}
      submit={t("console.messages.open")}
      onSubmit={(v) => {
        setReason((v.reason ?? "").trim());
        return Promise.resolve();
      }}
    />
  );
}

function One({ no, r, onOpened }: { no: number; r: Recording; onOpened: () => void }) {
  const there = r.state !== "deleted";
  const manager = !!me.value?.roles.includes("manager");
  return (
    <>
      <dl class="facts">
        <dt>{t(`console.records.recording.${r.kind}`)}</dt>
        <dd class="num">{stamp(r.begun_ms)}</dd>
        <dt>{t("console.records.recording.state")}</dt>
        <dd>
          {t(`console.records.recording.${r.state}`)}
          {r.ms > 0 && ` · ${clockOf(r.ms)}`}
          {r.deleted_ms > 0 && ` · ${stamp(r.deleted_ms)}`}
        </dd>
        {r.openings.map((o) => (
          <>
            <dt>{t("console.records.recording.opened", { who: o.by })}</dt>
            <dd>
              <span class="num">{stamp(o.at_ms)}</span> {o.reason}
            </dd>
          </>
        ))}
      </dl>
      {there && manager && <Listen no={no} r={r} onOpened={onOpened} />}
      {there && !manager && <p class="m">{t("console.records.recording.closed")}</p>}
    </>
  );
}

export function Recordings({
  no,
  all,
  onOpened,
}: {
  no: number;
  all: readonly Recording[];
  onOpened: () => void;
}) {
  if (all.length === 0) return null;
  return (
    <section class="recordings">
      <h3>{t("console.records.recording")}</h3>
      {all.map((r) => (
        <One key={r.id} no={no} r={r} onOpened={onOpened} />
      ))}
    </section>
  );
}
