/** Duty: operators (A2), stand-ins (A5.9), today's instructions (A4.1.3 e). */
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { dropInstruction } from "../api/desk";
import { Dialog } from "../parts/dialog";
import { Lamp } from "../parts/lamp";
import { Table } from "../parts/table";
import {
  appoint,
  decideStandin,
  type Instruction,
  instructions,
  loadDuty,
  operators,
  positionOf,
  positions,
  type Standin,
} from "../state/duty";
import { loadEntries } from "../state/entries";
import { me } from "../state/session";
import { stamp } from "../state/stamp";
import { t } from "../text";
import { AppointForm, InstructionForm, StandinForm } from "./duty_forms";
import "../style/pages.css";

type Act = (what: () => Promise<unknown>) => void;

function State({ person }: { person: number }) {
  const p = positionOf(person, positions.value);
  const here = p?.state === "on" || p?.state === "wrap_up";
  return (
    <span class="lamped">
      <Lamp state={!p || p.state === "off" ? "unreachable" : here ? "idle" : "dnd"} />
      {t(`console.duty.state.${p?.state ?? "off"}`)}
      {p && p.state !== "off" && <span class="q">{stamp(p.since_ms)}</span>}
    </span>
  );
}

function Appointed({ manager, act }: { manager: boolean; act: Act }) {
  const [adds, setAdds] = useState(false);
  const end = (person: number) => (
    <button type="button" class="btn" onClick={() => act(() => appoint(person, "employee"))}>
      {t("console.duty.dismiss")}
    </button>
  );
  return (
    <section>
      <h2>{t("console.duty.appointed")}</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("console.duty.appointed")}>
        <Table
          caption={t("console.duty.appointed")}
          columns={[
            { head: t("console.duty.who"), cell: (o) => <b>{o.name}</b> },
            { head: t("console.column.title"), cell: (o) => o.title },
            { head: t("console.column.number"), cell: (o) => o.number, width: 10 },
            { head: t("console.duty.account"), cell: (o) => o.account || "—", width: 14 },
            { head: t("console.duty.now"), cell: (o) => <State person={o.person} />, width: 28 },
            ...(manager
              ? [
                  {
                    head: t("console.duty.decide"),
                    cell: (o: { person: number }) => end(o.person),
                    width: 20,
                  },
                ]
              : []),
          ]}
          rows={operators.value?.appointed ?? []}
          rowKey={(o) => `${o.person} ${o.account}`}
          empty={operators.value ? t("console.duty.nobody") : t("console.loading")}
        />
      </div>
      {manager && (
        <div class="buttons">
          <button type="button" class="btn" onClick={() => setAdds(true)}>
            {t("console.duty.appoint")}
          </button>
        </div>
      )}
      {adds && (
        <Dialog title={t("console.duty.appoint")} onClose={() => setAdds(false)}>
          <AppointForm
            onDone={() => {
              setAdds(false);
              act(() => Promise.resolve());
            }}
          />
        </Dialog>
      )}
    </section>
  );
}

function decisionOf(s: Standin): string {
  return [t(`console.duty.standin.${s.in_force ? "in_force" : s.state}`), s.decided_by]
    .filter(Boolean)
    .join(" · ");
}

