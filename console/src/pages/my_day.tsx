/** Where I am and where my calls go: absence that ends by itself, forwards. */
import { useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { Form } from "../parts/form";
import { Lamp } from "../parts/lamp";
import {
  comeBack,
  dialled,
  type ForwardKind,
  FORWARDS,
  goAway,
  type Mine,
  setForward,
} from "../state/my";
import { fromLocal, nextAt, stamp, toLocal } from "../state/stamp";
import { t } from "../text";

const WORDS = ["meeting", "trip", "meal", "leave"] as const;

function Away({ my }: { my: Mine }) {
  const [wrong, setWrong] = useState("");
  const until = my.absence.until_ms;
  const back = async () => {
    setWrong("");
    try {
      await comeBack();
    } catch (e) {
      if (!(e instanceof Refusal)) throw e;
      setWrong(e.error.text || t("console.offline"));
    }
  };
  return (
    <>
      <p class="lamped">
        <Lamp state="dnd" />
        <b>
          {[
            my.absence.word || t("console.my.away"),
            until && t("console.my.until", { at: stamp(until) }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </b>
      </p>
      <p class="m">{t("console.my.away.why")}</p>
      <button type="button" class="btn prime" onClick={() => void back()}>
        {t("console.my.back")}
      </button>
      <p class="wrong" role="alert">
        {wrong}
      </p>
    </>
  );
}

export function Absence({ my }: { my: Mine }) {
  return (
    <section aria-labelledby="my-absence">
      <h2 id="my-absence">{t("console.my.absence")}</h2>
      {my.absence.away && <Away my={my} />}
      <Form
        key={`${my.absence.away}`}
        id="absence"
        label={t("console.my.absence")}
        focus={false}
        fields={[
          {
            name: "word",
            label: t("console.my.reason"),
            maxLength: 20,
            value: my.absence.word || t("console.my.reason.meeting"),
            hint: WORDS.map((w) => t(`console.my.reason.${w}`)).join(" · "),
          },
          {
            name: "until_ms",
            label: t("console.my.until.when"),
            type: "time",
            value: toLocal(my.absence.until_ms || nextAt(18)),
            hint: t("console.my.until.hint"),
          },
        ]}
        submit={t(my.absence.away ? "console.my.absence.change" : "console.my.absence.set")}
        onSubmit={(v) => goAway(fromLocal(v.until_ms ?? ""), v.word ?? "")}
      />
    </section>
  );
}

/** A circle names its way: the server's `found`. */
async function forward(kind: ForwardKind, number: string): Promise<void> {
  try {
    await setForward(kind, dialled(number));
  } catch (e) {
    if (!(e instanceof Refusal) || !e.error.found) throw e;
    throw new Refusal(e.status, { ...e.error, text: `${e.error.text} (${e.error.found})` });
  }
}

function ForwardForm({ kind, value }: { kind: ForwardKind; value: string }) {
  const [kept, setKept] = useState(false);
  return (
    <>
      <Form
        key={value}
        id={`forward-${kind}`}
        label={t(`console.my.forward.${kind}`)}
        focus={false}
        fields={[
          {
            name: "number",
            label: t(`console.my.forward.${kind}`),
            value,
            maxLength: 31,
            autocomplete: "off",
          },
        ]}
        submit={t("console.save")}
        onInput={() => setKept(false)}
        onSubmit={async (v) => {
          await forward(kind, v.number ?? "");
          setKept(true);
        }}
        more={
          value && (
            <button type="button" class="btn" onClick={() => void forward(kind, "")}>
              {t("console.my.forward.off")}
            </button>
          )
        }
      />
      <p class="m" role="status">
        {kept
          ? t(value ? "console.my.forward.on" : "console.my.forward.is_off", { number: value })
          : ""}
      </p>
    </>
  );
}

export function Forwards({ my }: { my: Mine }) {
  const f = my.forward;
  return (
    <section aria-labelledby="my-forward">
      <h2 id="my-forward">{t("console.my.forward")}</h2>
      {!f && <p class="q">{t("console.my.no_extension")}</p>}
      {f && (
        <>
          <p class="m">
            {t("console.my.forward.hint", {
              prefix: f.outside_prefix,
              class: t(`console.my.class.${f.class}`),
            })}{" "}
            {!f.outside_callers && t("console.my.forward.inside_only")}
          </p>
          {FORWARDS.map((kind) => (
            <ForwardForm key={kind} kind={kind} value={f[kind]} />
          ))}
        </>
      )}
    </section>
  );
}
