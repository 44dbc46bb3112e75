/** A Worker that does not come up. */
import { runWork } from "../../../../servers/workqueue/run_work.ts";

runWork({}, {
  setUp: () => {
    throw new Error("told not to");
  },
});
