import { type Ipv4, type Ipv6, type Prefix, parsePrefix } from "@heraldlb/net";
import { expect, test } from "vitest";
import { type BgpMessage, decodeMessage, encodeMessage } from "./message.ts";
import type { NegotiatedSession } from "./negotiation.ts";
import { type FormRoute, feedSession } from "./rib-feed.ts";
import { AdjRibOut } from "./rib-out.ts";

const SESSION: NegotiatedSession = {
  fourByteAs: true,
  extendedMessage: { send: false, receive: false },
  addPath: { send: [], receive: [] },
  extendedNextHop: false,
  peer: "external",
  holdSeconds: 90,
  asn: 64513,
  families: ["ipv4", "ipv6"],
  routeRefresh: true,
  enhancedRouteRefresh: true,
  gracefulRestart: undefined,
};

interface Marks {
  readonly communities: readonly number[];
}

const PLAIN: Marks = { communities: [1] };

const form: FormRoute<Marks> = ({ communities }, family) => ({
  attributes: [
    { type: "origin", origin: "igp" },
    { type: "asPath", segments: [{ type: "sequence", asns: [64512] }] },
    { type: "communities", values: communities },
  ],
  nextHop: { address: family === "ipv4" ? ("192.0.2.1" as Ipv4) : ("fd00::1" as Ipv6) },
});

const prefix = (text: string): Prefix => parsePrefix(text) ?? (text as Prefix);

/** Host routes, `count` of a family. */
function hosts(family: "ipv4" | "ipv6", count: number): Prefix[] {
  return Array.from({ length: count }, (_, i) =>
    family === "ipv4"
      ? prefix(`10.${i >>> 16}.${(i >>> 8) & 0xff}.${i & 0xff}/32`)
      : prefix(`fd00::${(i >>> 16).toString(16)}:${(i & 0xffff).toString(16)}/128`),
  );
}

function drain(next: () => readonly BgpMessage[]): BgpMessage[] {
  const all: BgpMessage[] = [];
  for (let messages = next(); messages.length > 0; messages = next()) all.push(...messages);
  return all;
}

function feed(prefixes: readonly Prefix[], session = SESSION) {
  const rib = new AdjRibOut<Marks>();
  for (const at of prefixes) rib.set(at, PLAIN);
  for (const family of session.families) rib.open(family);
  return { rib, next: feedSession(rib, session, form) };
}

test("announces both families in their ways, then says that it was all", () => {
  const { next } = feed([prefix("10.0.0.0/24"), prefix("fd00::/64")]);
  expect(drain(next)).toMatchObject([
    {
      announced: [{ prefix: "10.0.0.0/24" }],
      attributes: expect.arrayContaining([{ type: "nextHop", address: "192.0.2.1" }]),
    },
    { announced: [], attributes: [] },
    {
      attributes: expect.arrayContaining([
        expect.objectContaining({ type: "mpReach", nlri: [{ prefix: "fd00::/64" }] }),
      ]),
    },
    { attributes: [{ type: "mpUnreach", family: "ipv6", nlri: [] }] },
  ]);
});

test.each([
  ["ipv4", false, "announce"],
  ["ipv4", true, "announce"],
  ["ipv6", false, "announce"],
  ["ipv6", true, "announce"],
  ["ipv4", false, "withdraw"],
  ["ipv6", false, "withdraw"],
] as const)("fills messages to the brim: %s, extended %s, %s", (family, isExtended, what) => {
  const session = { ...SESSION, extendedMessage: { send: isExtended, receive: isExtended } };
  const { rib, next } = feed(hosts(family, 20_000), session);
  if (what === "withdraw") {
    drain(next);
    rib.clear();
  }
  const longest = isExtended ? 65_535 : 4_096;
  const perHost = family === "ipv4" ? 5 : 17;
  const full: number[] = [];
  for (let messages = next(); messages.length > 0; messages = next()) {
    // What is taken out of the table for one message fits into one.
    expect(messages.length).toBe(1);
    for (const message of messages) full.push(encodeMessage(message, session).length);
  }
  const carrying = full.filter((length) => length > 50);
  expect(carrying.length).toBeGreaterThan((20_000 * perHost) / longest);
  for (const length of carrying.slice(0, -1)) expect(length).toBeGreaterThan(longest - perHost - 4);
});

test("numbers paths where that was agreed on", () => {
  const { rib, next } = feed([prefix("10.0.0.0/24")], { ...SESSION, addPath: { send: ["ipv4"], receive: [] } });
  expect(drain(next)[0]).toMatchObject({ announced: [{ prefix: "10.0.0.0/24", pathId: 1 }] });
  rib.clear();
  expect(drain(next)[0]).toMatchObject({ withdrawn: [{ prefix: "10.0.0.0/24", pathId: 1 }] });
});

test("RFC 7313: a repetition has marks around it", () => {
  const { rib, next } = feed([prefix("10.0.0.0/24")]);
  drain(next);
  rib.refresh("ipv4", "enhanced");
  expect(drain(next)).toMatchObject([
    { type: "routeRefresh", subtype: "begin", family: "ipv4" },
    { type: "update" },
    { type: "routeRefresh", subtype: "end", family: "ipv4" },
  ]);
});

test("100,000 routes come out whole on the other side", () => {
  const wanted = hosts("ipv4", 100_000);
  const { next } = feed(wanted);
  const heard = new Set<string>();
  for (const message of drain(next)) {
    const received = decodeMessage(encodeMessage(message, SESSION), SESSION);
    if (received.type === "update") for (const { prefix: at } of received.announced) heard.add(at);
  }
  expect(heard).toEqual(new Set(wanted));
});
