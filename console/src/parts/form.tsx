/** The one form: labelled fields, what is wrong beside the field or above the button, one button. */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import { t } from "../text";

/** What a field's own input has to carry. */
export interface InputProps {
  id: string;
  name: string;
  invalid: boolean;
  described: string | undefined;
}

export interface Field {
  name: string;
  label: string;
  type?: "text" | "password" | "area" | "choice" | "check" | "time";
  /** Of a choice. */
  options?: readonly { value: string; label: string }[];
  /** An input of its own, with a control of the field's name in it. */
  input?: (props: InputProps) => ComponentChildren;
  value?: string;
  /** Below the field. */
  hint?: string;
  autocomplete?: string;
  maxLength?: number;
  required?: boolean;
}

interface Props {
  label: string;
  fields: readonly Field[];
  submit: string;
  onSubmit: (values: Record<string, string>) => Promise<void>;
  /** Told apart from other forms of the page. */
  id?: string;
  /** Beside the button. */
  more?: ComponentChildren;
  /** The first field has the focus when the form appears. */
  focus?: boolean;
  onInput?: (values: Record<string, string>) => void;
}

interface Wrong {
  field?: string;
  text: string;
}

function wrongOf(e: unknown, fields: readonly Field[]): Wrong {
  if (!(e instanceof Refusal)) throw e;
  if (e.status === 0 || !e.error.text) return { text: t("console.offline") };
  const { field, text, clause } = e.error;
  if (field && fields.some((f) => f.name === field)) return { field, text };
  return { text: [text, field, clause].filter(Boolean).join(" · ") };
}

function valuesOf(form: HTMLFormElement, fields: readonly Field[]): Record<string, string> {
  const secret = new Set(fields.filter((f) => f.type === "password").map((f) => f.name));
  return Object.fromEntries(
    [...new FormData(form)].map(([k, v]) => {
      const text = typeof v === "string" ? v : "";
      return [k, secret.has(k) ? text : text.trim()];
    }),
  );
}

function Control({ f, autoFocus, ...p }: { f: Field; autoFocus: boolean } & InputProps) {
  const common = {
    id: p.id,
    name: p.name,
    autoFocus,
    "aria-required": f.required,
    "aria-invalid": p.invalid,
    "aria-describedby": p.described,
  };
  switch (f.type) {
    case "area":
      return <textarea {...common} rows={4} maxLength={f.maxLength} defaultValue={f.value ?? ""} />;
    case "choice":
      return (
        <select {...common}>
          {f.options?.map((o) => (
            <option key={o.value} value={o.value} selected={o.value === (f.value ?? "")}>
              {o.label}
            </option>
          ))}
        </select>
      );
    case "check":
      return <input {...common} type="checkbox" value="1" defaultChecked={f.value === "1"} />;
    default:
      return (
        <input
          {...common}
          type={f.type === "time" ? "datetime-local" : (f.type ?? "text")}
          autocomplete={f.autocomplete ?? "off"}
          autoCapitalize="none"
          spellcheck={false}
          maxLength={f.maxLength}
          defaultValue={f.value ?? ""}
        />
      );
  }
}

function FieldBox(props: { f: Field; wrong: string | undefined; id: string; autoFocus: boolean }) {
  const { f, wrong, id } = props;
  const described = [wrong && `w-${id}`, f.hint && `h-${id}`].filter(Boolean).join(" ");
  const p = {
    id: `f-${id}`,
    name: f.name,
    invalid: wrong !== undefined,
    described: described || undefined,
  };
  return (
    <div class={f.type === "check" ? "field check" : "field"}>
      <label for={p.id}>{f.label}</label>
      {f.input ? f.input(p) : <Control f={f} autoFocus={props.autoFocus} {...p} />}
      {f.hint && (
        <p class="q" id={`h-${id}`}>
          {f.hint}
        </p>
      )}
      {wrong !== undefined && (
        <p class="wrong" id={`w-${id}`}>
          {wrong}
        </p>
      )}
    </div>
  );
}

export function Form({ label, fields, submit, onSubmit, id, more, focus, onInput }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const [wrong, setWrong] = useState<Wrong | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const idOf = (name: string) => (id ? `${id}-${name}` : name);

  const controlOf = (name: string) => form.current?.querySelector(`[id="f-${idOf(name)}"]`);
  useLayoutEffect(() => {
    // at once, before anybody types: a browser heeds autofocus only once a document
    const first = focus !== false && fields[0] && controlOf(fields[0].name);
    if (first instanceof HTMLElement) first.focus();
  }, []);

  const refuse = (w: Wrong) => {
    setWrong(w);
    const name = w.field ?? (id ? undefined : fields.at(-1)?.name);
    const control = name && controlOf(name);
    if (!(control instanceof HTMLElement)) return;
    control.focus();
    if (control instanceof HTMLInputElement) control.select();
  };
  const send = async (e: Event) => {
    e.preventDefault();
    if (!form.current || busy) return;
    const values = valuesOf(form.current, fields);
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
      refuse(wrongOf(error, fields));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      ref={form}
      class="form"
      aria-label={label}
      noValidate
      onSubmit={(e) => void send(e)}
      onInput={onInput && (() => form.current && onInput(valuesOf(form.current, fields)))}
      onKeyDown={(e) => {
        if (e.key !== "Enter" || !e.ctrlKey) return;
        e.preventDefault();
        form.current?.requestSubmit();
      }}
    >
      {fields.map((f, i) => (
        <FieldBox
          key={f.name}
          f={f}
          id={idOf(f.name)}
          wrong={wrong?.field === f.name ? wrong.text : undefined}
          autoFocus={i === 0 && focus !== false}
        />
      ))}
      <p class="wrong" role="alert">
        {wrong && !wrong.field ? wrong.text : ""}
      </p>
      <div class="buttons">
        <button type="submit" class="btn prime" aria-disabled={busy}>
          {submit}
        </button>
        {more}
      </div>
    </form>
  );
}
