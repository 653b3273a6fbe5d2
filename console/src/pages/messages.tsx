/** Messages (A3.8): for whom, from whom, received or not; opened by those who may; a new slip. */
import { useEffect, useState } from "preact/hooks";
import { DataTable, Opened } from "../parts/datatable";
import type { RowFilter } from "../parts/datatable_select";
import { Lamp } from "../parts/lamp";
import { spaced } from "../parts/rack";
import type { Column } from "../parts/table";
import { entries, loadEntries } from "../state/entries";
import { hasMore, listMessages, listWrong, type Message, messages } from "../state/messages";
import { go, param, withParams } from "../state/route";
import { hasDesk, me } from "../state/session";
import { stamp } from "../state/stamp";
import { messageNews } from "../state/switchboard";
import { t } from "../text";
import { DeliveryFigures } from "./messages_delivery";
import { MessageOpened } from "./messages_opened";
import { Slip } from "./messages_slip";

export function fromOf(m: Message): string {
  return [m.from_name, spaced(m.from_number)].filter(Boolean).join(" ") || t("console.withheld");
}

function Received({ m }: { m: Message }) {
  return m.heard_ms ? (
    <span class="lamped">
      <Lamp state="idle" />
      {stamp(m.heard_ms)}
    </span>
  ) : (
    <span class="lamped ring">
      <Lamp state="ringing" />
      <b class={m.returned ? "alarm" : undefined}>
        {t(m.returned ? "console.messages.returned" : "console.messages.not_received")}
      </b>
    </span>
  );
}

function columns(): Column<Message>[] {
  return [
    { head: t("console.messages.when"), cell: (m) => stamp(m.kept_ms), width: 17 },
    { head: t("console.messages.for"), cell: (m) => m.for.name },
    { head: t("console.messages.from"), cell: fromOf },
    {
      head: t("console.messages.urgency"),
      cell: (m) => (m.urgent ? <b class="alarm">{t("console.messages.urgent")}</b> : ""),
      width: 12,
    },
    {
      head: t("console.messages.voice"),
      cell: (m) =>
        m.sound_ms ? t("console.seconds", { n: Math.max(1, Math.round(m.sound_ms / 1000)) }) : "",
      width: 9,
      right: true,
    },
    { head: t("console.messages.received"), cell: (m) => <Received m={m} />, width: 21 },
    { head: t("console.clause"), cell: (m) => <span class="clause">{m.clause}</span>, width: 10 },
  ];
}

function filters(): RowFilter<Message>[] {
  const departments = (entries.value ?? []).filter((e) => e.kind === "department");
  return [
    {
      name: "state",
      label: t("console.messages.received"),
      options: [
        { value: "unheard", label: t("console.messages.not_received") },
        { value: "returned", label: t("console.messages.returned") },
      ],
    },
    {
      name: "department",
      label: t("console.messages.department"),
      options: departments.map((d) => ({ value: String(d.id), label: d.name })),
    },
  ];
}

export function Messages() {
  const who = me.value;
  const desk = who ? hasDesk(who) : false;
  const operator = who?.roles.includes("operator") ?? false;
  const [writing, setWriting] = useState(false);
  const listed = {
    state: param("state"),
    person: param("person"),
    department: param("department"),
  };
  const read = () => void listMessages(listed);
  // a message that came, was heard, or came back
  useEffect(read, [listed.state, listed.person, listed.department, messageNews.value]);
  useEffect(() => {
    if (desk) loadEntries().catch(() => undefined); // without it nobody can be picked, all else works
    window.addEventListener("focus", read);
    return () => window.removeEventListener("focus", read);
  }, [desk]);

  const open = messages.value?.find((m) => m.id === Number(param("item")));
  const wrong = listWrong.value;
  return (
    <main class="page">
      <DataTable
        caption={t("console.page.messages")}
        columns={columns()}
        rows={messages.value}
        rowKey={(m) => m.id}
        empty={t("console.messages.none")}
        wrong={wrong && (wrong.error.text || t("console.offline"))}
        filters={desk ? filters() : filters().slice(0, 1)}
        opens
        actions={
          operator && (
            <button
              type="button"
              class="btn"
              onClick={() => {
                go(withParams({ item: "" }));
                setWriting(true);
              }}
            >
              {t("console.messages.new")}
            </button>
          )
        }
        onMore={hasMore() ? () => void listMessages(listed, true) : undefined}
      />
      <Opened label={t("console.messages.opened")}>
        {open ? (
          <MessageOpened key={open.id} m={open} onOpened={read} />
        ) : writing ? (
          <Slip
            onDone={(id) => {
              setWriting(false);
              read();
              if (id) go(withParams({ item: String(id), state: "" }));
            }}
          />
        ) : (
          <>
            <p class="q">{t("console.messages.choose")}</p>
            {desk && <DeliveryFigures />}
          </>
        )}
      </Opened>
    </main>
  );
}
