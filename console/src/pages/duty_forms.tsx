/** What is asked and given on the duty page. */
import { type Field, Form } from "../parts/form";
import { Picker } from "../parts/picker";
import { appoint, askStandin, giveInstruction } from "../state/duty";
import { picksFor, targetOf } from "../state/entries";
import { me } from "../state/session";
import { fromLocal, nextAt, toLocal } from "../state/stamp";
import { t } from "../text";

interface Props {
  onDone: () => void;
}

function personField(label: string): Field {
  return {
    name: "person",
    label,
    required: true,
    input: (p) => <Picker {...p} find={(text) => picksFor(text, "person")} />,
  };
}
function personOf(value: string | undefined): number {
  const to = targetOf(value ?? "");
  return "person" in to ? (to.person ?? 0) : 0;
}

export function AppointForm({ onDone }: Props) {
  return (
    <Form
      id="appoint"
      label={t("console.duty.appoint")}
      fields={[personField(t("console.duty.who"))]}
      submit={t("console.duty.appoint")}
      onSubmit={async (v) => {
        await appoint(personOf(v.person), "operator");
        onDone();
      }}
    />
  );
}

export function StandinForm({ onDone }: Props) {
  return (
    <Form
      id="standin"
      label={t("console.duty.ask")}
      fields={[
        personField(t("console.duty.who")),
        {
          name: "from_ms",
          label: t("console.duty.from"),
          type: "time",
          required: true,
          value: toLocal(Date.now()),
        },
        {
          name: "until_ms",
          label: t("console.duty.until"),
          type: "time",
          required: true,
          value: toLocal(nextAt(18)),
        },
        { name: "reason", label: t("console.duty.reason"), required: true, maxLength: 60 },
      ]}
      submit={t("console.duty.ask")}
      onSubmit={async (v) => {
        await askStandin({
          person: personOf(v.person),
          from_ms: fromLocal(v.from_ms ?? ""),
          until_ms: fromLocal(v.until_ms ?? ""),
          reason: v.reason ?? "",
        });
        onDone();
      }}
    />
  );
}

export function InstructionForm({ onDone }: Props) {
  return (
    <Form
      id="instruction"
      label={t("console.duty.instruct")}
      fields={[
        personField(t("console.duty.leader")),
        {
          name: "kind",
          label: t("console.duty.kind"),
          type: "choice",
          options: (["through", "refuse"] as const).map((k) => ({
            value: k,
            label: t(`console.duty.kind.${k}`),
          })),
        },
        {
          name: "name",
          label: t("console.duty.caller.name"),
          maxLength: 30,
          hint: t("console.duty.caller.hint"),
        },
        { name: "number", label: t("console.duty.caller.number"), maxLength: 31 },
        { name: "text", label: t("console.duty.said"), maxLength: 60 },
        {
          name: "given_by",
          label: t("console.duty.given_by"),
          required: true,
          maxLength: 30,
          value: me.value?.roles.includes("manager") ? (me.value.display_name ?? "") : "",
        },
        {
          name: "until_ms",
          label: t("console.duty.until"),
          type: "time",
          required: true,
          value: toLocal(nextAt(18)),
        },
      ]}
      submit={t("console.save")}
      onSubmit={async (v) => {
        await giveInstruction({
          person: personOf(v.person),
          kind: v.kind === "refuse" ? "refuse" : "through",
          number: (v.number ?? "").replace(/[\s()-]/g, ""),
          name: v.name ?? "",
          given_by: v.given_by ?? "",
          text: v.text ?? "",
          until_ms: fromLocal(v.until_ms ?? ""),
        });
        onDone();
      }}
    />
  );
}
