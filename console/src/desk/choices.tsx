/** What can be chosen with a key: in a numbered list, or beside it. */
import { t } from "../text";
import { keyOf } from "./keys";
import { type Extra, extras, type Offer, offers, type Place } from "./offers";

interface ChoiceProps {
  no: number;
  place: Place;
  first?: boolean;
  hint?: string;
  clause?: string;
}
export function Choice({ place, ...rest }: ChoiceProps) {
  const o = offers.value[place];
  if (!o) return null;
  return <ChoiceRow {...rest} sign={keyOf(o.action ?? place)} offer={o} />;
}

export function ChoiceRow(p: Omit<ChoiceProps, "place"> & { sign: string; offer: Offer }) {
  return (
    <button
      type="button"
      tabIndex={-1}
      class={`choice${p.first ? " first" : ""}`}
      onClick={p.offer.run}
    >
      <span class="o">{p.no}.</span>
      <kbd class={p.first ? "go" : undefined}>{p.sign}</kbd>
      <span class="one">
        <b>{p.offer.label}</b> {p.hint && <span class="m">{p.hint}</span>}
      </span>
      <span class="clause">{p.clause === "house" ? t("console.desk.house") : p.clause}</span>
    </button>
  );
}

/** What has no place in the bar, with its key. */
export function Extras() {
  const all = Object.entries(extras.value) as [Extra, Offer][];
  if (!all.length) return null;
  return (
    <p class="extras">
      {all.map(([a, o]) => (
        <button key={a} type="button" tabIndex={-1} class="btn" onClick={o.run}>
          <kbd>{keyOf(a)}</kbd>
          {o.label}
        </button>
      ))}
    </p>
  );
}
