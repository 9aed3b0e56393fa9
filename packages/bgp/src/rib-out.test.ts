import { type Family, familyOf, type Prefix, parsePrefix, prefixAddress } from "@heraldlb/net";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AdjRibOut, type RibBatch, type RibRoom } from "./rib-out.ts";

interface Marks {
  readonly mark: string;
}

const RED: Marks = { mark: "red" };
const BLUE: Marks = { mark: "blue" };

/** Room for so many prefixes in each message. */
const roomFor = (prefixes: number): RibRoom<Marks> => ({
  announce: () => prefixes,
  withdraw: () => prefixes,
  size: () => 1,
});

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text);
  if (!parsed) throw new TypeError(text);
  return parsed;
};

const A = prefix("10.0.0.1/32");
const B = prefix("10.0.0.2/32");
const C = prefix("10.0.0.3/32");
const SIX = prefix("fd00::1/128");

function drain(rib: AdjRibOut<Marks>, room = roomFor(100)): RibBatch<Marks>[] {
  const batches: RibBatch<Marks>[] = [];
  for (let batch = rib.next(room); batch; batch = rib.next(room)) batches.push(batch);
  return batches;
}

function opened(...routes: readonly (readonly [Prefix, Marks])[]): AdjRibOut<Marks> {
  const rib = new AdjRibOut<Marks>();
  for (const [at, attributes] of routes) rib.set(at, attributes);
  rib.open("ipv4");
  drain(rib);
  return rib;
}

const announce = (attributes: Marks, ...prefixes: Prefix[]) => ({
  type: "announce",
  family: "ipv4",
  attributes,
  prefixes,
});
const withdraw = (...prefixes: Prefix[]) => ({ type: "withdraw", family: "ipv4", prefixes });
const END = { type: "endOfRib", family: "ipv4" };

test("says nothing before the session is up", () => {
  const rib = new AdjRibOut<Marks>();
  rib.set(A, RED);
  expect(drain(rib)).toEqual([]);
  expect([rib.wanted, rib.announced, rib.isDone]).toEqual([0, 0, true]);
});

test("tells the whole table, then that it was all", () => {
  const rib = new AdjRibOut<Marks>();
  rib.set(A, RED);
  rib.open("ipv4");
  expect(rib.isDone).toBe(false);
  expect(drain(rib)).toEqual([announce(RED, A), END]);
  expect([rib.wanted, rib.announced, rib.isDone]).toEqual([1, 1, true]);
});

test("knows of each prefix whether the peer was told of it, with whatever attributes", () => {
  const rib = opened([A, RED], [B, RED]);
  rib.set(A, BLUE);
  rib.delete(B);
  rib.set(C, RED);
  expect([A, B, C].map((each) => rib.isAnnounced(each))).toEqual([true, true, false]);
  drain(rib);
  expect([A, B, C].map((each) => rib.isAnnounced(each))).toEqual([true, false, true]);
  rib.close();
  expect(rib.isAnnounced(A)).toBe(false);
});

test("says at once that an empty table was all", () => {
  const rib = new AdjRibOut<Marks>();
  rib.open("ipv4");
  expect(drain(rib)).toEqual([END]);
});

test("prefixes with the same attributes share a message as far as there is room", () => {
  const rib = new AdjRibOut<Marks>();
  rib.set(A, RED);
  rib.set(SIX, RED);
  rib.set(B, BLUE);
  rib.set(C, RED);
  rib.open("ipv4");
  expect(drain(rib)).toEqual([announce(RED, A, C), announce(BLUE, B), END]);
  rib.open("ipv4");
  expect(drain(rib, roomFor(1))).toEqual([announce(RED, A), announce(RED, C), announce(BLUE, B), END]);
});

