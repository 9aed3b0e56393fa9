import {
  AckKind,
  ByeReason,
  ConnectRequest,
  ConnectResponse,
  HoldingState,
  ItemErrorReason,
  Role,
} from "@heraldlb/api";
import type { ControllerMessage } from "@heraldlb/election";
import type { Ipv4, Ipv6, Mac } from "@heraldlb/net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { SentStatement } from "./outgoing.ts";
import { decodeDefinitions, encodeDefinitions, fromResponse, toRequest } from "./translate.ts";

const NO_BGP = {
  ...{ changedBgpPeers: [], removedBgpPeers: [], changedBgpRoutes: [], removedBgpRoutes: [] },
  ...{ changedBgpServices: [], removedBgpServices: [] },
};
const context = { applied: { revision: 7n, holder: "c1" }, ageMs: 3.4 };
/** As it comes out at the other end. */
const sent = (message: SentStatement) =>
  ConnectRequest.decode(ConnectRequest.encode(toRequest(message, context)).finish()).message;
const received = (message: ConnectResponse["message"]) =>
  fromResponse(ConnectResponse.decode(ConnectResponse.encode({ message }).finish()));

const epoch = { term: 3, counter: 4 };
const protoEpoch = { term: 3n, counter: 4n };

describe("what the speaker says", () => {
  test("hello, with how far definitions are applied", () => {
    const mac = "02:00:00:00:00:01" as Mac;
    const link = { name: "eth0", ifindex: 2, present: true, up: true, carrier: true, mac, arp: true, ndp: false };
    const message = sent({
      type: "hello",
      ...{ node: "n1", instance: "i1", bootId: "b1", startedAt: 12_340, stamp: 1.5, maxTerm: 3, termHolder: "c1" },
      holdingsRev: 9,
      holdings: [{ group: "192.0.2.1", epoch, state: "yielded", conflictMac: mac }],
      links: [link],
    });
    expect(message).toEqual({
      $case: "hello",
      value: {
        ...{ node: "n1", instance: "i1", bootId: "b1", startedAtMs: 12_340n, stamp: 1_500n, maxTerm: 3n },
        termHolder: "c1",
        holdingsRevision: 9n,
        holdings: [{ group: "192.0.2.1", epoch: protoEpoch, state: HoldingState.YIELDED, conflictMac: mac }],
        links: [link],
        appliedRevision: 7n,
        revisionHolder: "c1",
      },
    });
  });

  test("a heartbeat, with the time that it waited to be sent", () => {
    const heartbeat = {
      type: "heartbeat",
      stamp: 2,
      maxTerm: 3,
      termHolder: "c1",
      holdingsRev: 9,
      workerAge: 1,
    } as const;
    expect(sent(heartbeat)).toEqual({
      $case: "heartbeat",
      value: { stamp: 2_000n, maxTerm: 3n, termHolder: "c1", holdingsRevision: 9n, workerAgeMs: 4 },
    });
  });

  test.each([
    ["none", HoldingState.UNSPECIFIED],
    ["verify", HoldingState.VERIFY],
    ["owner", HoldingState.OWNER],
    ["leaving", HoldingState.LEAVING],
    ["yielded", HoldingState.YIELDED],
  ] as const)("a holding in state %s", (state, expected) => {
    expect(sent({ type: "holdings", rev: 2, changed: [{ group: "g", epoch, state }] })).toEqual({
      $case: "holdings",
      value: { revision: 2n, changed: [{ group: "g", epoch: protoEpoch, state: expected, conflictMac: undefined }] },
    });
  });

  test.each([
    ["assign", AckKind.ASSIGN],
    ["leave", AckKind.LEAVE],
    ["revoke", AckKind.REVOKE],
  ] as const)("an ack of %s", (kind, expected) => {
    const value = { kind: expected, group: "g", epoch: protoEpoch };
    const ack = { type: "ack", kind, group: "g", epoch } as const;
    expect(sent({ type: "acks", acks: [ack] })).toEqual({ $case: "ack", value });
    expect(sent({ type: "acks", acks: [ack, ack] })).toEqual({ $case: "acks", value: { acks: [value, value] } });
  });

  test.each([
    ["lostController", ByeReason.LOST_CONTROLLER],
    ["shutdown", ByeReason.SHUTDOWN],
    ["replaced", ByeReason.REPLACED],
  ] as const)("bye: %s", (reason, expected) => {
    expect(sent({ type: "bye", reason })).toEqual({ $case: "bye", value: { reason: expected } });
  });

  test("links and drain", () => {
    expect(sent({ type: "links", links: [] })).toEqual({ $case: "links", value: { links: [] } });
    expect(sent({ type: "drain" })).toEqual({ $case: "drain", value: {} });
  });

  test("what could not be applied", () => {
    const error = { group: "g", reason: "invalidGroup", message: "bad" } as const;
    expect(sent({ type: "applied", position: context.applied, errors: [error] })).toEqual({
      $case: "applied",
      value: { revision: 7n, errors: [{ group: "g", reason: ItemErrorReason.INVALID_GROUP, message: "bad" }] },
    });
  });
});

