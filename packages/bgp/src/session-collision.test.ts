import type { Ipv4 } from "@heraldlb/net";
import { expect, test } from "vitest";
import {
  accepted,
  after,
  CONFIG,
  ESTABLISHED,
  type Happening,
  KEEPALIVE,
  OPEN_SENT,
  OWN_ID,
  peerOpen,
  RESTARTABLE,
  RESTARTABLE_UP,
  received,
} from "./session.test.fixture.ts";

const LOWER = "192.0.2.0" as Ipv4;
const HIGHER = "192.0.2.9" as Ipv4;
const OUT = 1;
const IN = 2;

const survivors = (events: Happening[], config = CONFIG) =>
  after(events, config).state.connections.map(({ id, name }) => [id, name]);

test.each([
  { peer: { identifier: HIGHER }, first: OUT, keeps: IN },
  { peer: { identifier: HIGHER }, first: IN, keeps: IN },
  { peer: { identifier: LOWER }, first: OUT, keeps: OUT },
  { peer: { identifier: LOWER }, first: IN, keeps: OUT },
  // RFC 6286 section 2.3: equal identifiers, so the larger AS number counts.
  { peer: { identifier: OWN_ID, asn: 64513 }, first: OUT, keeps: IN },
  { peer: { identifier: OWN_ID, asn: 64511 }, first: OUT, keeps: OUT },
])("RFC 4271 section 6.8: of two connections the one stays that the higher side made: $peer, $first", (row) => {
  const open = peerOpen(row.peer);
  const config = { ...CONFIG, peerAsn: open.asn };
  const second = row.first === OUT ? IN : OUT;
  const { state, effects } = after(
    [...OPEN_SENT, accepted(IN), received(open, row.first), received(open, second)],
    config,
  );
  expect(state.connections).toMatchObject([{ id: row.keeps, name: "openConfirm" }]);
  const loser = row.keeps === OUT ? IN : OUT;
  expect(effects.slice(0, 2)).toMatchObject([
    { type: "send", connection: loser, message: { error: "connectionCollisionResolution" } },
    { type: "close", connection: loser },
  ]);
  // Losing is no failure.
  expect(state).toMatchObject({ dial: "idle", failures: 0 });
});

test("an established session stays, whoever made the newer connection", () => {
  const events = [...ESTABLISHED, accepted(IN), received(peerOpen({ identifier: HIGHER }), IN)];
  expect(survivors(events)).toEqual([[OUT, "established"]]);
});

test("RFC 4724 section 5: a peer that restarts gracefully and connects again has lost the old connection", () => {
  const { state, effects } = after([...RESTARTABLE_UP, accepted(IN)], RESTARTABLE);
  expect(state.connections).toMatchObject([{ id: IN, name: "openSent" }]);
  expect(effects).toMatchObject([
    { type: "close", connection: OUT },
    { type: "ended", connection: OUT, wasUp: true, end: { reason: "replaced" } },
    { type: "send", connection: IN, message: { type: "open" } },
    { type: "arm" },
  ]);
});

test("a peer's newer connection replaces its older one that has not got anywhere", () => {
  const { state, effects } = after([...OPEN_SENT, accepted(IN), accepted(3)]);
  expect(state.connections.map(({ id }) => id)).toEqual([OUT, 3]);
  expect(effects[0]).toMatchObject({ connection: IN, message: { error: "connectionRejected" } });
});

test("the survivor goes on to be established", () => {
  const open = peerOpen({ identifier: HIGHER });
  const events = [...OPEN_SENT, accepted(IN), received(open, OUT), received(open, IN), received(KEEPALIVE, IN)];
  expect(survivors(events)).toEqual([[IN, "established"]]);
});
