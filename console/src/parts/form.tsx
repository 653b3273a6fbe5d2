/** The one form: labelled fields, what is wrong beside the field or above the button, one button. */
import { useRef, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { t } from "../text";

export interface Field {
  name: string;
  label: string;
  type?: "text" | "password";
  autocomplete?: string;
  required?: boolean;
}

interface Props {
  label: string;
  fields: readonly Field[];
  submit: string;
  onSubmit: (values: Record<string, string>) => Promise<void>;
}

interface Wrong {
  field?: string;
  text: string;
}

function wrongOf(e: unknown): Wrong {
  if (!(e instanceof Refusal)) throw e;
  if (e.status === 0 || !e.error.text) return { text: t("console.offline") };
  return e.error.field ? { field: e.error.field, text: e.error.text } : { text: e.error.text };
}

export function Form({ label, fields, submit, onSubmit }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [wrong, setWrong] = useState<Wrong | undefined>(undefined);
  const [busy, setBusy] = useState(false);

  const refuse = (w: Wrong) => {
    setWrong(w);
    const input = form.current?.elements.namedItem(w.field ?? fields.at(-1)?.name ?? "");
    if (input instanceof HTMLInputElement) {
      input.focus();
      input.select();
    }
  };
  const send = async (e: Event) => {
    e.preventDefault();
    if (!form.current || busy) return;
    const data = new FormData(form.current);
    const values = Object.fromEntries(
      [...data].map(([k, v]) => [k, typeof v === "string" ? v : ""]),
    );
    const missing = fields.find((f) => f.required && !values[f.name]);
    if (missing) {
      refuse({ field: missing.name, text: t("console.required") });
      return;
    }
    setBusy(true);
    setWrong(undefined);
    try {
      await onSubmit(values);
    } catch (error) {
      refuse(wrongOf(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form ref={form} class="form" aria-label={label} noValidate onSubmit={(e) => void send(e)}>
      {fields.map((f, i) => {
        const bad = wrong?.field === f.name;
        return (
          <div class="field" key={f.name}>
            <label for={`f-${f.name}`}>{f.label}</label>
            <input
              id={`f-${f.name}`}
              name={f.name}
              type={f.type ?? "text"}
              autocomplete={f.autocomplete ?? "off"}
              autoFocus={i === 0}
              autoCapitalize="none"
              spellcheck={false}
              aria-required={f.required}
              aria-invalid={bad}
              aria-describedby={bad ? `w-${f.name}` : undefined}
            />
            {bad && (
              <p class="wrong" id={`w-${f.name}`}>
                {wrong.text}
              </p>
            )}
          </div>
        );
      })}
      <p class="wrong" role="alert">
        {wrong && !wrong.field ? wrong.text : ""}
      </p>
      <button type="submit" class="btn prime" aria-disabled={busy}>
        {submit}
      </button>
    </form>
  );
}
