import { type Family, type Ipv4, type Ipv6, type Prefix, parsePrefix } from "@heraldlb/net";
import { expect, test } from "vitest";
import type { PathAttribute } from "./attribute.ts";
import { notification } from "./notification.ts";
import { AdjRibIn } from "./rib-in.ts";
import type { ReceivedUpdate } from "./update.ts";

const prefix = (text: string): Prefix => parsePrefix(text) ?? (text as Prefix);
const nlri = (...texts: string[]) => texts.map((text) => ({ prefix: prefix(text) }));
const NEXT_HOP = { type: "nextHop", address: "192.0.2.1" as Ipv4 } as const;
const MED: PathAttribute = { type: "med", value: 7 };

const update = (change: Partial<ReceivedUpdate>): ReceivedUpdate => ({
  type: "update",
  withdrawn: [],
  attributes: [NEXT_HOP],
  announced: [],
  errors: [],
  ...change,
});
const announce = (...texts: string[]) => update({ announced: nlri(...texts) });
const mark = (subtype: "begin" | "end", family: Family) => ({ type: "routeRefresh", subtype, family }) as const;
const prefixes = (rib: AdjRibIn) => Array.from(rib.routes(), (route) => route.prefix);

test("holds what was announced until it is withdrawn", () => {
  const rib = new AdjRibIn(10);
  rib.apply(update({ attributes: [NEXT_HOP, MED], announced: nlri("10.0.0.0/8", "10.1.0.0/16") }));
  expect([...rib.routes()]).toMatchObject([
    { prefix: "10.0.0.0/8", nextHop: { address: "192.0.2.1" }, attributes: [MED] },
    { prefix: "10.1.0.0/16" },
  ]);
  rib.apply(update({ withdrawn: nlri("10.0.0.0/8", "10.9.0.0/16") }));
  expect(prefixes(rib)).toEqual(["10.1.0.0/16"]);
  rib.clear();
  expect(rib.size).toBe(0);
});

test("holds IPv6 routes, and several paths of a prefix", () => {
  const rib = new AdjRibIn(10);
  const nextHop = { address: "fd00::1" as Ipv6 };
  const routes = [1, 2].map((pathId) => ({ prefix: prefix("fd00::/64"), pathId }));
  rib.apply(update({ attributes: [{ type: "mpReach", family: "ipv6", nextHop, nlri: routes }] }));
  expect(prefixes(rib)).toEqual(["fd00::/64", "fd00::/64"]);
  rib.apply(update({ attributes: [{ type: "mpUnreach", family: "ipv6", nlri: routes.slice(0, 1) }] }));
  expect([...rib.routes()]).toMatchObject([{ pathId: 2, nextHop }]);
});

test("RFC 7606: a malformed announcement withdraws", () => {
  const rib = new AdjRibIn(10);
  rib.apply(announce("10.0.0.0/8"));
  const error = { action: "treatAsWithdraw", message: "", notification: notification("malformedAsPath") } as const;
  rib.apply({ ...announce("10.0.0.0/8"), errors: [error] });
  expect(rib.size).toBe(0);
});

test("holds no more than its limit, but follows what it holds", () => {
  const rib = new AdjRibIn(2);
  rib.apply(announce("10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"));
  expect([rib.size, rib.ignored]).toEqual([2, 1]);
  rib.apply(update({ attributes: [NEXT_HOP, MED], announced: nlri("10.1.0.0/16") }));
  expect([...rib.routes()][0]).toMatchObject({ attributes: [MED] });
  expect(rib.ignored).toBe(1);
});

test("RFC 7313 section 4: what is not repeated between the marks is gone", () => {
  const rib = new AdjRibIn(10);
  const nextHop = { address: "fd00::1" as Ipv6 };
  rib.apply(announce("10.1.0.0/16", "10.2.0.0/16"));
  rib.apply(update({ attributes: [{ type: "mpReach", family: "ipv6", nextHop, nlri: nlri("fd00::/64") }] }));
  rib.apply(mark("begin", "ipv4"));
  rib.apply(announce("10.2.0.0/16", "10.3.0.0/16"));
  expect(prefixes(rib)).toContain("10.1.0.0/16");
  rib.apply(mark("end", "ipv4"));
  expect(prefixes(rib)).toEqual(["10.2.0.0/16", "fd00::/64", "10.3.0.0/16"]);
});

test("keeps no view of the bytes that an update came in", () => {
  const rib = new AdjRibIn(10);
  const buffer = new Uint8Array(65_536);
  const value = buffer.subarray(8, 16);
  const values = [{ type: "unknown", value } as const];
  const unknown: PathAttribute = { type: "unknown", code: 99, value };
  const attributes: PathAttribute[] = [NEXT_HOP, { type: "extendedCommunities", values }, unknown];
  rib.apply(update({ attributes, announced: nlri("10.0.0.0/8") }));
  const [route] = rib.routes();
  expect(route?.attributes).toEqual([
    { type: "extendedCommunities", values: [{ type: "unknown", value: new Uint8Array(8) }] },
  ]);
  const [communities] = route?.attributes ?? [];
  expect(communities?.type === "extendedCommunities" && communities.values[0]).toMatchObject({
    value: { byteOffset: 0 },
  });
});
