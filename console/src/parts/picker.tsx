/** One entry of many: typing shows the nearest, arrows choose, Enter takes. A hidden input has its id. */
import { useId, useState } from "preact/hooks";
import { t } from "../text";

export interface Pick {
  value: string;
  text: string;
  /** What stands beside it: number, department. */
  more: string;
}

interface Props {
  id: string;
  name: string;
  invalid: boolean;
  described?: string | undefined;
  find: (text: string) => readonly Pick[];
  value?: Pick | undefined;
  onPick?: (pick: Pick | undefined) => void;
}

export function Picker({ id, name, invalid, described, find, value, onPick }: Props) {
  const list = useId();
  const [picked, setPicked] = useState(value);
  const [text, setText] = useState(value?.text ?? "");
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const found = open ? find(text) : [];

  const take = (p: Pick | undefined) => {
    setPicked(p);
    setText(p?.text ?? "");
    setOpen(false);
    onPick?.(p);
  };
  const type = (next: string) => {
    setText(next);
    setPicked(undefined);
    setOpen(next.trim() !== "");
    setAt(0);
    if (picked) onPick?.(undefined);
  };
  const key = (e: KeyboardEvent) => {
    if (e.isComposing) return;
    const chosen = found[at];
    if (e.key === "ArrowDown" && !open) setOpen(true);
    else if (e.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (e.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (e.key === "Enter" && open && chosen) take(chosen);
    else if (e.key === "Escape" && open) {
      setOpen(false);
      e.stopPropagation();
    } else return;
    e.preventDefault();
  };
  return (
    <div class="picker">
      <input type="hidden" name={name} value={picked?.value ?? ""} />
      <input
        id={id}
        type="text"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-activedescendant={found[at] ? `${list}-${at}` : undefined}
        aria-invalid={invalid}
        aria-describedby={described}
        autocomplete="off"
        spellcheck={false}
        value={text}
        onInput={(e) => type(e.currentTarget.value)}
        onKeyDown={key}
        onBlur={() => setOpen(false)}
      />
      <ul id={list} role="listbox" aria-label={t("console.picker.found")} hidden={!found.length}>
        {found.map((p, i) => (
          <li
            key={p.value}
            id={`${list}-${i}`}
            role="option"
            aria-selected={i === at}
            onMouseDown={(e) => {
              e.preventDefault();
              take(p);
            }}
          >
            <b>{p.text}</b> <span class="m">{p.more}</span>
          </li>
        ))}
      </ul>
      {text.trim() !== "" && open && found.length === 0 && (
        <p class="q" role="status">
          {t("console.picker.none")}
        </p>
      )}
    </div>
  );
}
