/** One's own greeting (A4.1.1): recorded, seen, heard, kept – for each language. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Refusal } from "../api/client";
import {
  dropGreeting,
  judge,
  keepGreeting,
  keptGreeting,
  levelsOf,
  MOST_S,
  RATE,
  samplesOf,
  wavOf,
} from "../state/greetings";
import { lines } from "../desk/board";
import { company } from "../state/switchboard";
import { type Language, LANGUAGE_NAMES, LANGUAGES, t } from "../text";
import "../style/pages.css";

interface Taking {
  stop: () => void;
}

/** Records until it is stopped or MOST_S have passed; tells the level as it goes, 0 to 1. */
async function take(onLevel: (level: number, seconds: number) => void, onEnd: (b: Blob) => void) {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: { echoCancellation: false, noiseSuppression: true, autoGainControl: false },
  });
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 2048 });
  context.createMediaStreamSource(stream).connect(analyser);
  const recorder = new MediaRecorder(stream);
  const parts: Blob[] = [];
  const began = performance.now();
  const window_ = new Float32Array(analyser.fftSize);
  const timer = window.setInterval(() => {
    analyser.getFloatTimeDomainData(window_);
    const seconds = (performance.now() - began) / 1000;
    onLevel(Math.max(0, Math.min(1, 1 + levelsOf(window_).mean / 60)), seconds);
    if (seconds >= MOST_S) stop();
  }, 50);
  const stop = () => {
    window.clearInterval(timer);
    if (recorder.state !== "inactive") recorder.stop();
  };
  recorder.ondataavailable = (e) => parts.push(e.data);
  recorder.onstop = () => {
    for (const track of stream.getTracks()) track.stop();
    void context.close();
    onEnd(new Blob(parts, { type: recorder.mimeType }));
  };
  recorder.start();
  return { stop };
}

function Wave({ samples }: { samples: Float32Array }) {
  const bars = 120;
  const step = Math.max(1, Math.floor(samples.length / bars));
  const heights = Array.from({ length: bars }, (_, i) =>
    samples.subarray(i * step, (i + 1) * step).reduce((m, x) => Math.max(m, Math.abs(x)), 0),
  );
  return (
    <svg class="wave" viewBox={`0 0 ${bars * 4} 64`} aria-hidden="true" preserveAspectRatio="none">
      {heights.map((h, i) => (
        <rect key={i} x={i * 4} width="3" y={32 - h * 31} height={Math.max(1, h * 62)} />
      ))}
    </svg>
  );
}

function Sound({ sound, name }: { sound: Blob; name: string }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(sound);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [sound]);
  return url ? <audio controls src={url} aria-label={name} /> : null;
}

const wrongText = (e: unknown): string => {
  if (e instanceof Refusal) return e.error.text || t("console.offline");
  return t("console.greeting.no_microphone");
};

function Recorder({ onKeep }: { onKeep: (wav: Blob) => Promise<void> }) {
  const taking = useRef<Taking | undefined>(undefined);
  const [going, setGoing] = useState<{ level: number; seconds: number } | undefined>(undefined);
  const [taken, setTaken] = useState<Float32Array | undefined>(undefined);
  const [wrong, setWrong] = useState("");
  useEffect(() => () => taking.current?.stop(), []);

  const begin = async () => {
    setWrong("");
    setTaken(undefined);
    try {
      taking.current = await take(
        (level, seconds) => setGoing({ level, seconds }),
        (recorded) => {
          setGoing(undefined);
          samplesOf(recorded).then(setTaken, () => setWrong(t("console.greeting.unreadable")));
        },
      );
      setGoing({ level: 0, seconds: 0 });
    } catch (e) {
      setWrong(wrongText(e));
    }
  };
  const wav = taken && wavOf(taken, RATE);
  const keep = async () => {
    try {
      if (wav) await onKeep(wav);
      setTaken(undefined);
    } catch (e) {
      setWrong(wrongText(e));
    }
  };
  return (
    <>
      <div class="buttons">
        <button
          type="button"
          class="btn prime"
          onClick={() => (going ? taking.current?.stop() : void begin())}
        >
          {t(
            going
              ? "console.greeting.stop"
              : taken
                ? "console.greeting.again"
                : "console.greeting.record",
          )}
        </button>
        {going && (
          <>
            <meter
              min={0}
              max={1}
              low={0.3}
              value={going.level}
              aria-label={t("console.greeting.level")}
            />
            <span class="num">
              {t("console.greeting.seconds", { n: going.seconds.toFixed(1), of: MOST_S })}
            </span>
          </>
        )}
      </div>
      <p class="wrong" role="alert">
        {wrong}
      </p>
      {taken && wav && (
        <>
          <Wave samples={taken} />
          <p role="status">
            {t(`console.greeting.judged.${judge(levelsOf(taken))}`, {
              n: (taken.length / RATE).toFixed(1),
            })}
          </p>
          <Sound sound={wav} name={t("console.greeting.new")} />
          <div class="buttons">
            <button type="button" class="btn prime" onClick={() => void keep()}>
              {t("console.greeting.keep")}
            </button>
          </div>
        </>
      )}
    </>
  );
}

function One({ language, line }: { language: Language; line: string }) {
  const [kept, setKept] = useState<Blob | null | undefined>(undefined);
  const [wrong, setWrong] = useState("");
  const read = () =>
    keptGreeting(language, line).then(
      (b) => setKept(b ?? null),
      (e: unknown) => setWrong(wrongText(e)),
    );
  useEffect(() => void read(), [language, line]);
  return (
    <>
      {kept && (
        <>
          <h3>{t("console.greeting.kept")}</h3>
          <Sound sound={kept} name={t("console.greeting.kept")} />
          <div class="buttons">
            <button
              type="button"
              class="btn"
              onClick={() =>
                void dropGreeting(language, line).then(read, (e: unknown) => setWrong(wrongText(e)))
              }
            >
              {t("console.greeting.drop")}
            </button>
          </div>
        </>
      )}
      {kept === null && (
        <p class="m">{t(line ? "console.greeting.none_for_line" : "console.greeting.none")}</p>
      )}
      <p class="wrong" role="alert">
        {wrong}
      </p>
      <h3>{t("console.greeting.new")}</h3>
      <Recorder
        onKeep={async (wav) => {
          await keepGreeting(language, line, wav);
          await read();
        }}
      />
    </>
  );
}

export function Greeting() {
  const [language, setLanguage] = useState<Language>("zh-CN");
  const [line, setLine] = useState("");
  return (
    <main class="plain">
      <section>
        <h2>{t("console.page.greeting")}</h2>
        <p class="m">{t("console.greeting.how", { company: company.value, n: MOST_S })}</p>
        <div class="seg" role="group" aria-label={t("console.language")}>
          {LANGUAGES.map((l) => (
            <button
              key={l}
              type="button"
              class="btn"
              lang={l}
              aria-pressed={l === language}
              onClick={() => setLanguage(l)}
            >
              {LANGUAGE_NAMES[l]}
            </button>
          ))}
        </div>
        {lines.value.length > 1 && (
          <label class="field">
            {t("console.greeting.line")}
            <select value={line} onChange={(e) => setLine(e.currentTarget.value)}>
              <option value="">{t("console.greeting.every_line")}</option>
              {lines.value.map((l) => (
                <option key={l.number} value={l.number}>
                  {l.number} {l.name}
                </option>
              ))}
            </select>
          </label>
        )}
        <One key={language + line} language={language} line={line} />
      </section>
    </main>
  );
}
