import { LanguageChoice, ThemeChoice } from "../parts/choices";
import { Form } from "../parts/form";
import { enter } from "../state/session";
import { t } from "../text";

export function SignIn() {
  return (
    <main class="signin">
      <h1>{t("console.title")}</h1>
      <Form
        label={t("console.sign_in")}
        fields={[
          {
            name: "name",
            label: t("console.name"),
            autocomplete: "username",
            required: true,
          },
          {
            name: "password",
            label: t("console.password"),
            type: "password",
            autocomplete: "current-password",
            required: true,
          },
        ]}
        submit={t("console.sign_in")}
        onSubmit={(v) => enter(v.name ?? "", v.password ?? "")}
      />
      <p>
        <a href="/my">{t("console.my.no_account")}</a>
      </p>
      <div class="choices">
        <LanguageChoice />
        <ThemeChoice />
      </div>
    </main>
  );
}
