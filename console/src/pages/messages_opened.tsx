/** One message: who it is for and from; what it says only once it has been opened (A1, A5.8). */
import { useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { Dialog } from "../parts/dialog";
import { Form } from "../parts/form";
import { Play } from "../parts/play";
import { type Message, type MessageContent, openMessage, soundOf } from "../state/messages";
import { me } from "../state/session";
import { stamp } from "../state/stamp";
import { t } from "../text";
import { fromOf } from "./messages";
import { Acted, Delivery } from "./messages_delivery";

/** Hearing is an opening, and is kept. */
function Voice({ m, part, reason }: { m: Message; part: string; reason: string }) {
  return (
    <Play name={t(`console.messages.play.${part}`)} fetch={() => soundOf(m.id, reason, part)} />
  );
}

function Content({ m, content, reason }: { m: Message; content: MessageContent; reason: string }) {
  const declined = (content.declined ?? "").split(" ");
  const text = (field: string, value: string | undefined) =>
    value || (declined.includes(field) ? t("console.messages.declined") : "—");
  return (
    <>
      <dl class="facts">
        <dt>{t("console.messages.organisation")}</dt>
        <dd>{text("organisation", content.organisation)}</dd>
        {content.call_back && (
          <>
            <dt>{t("console.messages.call_back")}</dt>
            <dd>{content.call_back}</dd>
          </>
        )}
      </dl>
      <h3>{t("console.messages.matter")}</h3>
      <p class="said">{text("matter", content.matter)}</p>
      {m.sound_ms > 0 && <Voice m={m} part="message" reason={reason} />}
      {content.screening && <Voice m={m} part="screening" reason={reason} />}
    </>
  );
}

export function MessageOpened({ m, onOpened }: { m: Message; onOpened: () => void }) {
  const [opened, setOpened] = useState<{ content: MessageContent; reason: string } | undefined>();
  const [asks, setAsks] = useState(false);
  const [wrong, setWrong] = useState("");
  const who = me.value;

  const open = async (reason: string) => {
    const content = await openMessage(m.id, reason);
    setOpened({ content, reason });
    setAsks(false);
    onOpened();
  };
  const first = async () => {
    setWrong("");
    try {
      await open("");
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      if (e.error.code.endsWith("reason_needed")) setAsks(true);
      else
        setWrong(
          [e.error.text || t("console.offline"), e.error.clause].filter(Boolean).join(" · "),
        );
    }
  };
  return (
    <>
      <h2>{t("console.messages.to", { name: m.for.name })}</h2>
      <dl class="facts">
        <dt>{t("console.messages.from")}</dt>
        <dd>{fromOf(m)}</dd>
        <dt>{t("console.messages.when")}</dt>
        <dd class="num">{stamp(m.kept_ms)}</dd>
        <dt>{t("console.messages.urgency")}</dt>
        <dd class={m.urgent ? "alarm" : undefined}>
          {t(m.urgent ? "console.messages.urgent" : "console.messages.ordinary")}
        </dd>
        <dt>{t("console.messages.received")}</dt>
        <dd>{m.heard_ms ? stamp(m.heard_ms) : t("console.messages.not_received")}</dd>
        {m.taken_by && (
          <>
            <dt>{t("console.messages.taken_by")}</dt>
            <dd>{m.taken_by}</dd>
          </>
        )}
        <dt>{t("console.clause")}</dt>
        <dd>{m.clause}</dd>
      </dl>
      <div aria-live="polite">
        {opened && <Content m={m} content={opened.content} reason={opened.reason} />}
        {opened && who?.person && who.person === m.for.person ? (
          <Acted m={m} onDone={onOpened} />
        ) : null}
      </div>
      {!opened && (
        <div class="kept">
          <span class="m">{t("console.messages.closed")}</span>
          <button type="button" class="btn" onClick={() => void first()}>
            {t("console.messages.open")}
          </button>
        </div>
      )}
      <p class="wrong" role="alert">
        {wrong}
      </p>
      {who && (who.roles.includes("operator") || who.roles.includes("manager")) && (
        <Delivery m={m} onChanged={onOpened} />
      )}
      {asks && (
        <Dialog title={t("console.messages.reason.title")} onClose={() => setAsks(false)}>
          <p class="m">{t("console.messages.reason.why")}</p>
          <Form
            id="reason"
            label={t("console.messages.reason.title")}
            fields={[
              {
                name: "reason",
                label: t("console.messages.reason"),
                required: true,
                maxLength: 120,
              },
            ]}
            submit={t("console.messages.open")}
            onSubmit={(v) => open(v.reason ?? "")}
          />
        </Dialog>
      )}
    </>
  );
}
