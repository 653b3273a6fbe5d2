/** The keys of the moment: eleven fixed places; what isn't offered leaves its place empty. */
import { keyOf } from "./keys";
import { act } from "./act";
import { type Offer, offers, type Place, PLACES } from "./offers";
import { locked } from "./view";
import { t } from "../text";

/** True while a text field has the focus: then the keys need Alt. */
function Key({ place, offer, inField }: { place: Place; offer: Offer; inField: boolean }) {
  const action = offer.action ?? place;
  return (
    <button
      type="button"
      tabIndex={-1}
      class={offer.prime ? "prime" : undefined}
      data-place={place}
      aria-disabled={offer.off}
      onClick={() => (action === "emergency" ? act("emergency") : offer.run())}
    >
      <kbd class={offer.prime ? "go" : undefined}>{keyOf(action, inField)}</kbd>
      <span class="one">{offer.label}</span>
    </button>
  );
}

export function DeskKeyBar(props: { inField: boolean }) {
  const inField = props.inField && !locked.value; // the locked page's Enter is the form's
  return (
    <div class="desk-keys" role="toolbar" aria-label={t("console.desk.keys_now")}>
      {PLACES.map((p) => {
        const offer = offers.value[p];
        return (
          <div key={p} class={offer ? undefined : "empty"}>
            {offer && <Key place={p} offer={offer} inField={inField} />}
          </div>
        );
      })}
    </div>
  );
}
