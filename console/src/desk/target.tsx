/** A person whom one is about to reach, or is reaching. */
import type { ComponentChildren } from "preact";
import type { Entry } from "../api/desk";
import { t } from "../text";
import { EntryLamp } from "./marks";
import { lampWord, nth, reachWord } from "./text";
import { lampOf } from "./view";

export const RING_MS = 20_000;

export function TargetCard(p: {
  entry: Entry;
  hot?: boolean;
  more: string;
  tail?: ComponentChildren;
  ringing?: number;
}) {
  const lamp = lampOf(p.entry);
  const kind = p.ringing === undefined ? lamp.kind : "ringing";
  return (
    <div class={`target${p.hot ? " hot" : ""}`}>
      <EntryLamp kind={kind} />
      <p class="n one">
        {p.entry.name} <span class="m">{p.entry.title}</span>
      </p>
      <b class="x num">{p.entry.number}</b>
      <p class="l2 one">
        <span class={`word ${kind}`}>
          {p.ringing === undefined
            ? lampWord(lamp, p.entry)
            : t("console.desk.rings_nth", { n: nth(Math.floor(p.ringing / 5000) + 1) })}
        </span>{" "}
        {p.more}
      </p>
      <span class="l2b num">{p.tail ?? reachWord(p.entry)}</span>
      {p.ringing !== undefined && (
        <svg class="gauge" viewBox="0 0 600 12" preserveAspectRatio="none" aria-hidden="true">
          <rect class="track" x=".5" y=".5" width="599" height="11" />
          <rect
            class="fill"
            x="2"
            y="2"
            height="8"
            width={Math.min(596, (596 * p.ringing) / RING_MS)}
          />
        </svg>
      )}
    </div>
  );
}
