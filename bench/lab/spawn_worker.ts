/** Worker entry of lab `spawn`: reports that it runs, and waits. */
const scope = globalThis as unknown as {
  postMessage(message: null): void;
  onmessage: () => void;
};
// Without it the Worker would end by itself.
scope.onmessage = () => {};
scope.postMessage(null);
