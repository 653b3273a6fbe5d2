/** How a message reached whom it is for: ways, attempts, what was confirmed; what the desk can do. */
import { Fragment } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { Dialog } from "../parts/dialog";
import { Form } from "../parts/form";
import { Lamp } from "../parts/lamp";
import {
  confirmMessage,
  type Delivery as Reached,
  deliveryFigures,
  type Figures,
  type Message,
  readDelivery,
  type Receipt,
  sendAgain,
  type Way,
} from "../state/messages";
import { stamp } from "../state/stamp";
import { messageNews } from "../state/switchboard";
import { t } from "../text";

const LAMPS = {
  waiting: "ringing",
  delivered: "idle",
  failed: "unreachable",
  ended: "unknown",
} as const;

const channel = (name: string) => (name ? t(`console.delivery.channel.${name}`) : "");

function OneWay({ way }: { way: Way }) {
  return (
    <li>
      <p class="lamped">
        <Lamp state={LAMPS[way.state]} />
        <b>{channel(way.channel)}</b> {way.name} <span class="m">{way.address}</span>
        <span>{t(`console.delivery.state.${way.state}`)}</span>
        {way.state === "waiting" && way.due_ms ? (
          <span class="m">{t("console.delivery.next", { when: stamp(way.due_ms) })}</span>
        ) : null}
      </p>
      <ol class="m">
        {way.attempts.map((a, i) => (
          <li key={i}>
            <span class="num">{stamp(a.at_ms)}</span> {t(`console.delivery.outcome.${a.outcome}`)}{" "}
            {a.detail}
          </li>
        ))}
      </ol>
    </li>
  );
}

function noteOf(r: Receipt): string {
  if (r.kind === "returned") return t(`console.delivery.why.${r.note ?? "late"}`);
  return r.note ?? "";
}

function Receipts({ receipts }: { receipts: readonly Receipt[] }) {
  return (
    <ol>
      {receipts.map((r, i) => (
        <li key={i} class={r.kind === "returned" ? "alarm" : undefined}>
          <span class="num">{stamp(r.at_ms)}</span> {t(`console.delivery.kind.${r.kind}`)}{" "}
          {channel(r.channel)} {r.by} <span class="m">{noteOf(r)}</span>
        </li>
      ))}
    </ol>
  );
}

/** What the desk owes (A5.7): shown where no message is open. */
export function DeliveryFigures() {
  const [figures, setFigures] = useState<Figures | undefined>();
  useEffect(() => {
    deliveryFigures()
      .then(setFigures)
      .catch(() => undefined); // without them the page does everything else
  }, [messageNews.value]);
  if (!figures) return null;
  const shown = {
    returned: figures.returned,
    late: figures.late,
    late_in: `${figures.late_in} / ${figures.kept}`,
  };
  return (
    <dl class="facts">
      {Object.entries(shown).map(([name, n]) => (
        <Fragment key={name}>
          <dt>{t(`console.delivery.figure.${name}`)}</dt>
          <dd class="num">{n}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

/** The recipient's own word, once it is read. */
export function Acted({ m, onDone }: { m: Message; onDone: () => void }) {
  const [said, setSaid] = useState(false);
  const [wrong, setWrong] = useState("");
  const act = async () => {
    try {
      await confirmMessage(m.id, "acted", "");
      setSaid(true);
      onDone();
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  return (
    <div class="kept">
      {said ? (
        <span role="status">{t("console.delivery.acted_done")}</span>
      ) : (
        <button type="button" class="btn" onClick={() => void act()}>
          {t("console.delivery.kind.acted")}
        </button>
      )}
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </div>
  );
}

export function Delivery({ m, onChanged }: { m: Message; onChanged: () => void }) {
  const [reached, setReached] = useState<Reached | undefined>();
  const [wrong, setWrong] = useState("");
  const [telling, setTelling] = useState(false);

  const read = async () => {
    try {
      setReached(await readDelivery(m.id));
      setWrong("");
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  useEffect(() => void read(), [m.id, m.heard_ms, messageNews.value]);

  const again = async () => {
    try {
      await sendAgain(m.id);
      await read();
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  return (
    <section class="delivery" aria-label={t("console.delivery.title")}>
      <h3>{t("console.delivery.title")}</h3>
      {reached &&
        (reached.ways.length ? (
          <ul>
            {reached.ways.map((way, i) => (
              <OneWay key={i} way={way} />
            ))}
          </ul>
        ) : (
          <p class="m">{t("console.delivery.no_way")}</p>
        ))}
      {reached && reached.receipts.length > 0 && <Receipts receipts={reached.receipts} />}
      {!m.heard_ms && (
        <div class="kept">
          <button type="button" class="btn" onClick={() => setTelling(true)}>
            {t("console.delivery.told")}
          </button>
          <button type="button" class="btn" onClick={() => void again()}>
            {t("console.delivery.again")}
          </button>
        </div>
      )}
      <p class="wrong" role="alert">
        {wrong}
      </p>
      {telling && (
        <Dialog title={t("console.delivery.told")} onClose={() => setTelling(false)}>
          <Form
            id="told"
            label={t("console.delivery.told")}
            fields={[{ name: "note", label: t("console.delivery.note"), maxLength: 120 }]}
            submit={t("console.delivery.told")}
            onSubmit={async (v) => {
              await confirmMessage(m.id, "told", v.note ?? "");
              setTelling(false);
              onChanged();
              await read();
            }}
          />
        </Dialog>
      )}
    </section>
  );
}
