/** Before duty: headset or phone, and one key. */
import { useEffect, useState } from "preact/hooks";
import { note } from "./commands";
import { refused } from "./board";
import { goOn } from "./moves";
import { onGoOnDuty } from "./offers";
import { headset, trouble } from "./sound";
import { keep, read } from "../state/prefs";
import { t } from "../text";
import { later } from "../parts/later";

const SoundSettings = later(async () => (await import("../sound/settings")).SoundSettings);
const SOUNDS = ["headset", "phone"] as const;
type Sound = (typeof SOUNDS)[number];

export function DeskStart() {
  const [how, setHow] = useState<Sound>(read("sound") === "phone" ? "phone" : "headset");
  const [settings, setSettings] = useState(false);
  const [extension, setExtension] = useState(read("extension") ?? "");
  const start = async () => {
    keep("sound", how);
    keep("extension", extension);
    if (how === "phone" && !extension) return note(t("console.desk.start.which"));
    if (!(await goOn(how, extension)) || how === "phone") return;
    try {
      await headset.value.connect();
      trouble.value = "";
    } catch {
      trouble.value = "console.desk.start.no_headset";
      note(t("console.desk.start.no_headset"));
    }
  };
  useEffect(() => onGoOnDuty(() => void start()));
  if (refused.value)
    return (
      <p class="m" role="alert">
        {refused.value}
      </p>
    );
  return (
    <>
      <h3>{t("console.desk.start.how")}</h3>
      <div class="seg" role="group" aria-label={t("console.desk.start.how")}>
        {SOUNDS.map((s) => (
          <button
            key={s}
            type="button"
            class="btn"
            aria-pressed={s === how}
            onClick={() => setHow(s)}
          >
            {t(`console.desk.start.${s}`)}
          </button>
        ))}
      </div>
      {how === "headset" && (
        <details open={settings} onToggle={(e) => setSettings(e.currentTarget.open)}>
          <summary>{t("console.sound.settings")}</summary>
          {settings && <SoundSettings />}
        </details>
      )}
      {how === "phone" && (
        <div class="line">
          <label for="start-extension">{t("console.desk.start.extension")}</label>
          <input
            id="start-extension"
            class="in"
            inputMode="numeric"
            value={extension}
            onInput={(e) => setExtension(e.currentTarget.value)}
            onKeyDown={(e) => {
              if (e.key === "Enter" && !e.isComposing) void start();
            }}
          />
        </div>
      )}
      <p>
        <button type="button" class="btn prime big" onClick={() => void start()}>
          {t("console.desk.key.go_on")}
        </button>
      </p>
      <p class="q foot">{t("console.desk.start.reader")}</p>
    </>
  );
}
