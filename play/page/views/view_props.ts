/** The properties of each view. */
import type { Frame, ServerView } from "../../protocol.ts";

export interface ViewProps {
  /** The server that is shown, as the newest frame has it. */
  server: ServerView;
  /** The frames to show, oldest first; the newest is the moment that is shown. */
  frames: readonly Frame[];
}