describe("what a controller says", () => {
  test.each([
    [Role.LEADER, "leader"],
    [Role.STANDBY, "standby"],
    [Role.UNSPECIFIED, "standby"],
  ] as const)("a reply of role %s", (role, expected) => {
    const value = { role, term: 3n, holder: "c1", firm: true, intervalMs: 100, detectionMs: 300, echo: 2_500n };
    expect(received({ $case: "reply", value })).toEqual({
      type: "orders",
      messages: [
        {
          ...{ type: "reply", role: expected, term: 3, holder: "c1", firm: true, intervalMs: 100, detectionMs: 300 },
          echo: 2.5,
        },
      ],
    });
  });

  test("orders", () => {
    const order = { group: "g", epoch: protoEpoch };
    const expected = (...messages: ControllerMessage[]) => ({ type: "orders", messages });
    const assign = { type: "assign", group: "g", epoch, echo: 1 } as const;
    expect(received({ $case: "assign", value: { ...order, echo: 1_000n } })).toEqual(expected(assign));
    expect(received({ $case: "leave", value: { ...order, echo: 1_000n } })).toEqual(
      expected({ ...assign, type: "leave" }),
    );
    expect(received({ $case: "revoke", value: order })).toEqual(expected({ type: "revoke", group: "g", epoch }));
    expect(received({ $case: "drained", value: {} })).toEqual(expected({ type: "drained" }));
  });

  test("orders that travel together, without those of a later version", () => {
    const kinds = [AckKind.REVOKE, AckKind.ASSIGN, AckKind.UNRECOGNIZED, AckKind.LEAVE];
    const orders = kinds.map((kind, at) => ({ kind, group: `g${at}`, counter: BigInt(at) }));
    const read = received({ $case: "orders", value: { term: 1n, echo: 1_000n, orders } });
    const common = { echo: 1 };
    expect(read).toEqual({
      type: "orders",
      messages: [
        { type: "revoke", group: "g0", epoch: { term: 1, counter: 0 }, ...common },
        { type: "assign", group: "g1", epoch: { term: 1, counter: 1 }, ...common },
        { type: "leave", group: "g3", epoch: { term: 1, counter: 3 }, ...common },
      ],
    });
  });

  test("the nodes' MAC addresses, without what is none", () => {
    const macs = ["02:00:00:00:00:01", "nonsense"];
    expect(received({ $case: "peers", value: { macs } })).toEqual({ type: "peers", macs: macs.slice(0, 1) });
  });

  test("an order without an epoch, and a message of a later version, are nothing", () => {
    expect(received({ $case: "assign", value: { group: "g", epoch: undefined, echo: 1n } })).toBeUndefined();
    expect(fromResponse(ConnectResponse.decode(Uint8Array.of(0xfa, 0x01, 0x00)))).toBeUndefined();
  });

  test("definitions, where addresses become canonical", () => {
    const addresses = [
      { address: "192.0.2.1", allInterfaces: true, interfaces: [], services: [] },
      { address: "2001:DB8:0::1", allInterfaces: false, interfaces: ["eth0"], services: ["a/web"] },
    ];
    const value = {
      baseRevision: 1n,
      revision: 2n,
      changed: [{ id: "192.0.2.1", addresses, refreshMs: 0 }],
      removed: ["g"],
      ...NO_BGP,
    };
    expect(received({ $case: "delta", value })).toEqual({
      type: "delta",
      delta: {
        ...{ baseRevision: 1n, revision: 2n, removed: ["g"] },
        changed: [
          {
            type: "group",
            group: {
              id: "192.0.2.1",
              addresses: [
                { address: "192.0.2.1", interfaces: "all" },
                { address: "2001:db8::1", interfaces: ["eth0"] },
              ],
            },
            services: [[], ["a/web"]],
          },
        ],
      },
    });
  });

  test.each([
    ["no id", "", ["192.0.2.1"]],
    ["no address", "g", []],
    ["no address but text", "g", ["192.0.2.01"]],
    ["a multicast address", "g", ["224.0.0.1"]],
    ["the unspecified address", "g", ["::"]],
    ["an address twice", "g", ["2001:db8::1", "2001:DB8::1"]],
  ])("a definition with %s is that item's error", (_what, id, texts) => {
    const addresses = texts.map((address) => ({ address, allInterfaces: true, interfaces: [], services: [] }));
    const value = {
      revision: 2n,
      index: 0,
      last: true,
      groups: [{ id, addresses, refreshMs: 0 }],
      revisionHolder: "c1",
      bgpPeers: [],
      bgpRoutes: [],
      bgpServices: [],
    };
    expect(received({ $case: "snapshotChunk", value })).toMatchObject({
      chunk: { groups: [{ type: "error", error: { group: id, reason: "invalidGroup" } }] },
    });
  });
});

