import fc from "fast-check";
import { expect, test } from "vitest";
import { CONFIG } from "./session.test.fixture.ts";
import type { SessionConfig } from "./session-config.ts";
import { World } from "./session-pair.test.fixture.ts";

const PEER: SessionConfig = { ...CONFIG, asn: 64513, peerAsn: 64512 };
const UP = ["established", "established"];

function up(configs: readonly [SessionConfig, SessionConfig] = [CONFIG, PEER], seed = 1): World {
  const world = new World(configs, seed);
  world.both({ type: "start" });
  world.run(30_000);
  expect(world.names).toEqual(UP);
  return world;
}

test("two sides that both call each other end up with one session, whatever the network's timing", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const { sides } = up([CONFIG, PEER], seed);
      expect(sides.map(({ state }) => state.connections.length)).toEqual([1, 1]);
    }),
  );
});

test.each([
  ["active", "passive", CONFIG, { ...PEER, isPassive: true }],
  ["passive", "active", { ...CONFIG, isPassive: true }, PEER],
  ["without a hold time", "with one", { ...CONFIG, holdSeconds: 0 }, PEER],
  ["external", "any other", { ...CONFIG, peerAsn: "external" }, { ...PEER, peerAsn: "external" }],
  ["internal", "internal", { ...CONFIG, peerAsn: "internal" }, { ...PEER, asn: 64512, peerAsn: "internal" }],
] as const)("%s and %s come together", (_own, _peer, own, peer) => {
  up([own, peer]);
});

test("KEEPALIVEs keep a session up for days", () => {
  const world = up();
  world.run(2 * 86_400_000);
  expect(world.sides.map(({ log }) => log)).toEqual([["up"], ["up"]]);
});

test("silence ends a session after the hold time, and it comes back", () => {
  const world = up();
  world.isSilent = true;
  world.run(95_000);
  for (const side of world.sides) expect(side.log).toEqual(["up", "down: sent"]);
  world.isSilent = false;
  world.run(60_000);
  expect(world.names).toEqual(UP);
});

test("a lost connection is back within a few seconds", () => {
  const world = up();
  world.sides[0].cut();
  world.run(3_000);
  expect(world.names).toEqual(UP);
});

test("a peer that was away for an hour is back within 5 s of its return", () => {
  const world = up();
  world.isRefusing = true;
  world.sides[0].cut();
  world.run(3_600_000);
  expect(world.names).not.toEqual(UP);
  world.isRefusing = false;
  world.run(5_100);
  expect(world.names).toEqual(UP);
});

test("sides that disagree try again for ever, but slowly", () => {
  const world = new World([CONFIG, { ...PEER, asn: 64999 }]);
  world.both({ type: "start" });
  world.run(3_600_000);
  expect(world.names).not.toContain("established");
  // Each side numbers its connections: one takes 5 s at least, after the first few.
  for (const { state } of world.sides) expect(state.failures).toBeGreaterThan(300);
  for (const { state } of world.sides) expect(state.failures).toBeLessThan(1_500);
});

test("a session stopped on one side stays down, without anything left behind", () => {
  const world = up();
  world.both({ type: "stop", notification: undefined, routes: "keep" });
  world.run(1_000);
  expect([world.names, world.pending]).toEqual([["idle", "idle"], 0]);
});

const trouble = fc.oneof(
  fc.constant((world: World) => world.sides[0].cut()),
  fc.integer({ min: 1, max: 200_000 }).map((ms) => (world: World) => {
    world.isSilent = true;
    world.run(ms);
    world.isSilent = false;
  }),
  fc.integer({ min: 1, max: 60_000 }).map((ms) => (world: World) => {
    world.isRefusing = true;
    world.run(ms);
    world.isRefusing = false;
  }),
  fc.constantFrom(0, 1).map((side) => (world: World) => {
    world.sides[side as 0]?.happen({ type: "stop", notification: undefined, routes: "keep" });
    world.run(500);
    world.sides[side as 0]?.happen({ type: "start" });
  }),
  fc.integer({ min: 1, max: 20_000 }).map((ms) => (world: World) => world.run(ms)),
);

test("after any trouble the session is up again in the end", () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(trouble, { maxLength: 8 }), (seed, troubles) => {
      const world = new World([CONFIG, PEER], seed);
      world.both({ type: "start" });
      for (const happens of troubles) happens(world);
      // A connection that died in silence is found out by the OPEN's hold time.
      world.run(300_000);
      expect(world.names).toEqual(UP);
    }),
  );
});
