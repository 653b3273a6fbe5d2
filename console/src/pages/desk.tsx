/** The operator's desk: rack, call, directory; one keyboard for all of it. */
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Me } from "../api/client";
import { DeskAway } from "../desk/away";
import { DeskBar } from "../desk/bar";
import { DeskCallZone } from "../desk/call";
import { DeskDirectory } from "../desk/dir";
import { DeskKeyBar } from "../desk/keybar";
import { DeskPanel } from "../desk/panel";
import { DeskRack } from "../desk/rack";
import { isLost } from "../desk/board";
import { onKey, startDesk } from "../desk/run";
import { spoken } from "../desk/voice";
import { locked, query } from "../desk/view";
import { t } from "../text";

/** What a screen reader is told; a text that comes twice is another node. */
function Spoken() {
  const s = spoken.value;
  return (
    <div class="vh" role="log" aria-live="polite" aria-label={t("console.desk.spoken")}>
      <p key={s.n}>{s.text}</p>
    </div>
  );
}

const FIELD = "input, textarea, select, [contenteditable]";

export function DeskPage({ who }: { who: Me }) {
  const root = useRef<HTMLDivElement>(null);
  const inField = useSignal(false);
  const searching = useComputed(() => query.value !== "");
  useEffect(startDesk, []);
  useEffect(() => {
    root.current?.focus();
    const focus = () => {
      const at = document.activeElement;
      inField.value = Boolean(at?.matches(FIELD) && !at.matches("[data-search]"));
      // the work area never loses the keyboard to nothing
      if (at === document.body) root.current?.focus();
    };
    const soon = () => window.setTimeout(focus, 0);
    document.addEventListener("focusin", focus);
    document.addEventListener("focusout", soon);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("focusin", focus);
      document.removeEventListener("focusout", soon);
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  useSignalEffect(() => {
    if (isLost.value) root.current?.focus();
  });
  return (
    <main class="desk-page">
      <div
        ref={root}
        class={`desk${searching.value ? " searching" : ""}`}
        role="application"
        aria-label={t("console.desk.title")}
        tabIndex={-1}
        data-desk
      >
        <DeskBar who={who} />
        <DeskRack />
        {locked.value ? (
          <DeskAway who={who} />
        ) : (
          <>
            <DeskCallZone />
            <DeskDirectory />
          </>
        )}
        <DeskPanel />
        <DeskKeyBar inField={inField.value} />
      </div>
      <Spoken />
    </main>
  );
}
