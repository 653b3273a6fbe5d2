import { render } from "preact";
import { App } from "./app";
import { startClock } from "./state/clock";
import { firstLanguage, startTheme } from "./state/prefs";
import { startRoutes } from "./state/route";
import { findSession } from "./state/session";
import "./style/tokens.css";
import "./style/base.css";
import "./style/live.css";
import "./style/desk.css";
import "./style/quiet.css";
import { useLanguage } from "./text";

const root = document.getElementById("app");

startTheme();
startClock();
startRoutes();
if (window.location.pathname === "/caller") {
  // the sample's telephone: nobody signs in
  const [{ CallerPage }] = await Promise.all([
    import("./pages/caller"),
    useLanguage(firstLanguage()),
  ]);
  if (root) render(<CallerPage />, root);
} else {
  await Promise.all([useLanguage(firstLanguage()), findSession()]);
  if (root) render(<App />, root);
}
