/** Lamps: each state has a shape of its own, so that it reads without colour. */
import { t } from "../text";

export type LampState =
  "idle" | "ringing" | "busy" | "unreachable" | "dnd" | "unknown" | "attendant";

function Shape({ state }: { state: LampState }) {
  switch (state) {
    case "idle":
      return <circle cx="9" cy="9" r="7" />;
    case "ringing":
      return <path d="M9 2 17 16H1z" />;
    case "busy":
      return <rect x="2.5" y="2.5" width="13" height="13" rx="1" />;
    case "attendant":
      return <path d="M9 1 17 9 9 17 1 9z" />;
    case "dnd":
      return <path fill-rule="evenodd" d="M9 2a7 7 0 1 0 0 14A7 7 0 0 0 9 2zM5 7.75h8v2.5H5z" />;
    case "unreachable":
      return <circle cx="9" cy="9" r="6" class="hollow" />;
    case "unknown":
      return (
        <>
          <circle cx="9" cy="9" r="7.5" class="hollow broken" />
          <path d="M6.8 7.2a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.5" class="stroke" />
          <circle cx="9" cy="13" r="1" />
        </>
      );
  }
}

/** The shape alone, for where the word stands beside it. */
export function Lamp({ state }: { state: LampState }) {
  return (
    <svg class={`lamp ${state}`} viewBox="0 0 18 18" aria-hidden="true">
      <Shape state={state} />
    </svg>
  );
}

export function lampWord(state: LampState): string {
  return t(`console.lamp.${state}`);
}