test("stamps come back as they were sent, to a microsecond", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (stamp) => {
      const message = sent({ type: "heartbeat", stamp, maxTerm: 0, termHolder: "", holdingsRev: 0, workerAge: 0 });
      if (message?.$case !== "heartbeat") return false;
      const value = { role: Role.LEADER, term: 0n, holder: "", firm: true, intervalMs: 100, detectionMs: 300 };
      const reply = received({ $case: "reply", value: { ...value, echo: message.value.stamp } });
      const [first] = reply?.type === "orders" ? reply.messages : [];
      return first?.type === "reply" && first.echo <= stamp && stamp - first.echo < 0.0011;
    }),
  );
});

test("definitions are read back from the state folder as they were written", () => {
  const saved = {
    position: { revision: 12n, holder: "c1" },
    groups: [
      { id: "192.0.2.1", addresses: [{ address: "192.0.2.1" as Ipv4, interfaces: "all" as const }] },
      {
        id: "2001:db8::1",
        addresses: [{ address: "2001:db8::1" as Ipv6, interfaces: ["eth0", "eth1"] }],
        refreshMs: 60_000,
      },
    ],
    services: {
      ofAddresses: new Map([["2001:db8::1" as Ipv6, ["a/web", "a/mail"]]]),
      routed: [{ name: "a/web", addresses: ["198.51.100.1" as Ipv4], routes: ["198.51.100.0/24"] }],
    },
  };
  expect(decodeDefinitions(encodeDefinitions(saved))).toEqual(saved);
  expect(() => decodeDefinitions(encodeDefinitions(saved).subarray(0, 40))).toThrow();
  expect(() => decodeDefinitions(new Uint8Array())).toThrow();
});
