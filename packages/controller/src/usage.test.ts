import { type IpAddressPool, readResource } from "@heraldlb/config";
import { describe, expect, test } from "vitest";
import { pool } from "./controller.test.fixture.ts";
import { capacity } from "./usage.ts";

function resource(addresses: readonly string[], avoidBuggyIPs: boolean): IpAddressPool {
  const outcome = readResource(pool("p", addresses, { avoidBuggyIPs }), { defaultNamespace: "default" });
  if (outcome.type !== "resource") throw new Error("not a resource");
  return outcome.resource as IpAddressPool;
}

describe("a pool's capacity", () => {
  test.each([
    [["1.2.3.0/24"], false, 256n, 0n],
    [["1.2.3.0/24", "1.2.4.0/25"], false, 384n, 0n],
    [["1.2.3.0/24", "1.2.4.0/25"], true, 381n, 0n],
    [["1.2.3.0/31", "1000::/127"], true, 1n, 2n],
    [["1.2.0.0/16"], true, 65_536n - 512n, 0n],
    [["1.2.3.255-1.2.4.0"], true, 0n, 0n],
    [["0.0.0.0-0.0.0.1"], true, 1n, 0n],
    [["1.2.3.1-1.2.3.254"], true, 254n, 0n],
    [["1000::/64"], true, 0n, 2n ** 64n],
  ])("of %j, avoiding .0 and .255: %s, is %s and %s", (addresses, avoids, ipv4, ipv6) => {
    expect(capacity(resource(addresses, avoids))).toEqual({ ipv4, ipv6 });
  });
});
