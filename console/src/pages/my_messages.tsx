/** My messages: what is new, read and done. Each opening is kept (A5.8). */
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { Form } from "../parts/form";
import { Play } from "../parts/play";
import { spaced } from "../parts/rack";
import {
  finishMine,
  listMine,
  mine,
  type MyMessage,
  type MyMessageContent,
  openMine,
  readMine,
  soundOfMine,
} from "../state/my";
import { param, withParams } from "../state/route";
import { stamp } from "../state/stamp";
import { t } from "../text";

const STATES = ["new", "read", "done", "all"] as const;
const AGAIN_MS = 30000;

function fromOf(m: MyMessage): string {
  return [m.from_name, spaced(m.from_number)].filter(Boolean).join(" ") || t("console.withheld");
}

/** A number that a telephone can call back: one tap. */
function CallBack({ number }: { number: string }) {
  if (!number) return null;
  return (
    <a class="btn" href={`tel:${number}`}>
      {t("console.my.call", { number: spaced(number) })}
    </a>
  );
}

interface OpenedProps {
  m: MyMessage;
  content: MyMessageContent;
  onChanged: () => void;
}
function Opened({ m, content, onChanged }: OpenedProps) {
  const declined = (content.declined ?? "").split(" ");
  const text = (field: string, value: string) =>
    value || (declined.includes(field) ? t("console.messages.declined") : "");
  const organisation = text("organisation", content.organisation);
  const matter = text("matter", content.matter);
  return (
    <div class="inside">
      {organisation && (
        <dl class="facts">
          <dt>{t("console.messages.organisation")}</dt>
          <dd>{organisation}</dd>
        </dl>
      )}
      <p class="said">{matter || t("console.my.only_voice")}</p>
      {m.sound_ms > 0 && (
        <Play name={t("console.messages.play.message")} fetch={() => soundOfMine(m.id)} />
      )}
      {content.call_back && (
        <dl class="facts">
          <dt>{t("console.messages.call_back")}</dt>
          <dd>{content.call_back}</dd>
        </dl>
      )}
      <CallBack number={m.from_number} />
      {m.done_ms ? (
        <p class="m">
          {t("console.my.done_at", { when: stamp(m.done_ms) })} {m.note}
        </p>
      ) : (
        <Form
          id={`done-${m.id}`}
          label={t("console.my.done")}
          focus={false}
          fields={[{ name: "note", label: t("console.my.note"), maxLength: 60 }]}
          submit={t("console.my.done")}
          onSubmit={async (v) => {
            await finishMine(m.id, v.note ?? "");
            onChanged();
          }}
        />
      )}
    </div>
  );
}

function Item({ m, onChanged }: { m: MyMessage; onChanged: () => void }) {
  const [content, setContent] = useState<MyMessageContent | undefined>();
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const toggle = async () => {
    if (content) {
      setContent(undefined);
      onChanged();
      return;
    }
    if (busy) return;
    setBusy(true);
    setWrong("");
    try {
      setContent(await openMine(m.id));
      void readMine();
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    } finally {
      setBusy(false);
    }
  };
  const shown = content ?? m;
  return (
    <li class={`message ${shown.state}`}>
      <button
        type="button"
        class="open"
        aria-expanded={content !== undefined}
        onClick={() => void toggle()}
      >
        <b>{fromOf(m)}</b>
        <span class={`tag ${shown.state}`}>{t(`console.my.state.${shown.state}`)}</span>
        <span class="m num">{stamp(m.kept_ms)}</span>
        {m.urgent && <b class="alarm">{t("console.messages.urgent")}</b>}
        {m.sound_ms > 0 && (
          <span class="m">
            {t("console.seconds", { n: Math.max(1, Math.round(m.sound_ms / 1000)) })}
          </span>
        )}
        {m.for.person !== mine.value?.person.id && <span class="m">{m.for.name}</span>}
      </button>
      <div aria-live="polite">
        {content && (
          <Opened
            m={content}
            content={content}
            onChanged={() => {
              setContent(undefined);
              onChanged();
            }}
          />
        )}
      </div>
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </li>
  );
}

function useMessages(state: string) {
  const [items, setItems] = useState<readonly MyMessage[] | undefined>();
  const [next, setNext] = useState<string | null>(null);
  const [wrong, setWrong] = useState("");
  const read = async (before: string | null, had: readonly MyMessage[]) => {
    try {
      const list = await listMine(state === "all" ? "" : state, before);
      const ids = new Set(had.map((m) => m.id));
      setItems([...had, ...list.items.filter((m) => !ids.has(m.id))]);
      setNext(list.next);
      setWrong("");
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  const anew = () => {
    void read(null, []);
    void readMine();
  };
  useEffect(() => {
    void read(null, []);
  }, [state]);
  return { items, next, wrong, anew, more: () => void read(next, items ?? []) };
}

export function MyMessages() {
  const state = STATES.find((s) => s === param("state")) ?? "new";
  const { items, next, wrong, anew, more } = useMessages(state);
  useEffect(() => {
    // what one is reading stays as it is
    const look = () => {
      if (!document.hidden && !document.querySelector(".message [aria-expanded=true]")) anew();
    };
    const timer = window.setInterval(look, AGAIN_MS);
    window.addEventListener("focus", look);
    return () => {
      window.clearInterval(timer);
      window.removeEventListener("focus", look);
    };
  }, [state]);
  return (
    <section aria-label={t("console.my.messages")}>
      <nav class="seg" aria-label={t("console.my.which")}>
        {STATES.map((s) => (
          <a
            key={s}
            class="btn"
            href={withParams({ state: s })}
            aria-current={s === state ? "true" : undefined}
          >
            {t(`console.my.state.${s}`)}
          </a>
        ))}
      </nav>
      <p class="wrong" role="alert">
        {wrong}
      </p>
      {items?.length === 0 && <p class="q">{t("console.my.no_messages")}</p>}
      <ul class="cards">
        {items?.map((m) => (
          <Item key={m.id} m={m} onChanged={anew} />
        ))}
      </ul>
      {next !== null && (
        <button type="button" class="btn" onClick={more}>
          {t("console.table.older")}
        </button>
      )}
    </section>
  );
}
