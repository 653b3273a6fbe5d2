/** How my name is read, in which order my messages are brought, my PIN. */
import { useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { type Field, Form } from "../parts/form";
import { Play } from "../parts/play";
import {
  type Channel,
  type Mine,
  moved,
  setOrder,
  setPin,
  setReadings,
  soundOfReading,
} from "../state/my";
import { t } from "../text";

const readingOf = (text: string) => text.toLowerCase().replace(/\s+/g, " ").trim();

export function Reading({ my }: { my: Mine }) {
  const [typed, setTyped] = useState(my.reading.spoken);
  const [kept, setKept] = useState(false);
  return (
    <section aria-labelledby="my-reading">
      <h2 id="my-reading">{t("console.my.reading")}</h2>
      <p class="m">
        {t("console.my.reading.found", {
          initials: my.reading.initials,
          letters: my.reading.letters,
        })}
      </p>
      <Form
        id="reading"
        label={t("console.my.reading")}
        focus={false}
        fields={[
          {
            name: "readings",
            label: t("console.my.reading.spoken"),
            value: my.reading.spoken,
            required: true,
            maxLength: 120,
            hint: t("console.my.reading.hint"),
          },
          {
            name: "other",
            label: t("console.my.reading.other"),
            value: my.reading.others[0] ?? "",
            maxLength: 120,
            hint: t("console.my.reading.other.hint"),
          },
        ]}
        onInput={(v) => {
          setTyped(readingOf(v.readings ?? ""));
          setKept(false);
        }}
        submit={t("console.save")}
        onSubmit={async (v) => {
          const all = [readingOf(v.readings ?? ""), readingOf(v.other ?? "")];
          await setReadings([...all.filter(Boolean), ...my.reading.others.slice(1)]);
          setKept(true);
        }}
        more={
          <Play
            key={typed}
            name={t("console.my.reading.hear")}
            fetch={() => soundOfReading(typed)}
          />
        }
      />
      <p class="m" role="status">
        {kept ? t("console.my.kept") : ""}
      </p>
    </section>
  );
}

/** Every way that there is an address for, the chosen ones first. */
function orderOf(my: Mine): Channel[] {
  const order = my.order.filter((w) => my.ways.includes(w));
  // without an order nobody waits at the page, and nobody is called
  return order.length > 0 ? order : my.ways.filter((w) => w !== "page" && w !== "call");
}

export function Order({ my }: { my: Mine }) {
  const [wrong, setWrong] = useState("");
  const order = orderOf(my);
  const others = my.ways.filter((w) => !order.includes(w));
  const set = async (next: Channel[]) => {
    setWrong("");
    try {
      await setOrder(next);
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  const name = (w: Channel) => t(`console.delivery.channel.${w}`);
  return (
    <section aria-labelledby="my-order">
      <h2 id="my-order">{t("console.my.order")}</h2>
      <p class="m">{t("console.my.order.why")}</p>
      <ol class="by">
        {order.map((w, i) => (
          <li key={w}>
            <span>
              {i + 1}. {name(w)} {w === "mail" && <span class="m">{my.mail}</span>}
            </span>
            <button
              type="button"
              class="btn"
              disabled={i === 0}
              aria-label={t("console.my.order.up", { way: name(w) })}
              onClick={() => void set(moved(order, i, -1))}
            >
              <span aria-hidden="true">↑</span>
            </button>
            <button
              type="button"
              class="btn"
              disabled={order.length === 1}
              aria-label={t("console.my.order.drop", { way: name(w) })}
              onClick={() => void set(order.filter((o) => o !== w))}
            >
              <span aria-hidden="true">✕</span>
            </button>
          </li>
        ))}
      </ol>
      <div class="buttons">
        {others.map((w) => (
          <button key={w} type="button" class="btn" onClick={() => void set([...order, w])}>
            <span aria-hidden="true">+</span> {name(w)}
          </button>
        ))}
      </div>
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </section>
  );
}

export function Pin({ my }: { my: Mine }) {
  const [kept, setKept] = useState(0);
  const secret = (name: string, key: string, autocomplete: string): Field => ({
    name,
    label: t(key),
    type: "password",
    autocomplete,
    required: true,
    maxLength: 12,
  });
  const old = secret("old", "console.my.pin.old", "current-password");
  return (
    <section aria-labelledby="my-pin">
      <h2 id="my-pin">{t("console.my.pin.change")}</h2>
      <p class="m">
        {t("console.my.pin.why")} {my.pin_free && t("console.my.pin.free")}
      </p>
      <Form
        key={`${kept}-${my.pin_free}`}
        id="pin"
        label={t("console.my.pin.change")}
        focus={false}
        fields={[
          ...(my.pin_free ? [] : [old]),
          secret("pin", "console.my.pin.new", "new-password"),
          secret("again", "console.my.pin.again", "new-password"),
        ]}
        submit={t("console.save")}
        onSubmit={async (v) => {
          if (v.pin !== v.again)
            throw new Refusal(400, {
              code: "different",
              field: "again",
              text: t("console.my.pin.different"),
            });
          await setPin(v.pin ?? "", v.old ?? "");
          setKept(kept + 1);
        }}
      />
      <p class="m" role="status">
        {kept > 0 ? t("console.my.kept") : ""}
      </p>
    </section>
  );
}
