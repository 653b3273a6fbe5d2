/** The switchboard live. */
import { useEffect } from "preact/hooks";
import { CallView } from "../parts/callview";
import { Phones, Trunks } from "../parts/equipment";
import { Lamp, type LampState, lampWord } from "../parts/lamp";
import { callerName, Rack } from "../parts/rack";
import { me } from "../state/session";
import { arrival, follow } from "../state/switchboard";
import { t } from "../text";

const LEGEND: LampState[] = [
  "idle",
  "ringing",
  "busy",
  "attendant",
  "dnd",
  "unreachable",
  "unknown",
];

function Legend() {
  return (
    <footer class="keys">
      <p>
        <kbd>↑</kbd> <kbd>↓</kbd> {t("console.keys.choose")}
      </p>
      <p>
        <kbd>Tab</kbd> {t("console.keys.pane")}
      </p>
      <ul>
        {LEGEND.map((s) => (
          <li key={s} class="lamped">
            <Lamp state={s} />
            {lampWord(s)}
          </li>
        ))}
      </ul>
    </footer>
  );
}

export function Live() {
  useEffect(() => follow(() => (me.value = null)), []);
  const arrived = arrival.value;
  return (
    <>
      <Rack />
      <CallView />
      <div class="side">
        <Phones />
        <Trunks />
      </div>
      <Legend />
      <p class="vh" role="status">
        {arrived ? t("console.arrived", { name: callerName(arrived) }) : ""}
      </p>
    </>
  );
}
