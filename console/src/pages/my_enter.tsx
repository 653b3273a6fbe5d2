/** An employee without an account signs in: a link by mail. */
import { useState } from "preact/hooks";
import { LanguageChoice, ThemeChoice } from "../parts/choices";
import { Form } from "../parts/form";
import { askLink } from "../state/my";
import { t } from "../text";

export function MyEnter() {
  const [sent, setSent] = useState("");
  return (
    <main class="signin">
      <h1>{t("console.my.title")}</h1>
      <Form
        label={t("console.my.by_mail")}
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
