/** Forms of a call: screening, complaint, message, what was told. In one place, saved while typing. */
import { useEffect, useRef } from "preact/hooks";
import type { DeskCall } from "../api/desk";
import { timeOfDay } from "../state/clock";
import { byKey, cards, instructions } from "./board";
import { commandOn } from "./commands";
import { allAnswered, answered, field, type FormKind, saved, write } from "./forms";
import { keyOf } from "./keys";
import { tellScreened } from "./moves";
import { offers } from "./offers";
import { outcomeWord } from "./text";
import { chosen, entryOf, special } from "./view";
import { t } from "../text";
import { TargetCard } from "./target";
import { Facts } from "./facts";

interface FieldProps {
  name: string;
  long?: boolean;
  known?: string;
  declines?: boolean;
  focus?: boolean;
  voice?: DeskCall;
}

function Decline({ name }: { name: string }) {
  const on = field(name).declined;
  return (
    <button
      type="button"
      class="btn"
      tabIndex={-1}
      aria-pressed={on}
      aria-label={`${t(`console.desk.field.${name}`)}: ${t("console.desk.declined")}`}
      onClick={() => write(name, { declined: !on })}
    >
      {t("console.desk.declined")}
    </button>
  );
}

function Field(p: FieldProps) {
  const value = field(p.name);
  const ref = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  useEffect(() => {
    const box = ref.current;
    if (!p.focus || !box) return;
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  }, []);
  const id = `slip-${p.name}`;
  const common = {
    id,
    ref,
    class: "in",
    value: value.text,
    readOnly: value.declined,
    placeholder: value.declined ? t("console.desk.declined") : "",
    autocomplete: "off",
    spellcheck: false,
    onInput: (e: { currentTarget: { value: string } }) =>
      write(p.name, { text: e.currentTarget.value }),
    onKeyDown: (e: FieldKey) => fieldKey(e, p.long ?? false, p.declines ? [p.name] : []),
  };
  return (
    <div class="line">
      <label for={id}>{t(`console.desk.field.${p.name}`)}</label>
      {p.long ? <textarea {...common} maxLength={2000} /> : <input {...common} maxLength={200} />}
      {p.declines && <Decline name={p.name} />}
      {p.voice && (
        <button type="button" class="btn" onClick={() => void speakMessage(p.voice)}>
          {t("console.desk.message.voice")}
        </button>
      )}
      {p.known && <span class="known one">{p.known}</span>}
    </div>
  );
}

/** Who calls, and from where: one line, one "won't say" for both. */
function Caller({ focus }: { focus?: boolean }) {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (focus) ref.current?.focus();
  }, []);
  const off = field("surname").declined && field("organisation").declined;
  const both = ["surname", "organisation"];
  const box = (name: string, more: object) => (
    <input
      {...more}
      class="in"
      value={field(name).text}
      readOnly={off}
      placeholder={t(`console.desk.field.${name}`)}
      maxLength={200}
      autocomplete="off"
      spellcheck={false}
      onInput={(e) => write(name, { text: e.currentTarget.value })}
      onKeyDown={(e) => fieldKey(e, false, both)}
    />
  );
  return (
    <div class="line">
      <label for="slip-surname">{t("console.desk.field.from")}</label>
      <div class="two-up">
        {box("surname", { id: "slip-surname", ref })}
        {box("organisation", {
          id: "slip-organisation",
          "aria-label": t("console.desk.field.organisation"),
        })}
      </div>
      <button
        type="button"
        class="btn"
        tabIndex={-1}
        aria-pressed={off}
        aria-label={`${t("console.desk.field.from")}: ${t("console.desk.declined")}`}
        onClick={() => decline(both)}
      >
        {t("console.desk.declined")}
      </button>
    </div>
  );
}

/** "Won't say" for all of them, or not any more. */
function decline(names: readonly string[]): void {
  const on = names.every((n) => field(n).declined);
  for (const n of names) write(n, { declined: !on });
}

type FieldKey = KeyboardEvent & { currentTarget: HTMLElement };
/** Enter in a line of text goes to the next one, with Shift it says that the caller won't say; while
    an input method composes it is the method's. */
function fieldKey(e: FieldKey, long: boolean, declines: readonly string[]): void {
  if (e.key !== "Enter" || e.isComposing || e.ctrlKey || e.altKey) return;
  if (e.shiftKey && declines.length) decline(declines);
  else if (long || e.shiftKey) return;
  e.preventDefault();
  const all = [...(e.currentTarget.closest(".slip")?.querySelectorAll<HTMLElement>(".in") ?? [])];
  all[all.indexOf(e.currentTarget) + 1]?.focus();
}

async function speakMessage(call: DeskCall | undefined): Promise<void> {
  const entry = byKey.value.get(field("for").text);
  if (!call || !entry) return;
  const target = entry.kind === "person" ? { person: entry.id } : { department: entry.id };
  await commandOn(call, "voice_message", { target });
}

