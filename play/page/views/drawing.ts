/** When pictures are drawn: each at most once per animation frame, and all of them in turn. */

/** How long drawings may take in one animation frame, in ms. What is left waits for the next one. */
const BUDGET_MS = 5;

const waiting = new Set<() => void>();
let isScheduled = false;

/** Calls `draw` in one of the next animation frames; once, even if it is scheduled twice before. */
export function scheduleDraw(draw: () => void): void {
  waiting.add(draw);
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(drawWaiting);
}

/** Cancels a scheduled call of `draw`. */
export function cancelDraw(draw: () => void): void {
  waiting.delete(draw);
}

function drawWaiting(): void {
  const endMs = performance.now() + BUDGET_MS;
  isScheduled = waiting.size > 0;
  for (const draw of waiting) {
    waiting.delete(draw);
    draw();
    if (performance.now() >= endMs) break;
  }
  isScheduled = waiting.size > 0;
  if (isScheduled) requestAnimationFrame(drawWaiting);
}
