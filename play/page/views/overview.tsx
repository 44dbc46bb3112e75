/** Everything about one server, live. */
import type { Frame, ServerView } from "../../protocol.ts";
import { t } from "../i18n/mod.ts";

/** What each view is given. */
export interface ViewProps {
  /** The server that is shown, as the newest frame has it. */
  server: ServerView;
  /** The frames to show, oldest first; the newest is the moment that is shown. */
  frames: readonly Frame[];
}

/** All views of a server. */
export function Overview({ server }: ViewProps) {
  return <h2>{t("views.title")}: {server.id}</h2>;
}
