/** A message slip without a call: what was said at the counter, or to a colleague. */
import { useState } from "preact/hooks";
import { sendMessage, type Slip as NewMessage } from "../api/desk";
import { Form } from "../parts/form";
import { Picker } from "../parts/picker";
import { picksFor, targetOf } from "../state/entries";
import { requestName } from "../state/messages";
import { t } from "../text";

export function Slip({ onDone }: { onDone: (id?: number) => void }) {
  const [request] = useState(requestName);
  return (
    <>
      <h2>{t("console.messages.new")}</h2>
      <Form
        id="slip"
        label={t("console.messages.new")}
        fields={[
          {
            name: "for",
            label: t("console.messages.for"),
            required: true,
            input: (p) => <Picker {...p} find={(text) => picksFor(text)} />,
          },
          { name: "from_name", label: t("console.messages.from"), required: true, maxLength: 63 },
          { name: "organisation", label: t("console.messages.organisation"), maxLength: 63 },
          { name: "number", label: t("console.messages.number"), maxLength: 31 },
          {
            name: "matter",
            label: t("console.messages.matter"),
            type: "area",
            required: true,
            maxLength: 300,
          },
          { name: "call_back", label: t("console.messages.call_back"), maxLength: 63 },
          {
            name: "urgency",
            label: t("console.messages.urgency"),
            type: "choice",
            options: (["ordinary", "urgent"] as const).map((u) => ({
              value: u,
              label: t(`console.messages.${u}`),
            })),
          },
        ]}
        submit={t("console.messages.keep")}
        more={
          <button type="button" class="btn" onClick={() => onDone()}>
            {t("console.cancel")}
          </button>
        }
        onSubmit={async (v) => {
          const to = targetOf(v.for ?? "");
          const slip: NewMessage = {
            ...("person" in to ? { for_person: to.person } : {}),
            ...("department" in to ? { for_department: to.department } : {}),
            from_name: v.from_name ?? "",
            organisation: v.organisation ?? "",
            number: (v.number ?? "").replace(/[\s()-]/g, ""),
            matter: v.matter ?? "",
            call_back: v.call_back ?? "",
            urgency: v.urgency === "urgent" ? "urgent" : "ordinary",
            declined: [],
          };
          onDone((await sendMessage(slip, request)).id);
        }}
      />
    </>
  );
}
