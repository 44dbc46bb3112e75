/** Entry of the page. */
import { render } from "preact";
import uPlotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import { App } from "./app.tsx";
import { addFrame, link, machine } from "./store.ts";
import { followEvents, httpHost } from "./transport.ts";

const uPlotSheet = new CSSStyleSheet();
uPlotSheet.replaceSync(uPlotCss);
// Before the page's own rules, which may change them.
document.adoptedStyleSheets.unshift(uPlotSheet);

render(<App />, document.getElementById("page")!);

followEvents({ onFrame: addFrame, onLink: (state) => link.value = state });
machine.value = await httpHost.machine();
