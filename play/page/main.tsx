/** Entry of the page. */
import { render } from "preact";
import uPlotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import { keepAddress } from "./address_sync.ts";
import { App } from "./app.tsx";
import { adoptServers, tellEndOfLoads, wordsOf } from "./control.ts";
import { complain } from "./notices.ts";
import { keepPreferences } from "./preferences.ts";
import { keepRuns } from "./runs/runs.ts";
import { addFrame, link, liveFrame, machine } from "./store.ts";
import { followStory } from "./stories/panel.tsx";
import { followEvents, httpHost } from "./transport.ts";

const uPlotSheet = new CSSStyleSheet();
uPlotSheet.replaceSync(uPlotCss);
document.adoptedStyleSheets.push(uPlotSheet);

keepPreferences();
const page = document.getElementById("page")!;
// Removes the note for browsers that run no scripts.
page.textContent = "";
render(<App />, page);

try {
  machine.value = await httpHost.machine();
} catch (error) {
  complain(wordsOf(error));
}
// Bounds depend on the machine, so the address is read after it.
keepAddress();
followStory();
keepRuns();
tellEndOfLoads();
followEvents({
  onFrame: (frame) => {
    const isFirst = liveFrame.peek() === null;
    addFrame(frame);
    if (isFirst) adoptServers();
  },
  onLink: (state) => link.value = state,
  onRefused: complain,
});
