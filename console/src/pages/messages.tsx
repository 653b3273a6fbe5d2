/** Messages. */
import { t } from "../text";

export function Messages() {
  return <main>{t("console.page.messages")}</main>;
}
