/** Texts of the page's frame, set-up, stories and runs. */
export const page = {
  "app.title": "ktcp play",
  "tab.live": "Live",
  "tab.glass": "Slow motion",
  "tab.parser": "Parser bench",
  "tab.runs": "Runs",
};
