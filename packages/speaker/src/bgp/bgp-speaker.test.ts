import type { Ip, Prefix } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BgpSpeaker } from "./bgp-speaker.ts";
import type { BgpPeer, BgpRoute } from "./desired.ts";

let speaker: BgpSpeaker;

beforeEach(() => {
  speaker = new BgpSpeaker({
    clock: new FakeClock(),
    log: recordingLogger(),
    random: () => 0,
    interfaces: () => [],
    keptRoutes: 0,
    node: "node1",
    restart: { hasRestarted: false, keptForwarding: false },
    listen: undefined,
  });
});
afterEach(async () => {
  await speaker.close("shutdown", "test");
});

// Nobody is there.
const peer = (name: string, change: Partial<BgpPeer> = {}): BgpPeer => ({
  name,
  address: "127.0.0.254" as Ip,
  port: 1,
  asn: 64512,
  peerAsn: 64513,
  holdSeconds: 90,
  keepaliveSeconds: 30,
  ...change,
});

const route = (i: number): BgpRoute => ({
  id: `${i}`,
  prefix: `10.${i >>> 16}.${(i >>> 8) & 255}.${i & 255}/32` as Prefix,
  attributes: {},
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const states = (): string[] => Array.from(speaker.sessions, ([name, { state }]) => `${name} ${state}`);

test("each new session begins in a turn of its own", async () => {
  speaker.replace({ peers: [peer("a"), peer("b")], routes: [route(1)] });
  expect(states()).toEqual(["a idle", "b idle"]);
  await turn();
  expect(states()).toEqual(["a connect", "b idle"]);
  await turn();
  expect(states()[1]).toBe("b connect");
});

test("a peer that has gone before its turn never begins", async () => {
  speaker.replace({ peers: [peer("a")], routes: [] });
  const [session] = speaker.sessions.values();
  speaker.apply([{ type: "peerGone", name: "a" }]);
  await turn();
  expect([session?.state, speaker.sessions.size]).toEqual(["idle", 0]);
});

test("a peer without an address begins when it is found, but not before its turn", async () => {
  speaker.replace({ peers: [peer("a", { address: undefined, interface: "lo" })], routes: [] });
  await turn();
  expect(states()).toEqual(["a idle"]);
  speaker.setNeighbor("lo", "127.0.0.254" as Ip);
  expect(states()).toEqual(["a connect"]);
  // One that is there from the beginning waits for its turn all the same.
  speaker.apply([{ type: "peer", peer: peer("b", { address: undefined, interface: "lo" }) }]);
  expect(states()[1]).toBe("b idle");
  await turn();
  expect(states()[1]).toBe("b connect");
});

test("replacing everything removes what is not named", () => {
  speaker.replace({ peers: [peer("a"), peer("b")], routes: [route(1)] });
  speaker.replace({ peers: [peer("b"), peer("c")], routes: [] });
  expect([...speaker.sessions.keys()]).toEqual(["b", "c"]);
});
