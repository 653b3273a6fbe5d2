/** Devices, processing, level and test of the operator's sound. */
import { useEffect, useState } from "preact/hooks";
import { t } from "../text";
import { type Choice, choice, choose, CODECS, devices, findDevices, troubleOf } from "./devices";
import { soundTrouble, startEcho } from "./headset";
import { askForHook, hookPossible, hookThere } from "./hook";

const FLAGS = [
  ["echoCancellation", "echo_cancellation"],
  ["noiseSuppression", "noise_suppression"],
  ["autoGainControl", "gain_control"],
] as const;
const NAMES: Record<Choice["codec"], string> = { opus: "Opus", pcma: "G.711" };

function Device(props: { what: "microphone" | "ear" | "loudspeaker"; of: MediaDeviceInfo[] }) {
  const id = `sound-${props.what}`;
  const named = props.of.filter((d) => d.deviceId && d.deviceId !== "default");
  return (
    <div class="field">
      <label for={id}>{t(`console.sound.${props.what}`)}</label>
      <select
        id={id}
        value={choice.value[props.what]}
        onChange={(e) => choose({ [props.what]: e.currentTarget.value })}
      >
        <option value="">{t("console.sound.default")}</option>
        {named.map((d) => (
          <option key={d.deviceId} value={d.deviceId}>
            {d.label || d.deviceId}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Of the microphone; 0 to 1. */
export function Level({ value }: { value: number }) {
  return (
    <meter
      aria-label={t("console.sound.level")}
      min={0}
      max={1}
      low={0.2}
      high={0.9}
      value={value}
    />
  );
}

export function EchoTest() {
  const [level, setLevel] = useState(0);
  const [end, setEnd] = useState<(() => void) | undefined>(undefined);
  useEffect(() => end, [end]);
  const begin = async () => {
    try {
      const stop = await startEcho(setLevel);
      soundTrouble.value = "";
      setEnd(() => stop);
    } catch (e) {
      soundTrouble.value = troubleOf(e);
    }
  };
  return (
    <p class="line">
      <button
        type="button"
        class="btn"
        aria-pressed={end !== undefined}
        onClick={() => (end ? setEnd(undefined) : void begin())}
      >
        {t(end ? "console.sound.test_end" : "console.sound.test")}
      </button>
      <Level value={end ? level : 0} />
    </p>
  );
}

export function SoundSettings() {
  useEffect(() => void findDevices().catch(() => undefined), []);
  const { microphones, outputs } = devices.value;
  return (
    <section class="sound">
      <Device what="microphone" of={microphones} />
      <Device what="ear" of={outputs} />
      <Device what="loudspeaker" of={outputs} />
      {FLAGS.map(([name, key]) => (
        <div class="field check" key={name}>
          <label for={`sound-${name}`}>{t(`console.sound.${key}`)}</label>
          <input
            id={`sound-${name}`}
            type="checkbox"
            checked={choice.value[name]}
            onChange={(e) => choose({ [name]: e.currentTarget.checked })}
          />
        </div>
      ))}
      <div class="field">
        <label for="sound-codec">{t("console.sound.codec")}</label>
        <select
          id="sound-codec"
          value={choice.value.codec}
          onChange={(e) =>
            choose({ codec: CODECS.find((c) => c === e.currentTarget.value) ?? "opus" })
          }
        >
          {CODECS.map((c) => (
            <option key={c} value={c}>
              {NAMES[c]}
            </option>
          ))}
        </select>
      </div>
      <EchoTest />
      {hookPossible() && (
        <p class="line">
          <button
            type="button"
            class="btn"
            onClick={() => void askForHook().catch(() => undefined)}
          >
            {t("console.sound.hook")}
          </button>
          {hookThere.value && <span>{t("console.sound.hook_there")}</span>}
        </p>
      )}
      {soundTrouble.value && <p role="alert">{t(soundTrouble.value)}</p>}
    </section>
  );
}