test("a family that the session does not carry is kept to itself", () => {
  const rib = opened([A, RED], [SIX, BLUE]);
  expect([rib.wanted, rib.announced]).toEqual([1, 1]);
  rib.open("ipv6");
  expect(drain(rib)).toEqual([
    { type: "announce", family: "ipv6", attributes: BLUE, prefixes: [SIX] },
    { type: "endOfRib", family: "ipv6" },
  ]);
});

test.each([
  { change: "a new prefix", does: (rib) => rib.set(B, BLUE), says: [announce(BLUE, B)] },
  { change: "other attributes", does: (rib) => rib.set(A, BLUE), says: [announce(BLUE, A)] },
  { change: "a prefix that goes", does: (rib) => rib.delete(A), says: [withdraw(A)] },
  { change: "everything that goes", does: (rib) => rib.clear(), says: [withdraw(A)] },
  { change: "the same again", does: (rib) => rib.set(A, RED), says: [] },
  { change: "an unknown prefix that goes", does: (rib) => rib.delete(C), says: [] },
  {
    change: "something that changes back before it was sent",
    does: (rib) => {
      rib.set(A, BLUE);
      rib.set(A, RED);
      rib.delete(A);
      rib.set(A, RED);
      rib.set(C, RED);
      rib.delete(C);
    },
    says: [],
  },
  {
    change: "several, with withdrawals first",
    does: (rib) => {
      rib.set(B, RED);
      rib.delete(A);
    },
    says: [withdraw(A), announce(RED, B)],
  },
] as { change: string; does(rib: AdjRibOut<Marks>): void; says: unknown[] }[])(
  "tells only what differs: $change",
  ({ does, says }) => {
    const rib = opened([A, RED]);
    does(rib);
    expect(drain(rib)).toEqual(says);
  },
);

test("a newer wish replaces the rest of an older one half way through", () => {
  const rib = new AdjRibOut<Marks>();
  for (const at of [A, B, C]) rib.set(at, RED);
  rib.open("ipv4");
  expect(rib.next(roomFor(1))).toEqual(announce(RED, A));
  rib.set(B, BLUE);
  rib.delete(C);
  rib.delete(A);
  expect(drain(rib)).toEqual([withdraw(A), announce(BLUE, B), END]);
});

test("after a new session the peer is told everything again", () => {
  const rib = opened([A, RED]);
  rib.close();
  expect(rib.announced).toBe(0);
  rib.set(B, RED);
  rib.delete(A);
  rib.open("ipv4");
  expect(drain(rib)).toEqual([announce(RED, B), END]);
});

test.each([
  { kind: "plain", says: [announce(RED, A)] },
  {
    kind: "enhanced",
    says: [{ type: "beginRefresh", family: "ipv4" }, announce(RED, A), { type: "endRefresh", family: "ipv4" }],
  },
] as const)("a $kind request for the table is answered with the whole table", ({ kind, says }) => {
  const rib = opened([A, RED]);
  rib.refresh("ipv4", kind);
  expect(drain(rib)).toEqual(says);
  rib.refresh("ipv6", kind);
  expect(drain(rib)).toEqual([]);
});

test("what goes during a repetition is withdrawn, since the peer still has it", () => {
  const rib = opened([A, RED]);
  rib.refresh("ipv4", "plain");
  rib.delete(A);
  expect(drain(rib)).toEqual([withdraw(A)]);
});

test("any number of requests during an answer are answered once more, after it", () => {
  const rib = opened([A, RED]);
  for (let i = 0; i < 10; i++) rib.refresh("ipv4", "enhanced");
  const answer = [{ type: "beginRefresh" }, { type: "announce" }, { type: "endRefresh" }];
  expect(drain(rib)).toMatchObject([...answer, ...answer]);
});

test("a request before the End-of-RIB is answered after it", () => {
  const rib = new AdjRibOut<Marks>();
  rib.set(A, RED);
  rib.open("ipv4");
  rib.refresh("ipv4", "enhanced");
  expect(drain(rib).map(({ type }) => type)).toEqual([
    "announce",
    "endOfRib",
    "beginRefresh",
    "announce",
    "endRefresh",
  ]);
});

