/** An employee without an account signs in: by extension and PIN, or by a link in a mail. */
import { useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { LanguageChoice, ThemeChoice } from "../parts/choices";
import { type Field, Form } from "../parts/form";
import { askLink, enterByPin, type Organisation } from "../state/my";
import { findSession } from "../state/session";
import { t } from "../text";

function ByPin() {
  const [choose, setChoose] = useState<readonly Organisation[]>([]);
  const organisation: Field = {
    name: "organisation",
    label: t("console.my.organisation"),
    type: "choice",
    options: choose.map((o) => ({ value: String(o.id), label: o.name })),
  };
  return (
    <Form
      id="pin"
      label={t("console.my.by_pin")}
      fields={[
        {
          name: "extension",
          label: t("console.my.extension"),
          autocomplete: "username",
          required: true,
          maxLength: 15,
        },
        {
          name: "pin",
          label: t("console.my.pin"),
          type: "password",
          autocomplete: "current-password",
          required: true,
          maxLength: 12,
        },
        ...(choose.length > 0 ? [organisation] : []),
      ]}
      submit={t("console.sign_in")}
      onSubmit={async (v) => {
        try {
          await enterByPin(v.extension ?? "", v.pin ?? "", Number(v.organisation ?? 0));
        } catch (e) {
          // the question appears, with the refusal beside it
          if (e instanceof Refusal) setChoose(e.error.organisations ?? choose);
          throw e;
        }
        await findSession();
      }}
    />
  );
}

function ByMail() {
  const [sent, setSent] = useState("");
  return (
    <>
      <Form
        id="mail"
        label={t("console.my.by_mail")}
        focus={false}
        fields={[
          {
            name: "mail",
            label: t("console.my.mail"),
            autocomplete: "email",
            required: true,
            maxLength: 120,
            hint: t("console.my.by_mail.hint"),
          },
        ]}
        submit={t("console.my.by_mail.send")}
        onSubmit={async (v) => {
          setSent("");
          await askLink(v.mail ?? "");
          setSent(v.mail ?? "");
        }}
      />
      <p role="status">{sent && t("console.my.by_mail.sent", { mail: sent })}</p>
    </>
  );
}

export function MyEnter() {
  return (
    <main class="signin">
      <h1>{t("console.my.title")}</h1>
      <h2>{t("console.my.by_pin")}</h2>
      <ByPin />
      <h2>{t("console.my.by_mail")}</h2>
      <ByMail />
      <p>
        <a href="/">{t("console.my.account")}</a>
      </p>
      <div class="choices">
        <LanguageChoice />
        <ThemeChoice />
      </div>
    </main>
  );
}
