/** A page whose code is loaded when it is first shown. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../text";

export function later(load: () => Promise<ComponentType>): ComponentType {
  let found: ComponentType | undefined;
  return function Later() {
    const [state, setState] = useState<"loading" | "there" | "failed">(found ? "there" : "loading");
    useEffect(() => {
      if (found) return;
      load().then(
        (page) => {
          found = page;
          setState("there");
        },
        () => setState("failed"), // out of reach, or another version has been installed
      );
    }, []);
    const Page = found;
    if (Page) return <Page />;
    if (state === "loading") return <p class="wait">{t("console.loading")}</p>;
    return (
      <p class="wait" role="alert">
        {t("console.offline")}{" "}
        <button type="button" class="btn" onClick={() => window.location.reload()}>
          {t("console.again")}
        </button>
      </p>
    );
  };
}
