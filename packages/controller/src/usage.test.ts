import { type IpAddressPool, readResource } from "@heraldlb/config";
import type { Ip } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { pool } from "./controller.test.fixture.ts";
import { capacity, UsageCounter } from "./usage.ts";

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

describe("usage", () => {
  const holding = (pool: string, ...addresses: string[]) => ({ pool, addresses: addresses as Ip[] });

  const NOBODY = () => undefined;

  test("counts an address once, however many share it, until the last of them is gone", () => {
    const usage = new UsageCounter();
    const both = holding("p", "1.2.3.0", "1000::");
    usage.add(both);
    usage.add(holding("p", "1.2.3.0"));
    usage.add(holding("q", "2.2.2.2"));
    expect([...usage.byPool(NOBODY)]).toEqual([
      ["p", { ipv4: 1, ipv6: 1 }],
      ["q", { ipv4: 1, ipv6: 0 }],
    ]);
    usage.delete(both);
    expect(usage.byPool(NOBODY).get("p")).toEqual({ ipv4: 1, ipv6: 0 });
    usage.delete(holding("p", "1.2.3.0"));
    expect(usage.byPool(NOBODY).get("p")).toBeUndefined();
  });

  test("counts a stranded address once, for the pool that has it, beside those who share it", () => {
    const usage = new UsageCounter();
    const stranded = (address: string) => ({ ...holding("p", address), stranded: "poolNotCompatible" }) as const;
    const last = stranded("1.2.3.0");
    for (const one of [stranded("1.2.3.0"), last, stranded("1.2.3.1"), holding("q", "1.2.3.1")]) usage.add(one);
    expect(usage.byPool(() => "q").get("q")).toEqual({ ipv4: 2, ipv6: 0 });
    expect(usage.byPool(NOBODY).get("q")).toEqual({ ipv4: 1, ipv6: 0 });
    usage.delete(last);
    expect(usage.byPool(() => "q").get("q")).toEqual({ ipv4: 2, ipv6: 0 });
  });
});