test("resending tells everything again without marks", () => {
  const rib = opened([A, RED]);
  rib.resend("ipv4");
  rib.resend("ipv6");
  expect(drain(rib)).toEqual([announce(RED, A)]);
});

const prefixes = ["10.0.0.1/32", "10.0.0.0/24", "10.1.0.0/16", "fd00::1/128", "fd00::/64"].map(prefix);
const somePrefix = fc.constantFrom(...prefixes);
const someFamily = fc.constantFrom<Family>("ipv4", "ipv6");
type Move = (rib: AdjRibOut<Marks>, peer: Peer) => void;

/** What a peer makes of what it is told. */
class Peer {
  readonly table = new Map<Prefix, Marks>();
  readonly open = new Set<Family>();
  #stale: Set<Prefix> | undefined;

  take(batch: RibBatch<Marks>): void {
    const of = (family: Family) => [...this.table.keys()].filter((at) => familyOf(prefixAddress(at)) === family);
    if (batch.type === "beginRefresh") this.#stale = new Set(of(batch.family));
    else if (batch.type === "endRefresh") for (const at of this.#stale ?? []) this.table.delete(at);
    else if (batch.type === "withdraw") for (const at of batch.prefixes) expect(this.table.delete(at)).toBe(true);
    else if (batch.type === "announce") {
      for (const at of batch.prefixes) {
        this.#stale?.delete(at);
        this.table.set(at, batch.attributes);
      }
    }
  }
}

const moves: fc.Arbitrary<Move> = fc.oneof(
  fc.tuple(somePrefix, fc.constantFrom(RED, BLUE)).map(
    ([at, attributes]): Move =>
      (rib) =>
        rib.set(at, attributes),
  ),
  somePrefix.map(
    (at): Move =>
      (rib) =>
        rib.delete(at),
  ),
  fc.tuple(someFamily, fc.constantFrom("plain", "enhanced")).map(
    ([family, kind]): Move =>
      (rib) =>
        rib.refresh(family, kind as "plain"),
  ),
  someFamily.map(
    (family): Move =>
      (rib) =>
        rib.resend(family),
  ),
  someFamily.map(
    (family): Move =>
      (rib, peer) => {
        for (const at of peer.table.keys()) if (familyOf(prefixAddress(at)) === family) peer.table.delete(at);
        peer.open.add(family);
        rib.open(family);
      },
  ),
  fc.constant<Move>((rib, peer) => {
    peer.table.clear();
    peer.open.clear();
    rib.close();
  }),
  fc.integer({ min: 1, max: 3 }).map(
    (room): Move =>
      (rib, peer) => {
        const batch = rib.next(roomFor(room));
        if (batch) peer.take(batch);
      },
  ),
);

test("whatever happens, in the end the peer knows exactly what is wanted", () => {
  fc.assert(
    fc.property(fc.array(moves, { maxLength: 60 }), (steps) => {
      const rib = new AdjRibOut<Marks>();
      const peer = new Peer();
      const wanted = new Map<Prefix, Marks>();
      const recording = {
        set: (at: Prefix, attributes: Marks) => void wanted.set(at, attributes),
        delete: (at: Prefix) => void wanted.delete(at),
        refresh: () => {},
        resend: () => {},
        open: () => {},
        close: () => {},
        next: () => undefined,
      };
      for (const step of steps) {
        step(rib, peer);
        step(recording as unknown as AdjRibOut<Marks>, new Peer());
      }
      for (const batch of drain(rib, roomFor(2))) peer.take(batch);
      const due = [...wanted].filter(([at]) => peer.open.has(familyOf(prefixAddress(at))));
      expect(new Map(peer.table)).toEqual(new Map(due));
      expect([rib.isDone, rib.announced, rib.wanted]).toEqual([true, due.length, due.length]);
    }),
  );
});
