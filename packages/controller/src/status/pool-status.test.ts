import { expect, test } from "vitest";
import { poolStatus } from "./pool-status.ts";

const MAX = 9_223_372_036_854_775_807n;

test.each([
  ["nothing in use", { ipv4: 256n, ipv6: 0n }, { ipv4: 0, ipv6: 0 }, [0n, 0n, 256n, 0n]],
  ["some of both families", { ipv4: 384n, ipv6: 2n }, { ipv4: 4, ipv6: 2 }, [4n, 2n, 380n, 0n]],
  ["a /64", { ipv4: 0n, ipv6: 2n ** 64n }, { ipv4: 0, ipv6: 5 }, [0n, 5n, 0n, MAX]],
  ["exactly the greatest int64", { ipv4: 0n, ipv6: MAX + 5n }, { ipv4: 0, ipv6: 5 }, [0n, 5n, 0n, MAX]],
  ["just below the greatest int64", { ipv4: 0n, ipv6: MAX }, { ipv4: 0, ipv6: 5 }, [0n, 5n, 0n, MAX - 5n]],
])("%s", (_, total, used, [assignedIPv4, assignedIPv6, availableIPv4, availableIPv6]) => {
  expect(poolStatus({ pool: "p", total, used })).toEqual({
    ...{ assignedIPv4, assignedIPv6, availableIPv4, availableIPv6 },
  });
});
