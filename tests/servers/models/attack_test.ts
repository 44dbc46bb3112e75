/**
 * A small variant of the attack of `deno task soak`, which has it at full size, with every attack
 * and in every model.
 */
import { attack } from "../../../tools/soak/attack/scenario.ts";
import { whyNot } from "../../support/launch.ts";

Deno.test({
  name: "single: well-behaved clients get whole right answers beside attackers",
  ignore: whyNot(["openssl", "version"]) !== undefined,
  fn: async () => {
    await attack({ model: "single" }, {
      seconds: 2,
      attacks: ["slow-readers", "churn", "aborted", "content"],
      connections: 100,
      entries: 100,
    });
  },
});