function Standins({ manager, act }: { manager: boolean; act: Act }) {
  const [asks, setAsks] = useState(false);
  const decide = (s: Standin) => {
    const over = s.until_ms < Date.now();
    if (over || s.state === "refused") return null;
    return (
      <span class="buttons">
        {s.state === "asked" && (
          <button type="button" class="btn" onClick={() => act(() => decideStandin(s.id, true))}>
            {t("console.duty.approve")}
          </button>
        )}
        <button type="button" class="btn" onClick={() => act(() => decideStandin(s.id, false))}>
          {t(s.state === "asked" ? "console.duty.refuse" : "console.duty.take_back")}
        </button>
      </span>
    );
  };
  return (
    <section>
      <h2>{t("console.duty.standins")}</h2>
      <p class="m">{t("console.duty.standins.rule")}</p>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("console.duty.standins")}>
        <Table
          caption={t("console.duty.standins")}
          columns={[
            { head: t("console.duty.who"), cell: (s) => <b>{s.name}</b>, width: 14 },
            {
              head: t("console.duty.time"),
              cell: (s) => `${stamp(s.from_ms)} – ${stamp(s.until_ms)}`,
              width: 28,
            },
            { head: t("console.duty.reason"), cell: (s) => s.reason },
            { head: t("console.duty.asked_by"), cell: (s) => s.asked_by, width: 12 },
            { head: t("console.duty.consent"), cell: decisionOf },
            ...(manager ? [{ head: t("console.duty.decide"), cell: decide, width: 20 }] : []),
          ]}
          rows={operators.value?.standins ?? []}
          rowKey={(s) => s.id}
          empty={operators.value ? t("console.duty.standins.none") : t("console.loading")}
        />
      </div>
      <div class="buttons">
        <button type="button" class="btn" onClick={() => setAsks(true)}>
          {t("console.duty.ask")}
        </button>
      </div>
      {asks && (
        <Dialog title={t("console.duty.ask")} onClose={() => setAsks(false)}>
          <StandinForm
            onDone={() => {
              setAsks(false);
              act(() => Promise.resolve());
            }}
          />
        </Dialog>
      )}
    </section>
  );
}

function Instructions({ act }: { act: Act }) {
  const [adds, setAdds] = useState(false);
  const whose = (i: Instruction) => [i.name, i.number].filter(Boolean).join(" ") || "—";
  return (
    <section>
      <h2>{t("console.duty.instructions")}</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("console.duty.instructions")}>
        <Table
          caption={t("console.duty.instructions")}
          columns={[
            { head: t("console.duty.leader"), cell: (i) => <b>{i.person_name}</b>, width: 14 },
            {
              head: t("console.duty.kind"),
              cell: (i) => t(`console.duty.kind.${i.kind}`),
              width: 14,
            },
            { head: t("console.duty.caller"), cell: whose },
            { head: t("console.duty.said"), cell: (i) => i.text },
            { head: t("console.duty.given_by"), cell: (i) => i.given_by, width: 12 },
            { head: t("console.duty.until"), cell: (i) => stamp(i.until_ms), width: 15 },
            {
              head: t("console.duty.end"),
              cell: (i) => (
                <button type="button" class="btn" onClick={() => act(() => dropInstruction(i.id))}>
                  {t("console.duty.take_back")}
                </button>
              ),
              width: 14,
            },
          ]}
          rows={instructions.value ?? []}
          rowKey={(i) => i.id}
          empty={instructions.value ? t("console.duty.instructions.none") : t("console.loading")}
        />
      </div>
      <div class="buttons">
        <button type="button" class="btn" onClick={() => setAdds(true)}>
          {t("console.duty.instruct")}
        </button>
      </div>
      {adds && (
        <Dialog title={t("console.duty.instruct")} onClose={() => setAdds(false)}>
          <InstructionForm
            onDone={() => {
              setAdds(false);
              act(() => Promise.resolve());
            }}
          />
        </Dialog>
      )}
    </section>
  );
}

export function Duty() {
  const manager = me.value?.roles.includes("manager") ?? false;
  const [wrong, setWrong] = useState("");
  /** Does it, then reads what the server now says. */
  const act: Act = (what) => {
    setWrong("");
    what()
      .then(loadDuty)
      .catch((e: unknown) => {
        if (!(e instanceof Refusal)) throw e;
        setWrong(
          [e.error.text || t("console.offline"), e.error.clause].filter(Boolean).join(" · "),
        );
      });
  };
  useEffect(() => {
    act(() => loadEntries());
    const again = () => act(() => Promise.resolve());
    window.addEventListener("focus", again);
    return () => window.removeEventListener("focus", again);
  }, []);
  return (
    <main class="plain">
      <p class="wrong" role="alert">
        {wrong}
      </p>
      <Appointed manager={manager} act={act} />
      <Standins manager={manager} act={act} />
      <Instructions act={act} />
    </main>
  );
}
