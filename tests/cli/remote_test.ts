import assert from "node:assert/strict";
import { remoteText } from "../../cli/shared/remote.ts";

/** A host at port 80 of `addresses`. */
function at(host: string, ...addresses: string[]) {
  return { host, addresses: addresses.map((hostname) => ({ hostname, port: 80 })) };
}

Deno.test("remoteText() names what is not this machine, and nothing else", () => {
  const own = Deno.networkInterfaces().map(({ address }) => at("own", address));
  assert.equal(remoteText([at("a", "127.0.0.1", "::1"), ...own]), undefined);
  assert.equal(remoteText([{ host: "any", addresses: [{ path: "/x" }] }]), undefined);
  assert.equal(
    remoteText([at("a", "127.0.0.1"), at("b.test", "127.0.0.1", "192.0.2.200", "2001:db8::1")]),
    "the load goes to another machine: b.test (192.0.2.200, 2001:db8::1)",
  );
  const many = [1, 2, 3, 4, 5, 6].map((i) => at(`192.0.2.20${i}`, `192.0.2.20${i}`));
  assert.equal(
    remoteText(many),
    "the load goes to other machines: 192.0.2.201, 192.0.2.202, 192.0.2.203, 192.0.2.204 and 2 more",
  );
});