function Saved({ hint }: { hint: string }) {
  const s = saved.value;
  const text =
    typeof s === "string"
      ? t(`console.desk.saved.${s}`)
      : t("console.desk.saved.at", { at: timeOfDay(s, true) });
  return (
    <p class="saved">
      <span class="one">{hint}</span>
      <span class="num end">{text}</span>
    </p>
  );
}

function Screening({ call }: { call: DeskCall }) {
  const target = byKey.value.get(field("for").text) ?? entryOf(call.target);
  const three = answered.value;
  useEffect(() => {
    const timer = window.setTimeout(() => void tellScreened(), 300);
    return () => window.clearTimeout(timer);
  }, [three.surname, three.organisation, three.matter]);
  const order = target && instructions.value.find((i) => i.person === target.id);
  return (
    <>
      <div class="slip">
        <Field name="surname" declines focus={!three.surname} />
        <Field name="organisation" declines focus={three.surname && !three.organisation} />
        <Field name="matter" long declines focus={three.surname && three.organisation} />
      </div>
      {target && (
        <TargetCard
          entry={target}
          more={order?.text ?? t("console.desk.no_order")}
          tail={
            <>
              {t(`console.desk.screening.${allAnswered.value ? "ready" : "then"}`)}{" "}
              <kbd class={allAnswered.value ? "go" : undefined}>{keyOf("consult")}</kbd>
            </>
          }
        />
      )}
      <Saved hint={t(`console.desk.screening.${call.caller.name ? "check" : "keys"}`)} />
    </>
  );
}

const URGENCIES = ["ordinary", "urgent"] as const;
function Urgency() {
  const now = field("urgency").text || "ordinary";
  return (
    <div class="line">
      <span class="lab">{t("console.desk.field.urgency")}</span>
      <div class="seg" role="group" aria-label={t("console.desk.field.urgency")}>
        {URGENCIES.map((u) => (
          <button
            key={u}
            type="button"
            class="btn"
            aria-pressed={u === now}
            onClick={() => write("urgency", { text: u })}
          >
            {t(`console.desk.urgency.${u}`)}
          </button>
        ))}
      </div>
    </div>
  );
}

function ForWhom({ call }: { call: DeskCall }) {
  const e = byKey.value.get(field("for").text);
  const failed = call.outcome !== "none" && call.outcome !== "answered";
  return (
    <div class="line">
      <span class="lab">{t("console.desk.field.for")}</span>
      <output class="in one">
        {e
          ? [e.name, e.title, e.number].filter(Boolean).join(" ")
          : t("console.desk.message.search")}
      </output>
      <span class="known one">{failed ? outcomeWord(call) : ""}</span>
    </div>
  );
}

function Message({ call }: { call: DeskCall }) {
  return (
    <>
      <div class="slip">
        <ForWhom call={call} />
        <Caller focus={!field("surname").text} />
        <Field name="number" known={t("console.desk.message.number")} />
        <Field name="matter" long focus={Boolean(field("surname").text)} voice={call} />
        <Field name="call_back" />
        <Urgency />
      </div>
      <Saved hint={t("console.desk.message.where")} />
    </>
  );
}

function Complaint({ call }: { call: DeskCall }) {
  const service = special("customer_service");
  return (
    <>
      <div class="slip">
        <Caller />
        <Field name="said" long focus known={t("console.desk.complaint.seen")} />
      </div>
      <Facts
        whole
        rows={cards.value.approved.slice(0, 2).map((c) => ({
          head: c.title || t("console.desk.complaint.explain"),
          text: c.text,
        }))}
      />
      {service && (
        <TargetCard
          entry={service}
          hot
          more={t("console.desk.complaint.with_note")}
          tail={
            <button type="button" class="plain" tabIndex={-1} onClick={offers.value.enter?.run}>
              <kbd class="go">{keyOf("complete")}</kbd> {t("console.desk.complaint.put")}
            </button>
          }
        />
      )}
      <Saved hint={call.caller.organisation} />
    </>
  );
}

function Told() {
  const e = chosen.value;
  return (
    <>
      <p class="m">{t(e ? "console.desk.told.say" : "console.desk.told.search")}</p>
      {e && <TargetCard entry={e} hot more={t(`console.desk.disclosure.${e.disclosure}`)} />}
      <div class="slip">
        <Field name="said" long />
      </div>
      <Saved hint={t("console.desk.told.kept_how")} />
    </>
  );
}

export function DeskSlip({ call, kind }: { call: DeskCall; kind: FormKind }) {
  switch (kind) {
    case "screening":
      return <Screening call={call} />;
    case "message":
      return <Message call={call} />;
    case "complaint":
      return <Complaint call={call} />;
    case "told":
    case "note":
      return <Told />;
  }
}
