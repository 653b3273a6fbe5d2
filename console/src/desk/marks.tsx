/** Marks of the desk: each state has an outline of its own, so that it reads without colour. */
import type { DeskCall } from "../api/desk";
import { isLost } from "./board";
import { isPast } from "./bays";
import { isDue } from "./text";
import type { LampKind } from "./view";
import { Lamp } from "../parts/lamp";

export type MarkName =
  "disc" | "hole" | "diamond" | "square" | "pause" | "back" | "triangle" | "unknown" | "find";

const SHAPES: Record<Exclude<MarkName, "unknown">, preact.JSX.Element> = {
  disc: <circle cx="9" cy="9" r="7.5" />,
  hole: <circle cx="9" cy="9" r="6.5" class="hollow" />,
  diamond: <path d="M9 0 18 9 9 18 0 9z" />,
  square: <rect x="2" y="2" width="14" height="14" rx="1.5" />,
  pause: <path d="M3.5 2H8v14H3.5zM10.5 2H15v14h-4.500z" />,
  back: (
    <>
      <path d="M5 6h6a4.5 4.5 0 0 1 0 9H6" class="stroke thick" />
      <path d="M7 1v10L.5 6z" />
    </>
  ),
  triangle: <path d="M9 1.5 17 16H1z" />,
  find: (
    <>
      <circle cx="7.5" cy="7.5" r="5.5" class="hollow" />
      <path d="m11.7 11.7 5.3 5.3" class="stroke thick" />
    </>
  ),
};

export function Mark({ name, tone = "ink" }: { name: MarkName; tone?: string }) {
  if (name === "unknown") return <Lamp state="unknown" />;
  return (
    <svg class={`lamp ${tone}`} viewBox="0 0 18 18" aria-hidden="true">
      {SHAPES[name]}
    </svg>
  );
}

/** Rings that sounded and are to come; held; returned; with the attendant. */
export function Marks({ call }: { call: DeskCall }) {
  return <div class="marks">{marksOf(call)}</div>;
}

function marksOf(call: DeskCall) {
  if (isLost.value) return <Mark name="unknown" />;
  switch (call.bay) {
    case "attendant":
      if (!isPast(call)) return <Mark name="square" />;
      return [0, 1, 2].map((i) => <Mark key={i} name="square" tone="over" />);
    case "held":
    case "parked":
      if (!isDue(call)) return <Mark name="pause" />;
      return (
        <>
          <Mark name="pause" tone="ringing" />
          <Mark name="diamond" tone="ringing" />
        </>
      );
    case "let_go":
      return <Mark name="triangle" tone="ringing" />;
    case "returned":
      return <Mark name="back" />;
    case "ringing":
    case "long":
    case "in_hand":
      return [1, 2, 3].map((n) => {
        if (n > call.rings) return <Mark key={n} name="hole" tone="coming" />;
        return n === 3 ? (
          <Mark key={n} name="diamond" tone="ringing" />
        ) : (
          <Mark key={n} name="disc" />
        );
      });
  }
}

export function EntryLamp({ kind }: { kind: LampKind }) {
  if (kind === "away")
    return (
      <svg class="lamp" viewBox="0 0 18 18" aria-hidden="true">
        <circle cx="9" cy="9" r="6.5" class="hollow" />
        <path d="M9 2.500a6.5 6.5 0 0 0 0 13z" />
      </svg>
    );
  return <Lamp state={kind} />;
}
