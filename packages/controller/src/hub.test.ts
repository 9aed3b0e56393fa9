import { ConnectResponse, type Encoded } from "@heraldlb/api";
import type { StreamId } from "@heraldlb/election";
import type { Ip } from "@heraldlb/net";
import { FakeClock } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { Definitions, type Manner } from "./definitions.ts";
import { Hub } from "./hub.ts";
import type { Greeting } from "./messages.ts";
import { singly } from "./order.test.fixture.ts";
import type { Session } from "./session.ts";

const IDENTITY = "me";
const A = "10.0.0.1" as Ip;
const B = "10.0.0.2" as Ip;
const everywhere = new Map<string, Manner>(["n1", "n2", "n3", "n4"].map((node) => [node, { interfaces: "all" }]));

function start({ groups = [A] as readonly Ip[], snapshots = 4, limit = 100 } = {}) {
  const clock = new FakeClock();
  const definitions = new Definitions(100);
  for (const id of groups) definitions.set(id, [id], everywhere);
  const orders = { least: limit, most: limit, slowMs: 60, patienceMs: 300 };
  const hub = new Hub({ clock, definitions, identity: IDENTITY, snapshots, orders });
  hub.open();
  /** One turn. */
  const send = (...[id, ...orders]: [StreamId, ...Parameters<Hub["send"]>[1][]]) => {
    for (const order of orders) hub.send(id, order);
    hub.endTurn();
  };
  const note = (...said: Parameters<Hub["note"]>) => {
    hub.note(...said);
    hub.endTurn();
  };
  return { clock, definitions, hub, send, note };
}

/** A stream whose messages stay unflushed until `flush`. */
function dial(
  hub: Hub,
  node: string,
  hello: Partial<Greeting> & { readonly holds?: readonly string[]; readonly buffered?: () => number } = {},
) {
  const encoded: Encoded[] = [];
  let flush = () => {};
  const { holds = [], buffered = () => 0, ...rest } = hello;
  const session = hub.connect({
    send: (message) => void encoded.push(message),
    flushed: () => new Promise<void>((resolve) => (flush = resolve)),
    get buffered() {
      return buffered();
    },
  });
  hub.note(session, greeting(node, holds, rest));
  hub.endTurn();
  return { session, encoded, flush: () => flush(), heard: () => encoded.flatMap(decode).map(read) };
}

function greeting(node: string, holds: readonly string[], rest: Partial<Greeting>): Greeting {
  const holdings = holds.map((group) => ({ group, epoch: { term: 1, counter: 1 }, state: "owner" as const }));
  return {
    type: "greeting",
    hello: {
      ...{ type: "hello", node, instance: "i", bootId: "b", startedAt: 0, stamp: 7, maxTerm: 0, termHolder: "" },
      ...{ holdingsRev: 0, holdings, links: [] },
    },
    appliedRevision: 0,
    revisionHolder: "",
    ...rest,
  };
}

const decode = (bytes: Encoded) => singly(ConnectResponse.decode(bytes).message);

function read(message: ConnectResponse["message"]): unknown {
  switch (message?.$case) {
    case "snapshotChunk": {
      const { revision, index, last, groups } = message.value;
      return { snapshot: groups.map(({ id }) => id), revision: Number(revision), index, last };
    }
    case "delta": {
      const { baseRevision, revision, changed, removed } = message.value;
      return { base: Number(baseRevision), revision: Number(revision), changed: changed.map(({ id }) => id), removed };
    }
    case "assign":
      return { assign: message.value.group, echo: Number(message.value.echo) };
    case "leave":
      return { leave: message.value.group, echo: Number(message.value.echo) };
    case "revoke":
      return { revoke: message.value.group };
    default:
      return message?.$case;
  }
}

const assign = (group: string, echo = 7) => ({ type: "assign", group, epoch: { term: 1, counter: 2 }, echo }) as const;
const leave = (group: string) => ({ ...assign(group), type: "leave" }) as const;
const ack = (group: string) => {
  const one = { type: "ack", kind: "assign", group, epoch: { term: 1, counter: 2 } } as const;
  return { type: "acks", acks: [one] } as const;
};
const heartbeat = (stamp: number) =>
  ({ type: "heartbeat", stamp, maxTerm: 0, termHolder: "", holdingsRev: 0, workerAge: 0 }) as const;
const revoke = (group: string) => ({ type: "revoke", group, epoch: { term: 1, counter: 3 } }) as const;

describe("a speaker", () => {
  test("gets a snapshot first, then what changes", () => {
    const { definitions, hub } = start();
    const { heard } = dial(hub, "n1");
    definitions.set(B, [B], everywhere);
    hub.endTurn();
    definitions.delete(A);
    hub.endTurn();
    expect(heard()).toEqual([
      { snapshot: [A], revision: 1, index: 0, last: true },
      { base: 1, revision: 2, changed: [B], removed: [] },
      { base: 2, revision: 3, changed: [], removed: [A] },
    ]);
  });

  test("gets an empty snapshot when nothing concerns it", () => {
    const { hub } = start();
    expect(dial(hub, "elsewhere").heard()).toEqual([{ snapshot: [], revision: 1, index: 0, last: true }]);
  });

  test("is not told of what does not concern it, and the next delta follows on its last message", () => {
    const { definitions, hub } = start();
    const { heard } = dial(hub, "n1");
    definitions.set(B, [B], new Map([["n2", { interfaces: "all" }]]));
    hub.endTurn();
    definitions.set(B, [B], everywhere);
    hub.endTurn();
    expect(heard().slice(1)).toEqual([{ base: 1, revision: 3, changed: [B], removed: [] }]);
  });

  test("that dials again gets only what it lacks", () => {
    const { definitions, hub } = start();
    definitions.set(B, [B], everywhere);
    const { heard } = dial(hub, "n1", { appliedRevision: 1, revisionHolder: IDENTITY });
    expect(heard()).toEqual([{ base: 1, revision: 2, changed: [B], removed: [] }]);
  });

  test.each([
    ["another controller's revision", { appliedRevision: 1, revisionHolder: "another" }],
    ["a revision that is yet to come", { appliedRevision: 9, revisionHolder: IDENTITY }],
  ])("that has %s gets a snapshot", (_name, has) => {
    const { hub } = start();
    expect(dial(hub, "n1", has).heard()).toEqual([{ snapshot: [A], revision: 1, index: 0, last: true }]);
  });

  test("is told nothing until the hub opens, and a snapshot then", () => {
    const { definitions, hub } = start({ groups: [] });
    hub.shut();
    const { heard } = dial(hub, "n1");
    expect(heard()).toEqual([]);
    definitions.set(A, [A], everywhere);
    hub.open();
    expect(heard()).toEqual([{ snapshot: [A], revision: 1, index: 0, last: true }]);
  });
});

describe("an Assign", () => {
  test("comes behind the definition that it needs, in the same turn", () => {
    const { definitions, hub, send } = start();
    const { session, heard } = dial(hub, "n1");
    definitions.set(B, [B], everywhere);
    send(session.id, assign(B));
    expect(heard().slice(1)).toEqual([
      { base: 1, revision: 2, changed: [B], removed: [] },
      { assign: B, echo: 7 },
    ]);
  });

  test("waits for a long snapshot, and then carries the last stamp", async () => {
    const { session, flush, heard, send, note } = await longSnapshot();
    note(session, heartbeat(99));
    send(session.id, assign(A));
    expect(heard()).toHaveLength(1);
    await finish(session, flush);
    expect(heard().at(-1)).toEqual({ assign: A, echo: 99 });
    expect(heard().at(-2)).toMatchObject({ last: true });
  });

  test("does not wait where the speaker holds the group already", async () => {
    const { session, heard, send } = await longSnapshot([A]);
    send(session.id, assign(A));
    expect(heard().at(-1)).toEqual({ assign: A, echo: 7 });
  });

  test("that waits is dropped when a Revoke overtakes it", async () => {
    const { session, flush, heard, send } = await longSnapshot();
    send(session.id, assign(A));
    send(session.id, revoke(A));
    await finish(session, flush);
    expect(heard()).toContainEqual({ revoke: A });
    expect(heard()).not.toContainEqual(expect.objectContaining({ assign: A }));
  });

  test("lets its speaker's snapshot go first", async () => {
    const many = Array.from({ length: 2_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}` as Ip);
    const { hub, send } = start({ groups: many, snapshots: 1 });
    const first = dial(hub, "n1");
    const second = dial(hub, "n2");
    const third = dial(hub, "n3");
    send(third.session.id, assign(many[0] as Ip));
    await finish(first.session, first.flush);
    expect([second, third].map(({ encoded }) => encoded.length)).toEqual([0, 1]);
  });
});

describe("of many orders", () => {
  const C = "10.0.0.3" as Ip;

  function order(limit = 2) {
    const { clock, hub, send, note } = start({ groups: [A, B, C], limit });
    const { session, heard, encoded } = dial(hub, "n1");
    send(session.id, assign(A), assign(B), assign(C));
    return { clock, hub, session, send, note, messages: () => encoded.length - 1, orders: () => heard().slice(1) };
  }
  const firstTwo = [
    { assign: A, echo: 7 },
    { assign: B, echo: 7 },
  ];

  test("only some are under way, in one message", () => {
    const { orders, messages } = order();
    expect(orders()).toEqual(firstTwo);
    expect(messages()).toBe(1);
  });

  test.each([
    ["is acknowledged", ack(A)],
    ["shows in the holdings", { type: "holdings", rev: 1, changed: [{ ...assign(A), state: "owner" }] }] as const,
  ])("the next one leaves once one %s, stamped anew", (_name, answer) => {
    const { note, session, orders } = order();
    note(session, heartbeat(99));
    expect(orders()).toEqual(firstTwo);
    note(session, answer as Parameters<Hub["note"]>[1]);
    expect(orders()).toEqual([...firstTwo, { assign: C, echo: 99 }]);
  });

  test("no more leave while one has been under way for long", async () => {
    const { clock, note, session, orders } = order();
    await clock.advance(61);
    note(session, ack(A));
    expect(orders()).toEqual(firstTwo);
    note(session, ack(B));
    expect(orders()).toHaveLength(3);
  });

  test("those without an answer make room after a while", async () => {
    const { clock, note, session, orders } = order();
    await clock.advance(300);
    note(session, heartbeat(99));
    expect(orders()).toEqual([...firstTwo, { assign: C, echo: 99 }]);
  });

  test("one that waits is replaced by the next one for its group, and dropped by a Revoke", () => {
    const { send, note, session, orders } = order();
    send(session.id, leave(C));
    note(session, ack(A));
    send(session.id, assign(A));
    send(session.id, revoke(A));
    note(session, ack(B));
    expect(orders().slice(2)).toEqual([{ leave: C, echo: 7 }, { revoke: A }]);
  });

  test("what is to be lost waits for its turn, too, but before what is to be got", () => {
    const { send, note, session, orders } = order();
    send(session.id, assign("10.0.0.4"), revoke("10.0.0.5"));
    expect(orders()).toEqual(firstTwo);
    note(session, ack(A));
    note(session, ack(B));
    expect(orders().slice(2)).toEqual([{ revoke: "10.0.0.5" }, { assign: C, echo: 7 }]);
  });

  test("what is to be lost leaves at once when the stream ends", () => {
    const { hub, send, session, orders } = order();
    send(session.id, revoke("10.0.0.4"), revoke("10.0.0.5"));
    hub.close(session.id, "silent");
    expect(orders()).toEqual([...firstTwo, { revoke: "10.0.0.4" }, { revoke: "10.0.0.5" }]);
  });

  test("those of two terms are told apart", () => {
    const { hub, send } = start({ groups: [A, B] });
    const { session, encoded } = dial(hub, "n1");
    const later = [A, B].map((group) => ({ ...assign(group), epoch: { term: 2, counter: 1 } }));
    send(session.id, assign("10.0.0.4"), ...later, assign("10.0.0.5"));
    const heard = encoded.slice(1).flatMap(decode);
    const told = heard.map(
      (message) => message?.$case === "assign" && [message.value.group, message.value.epoch?.term],
    );
    expect(told).toEqual([
      ["10.0.0.4", 1n],
      ["10.0.0.5", 1n],
      [A, 2n],
      [B, 2n],
    ]);
  });

  test("a repeated one takes no room of its own", () => {
    const { send, note, session, orders } = order(1);
    send(session.id, assign(A));
    note(session, ack(A));
    expect(orders()).toEqual(firstTwo);
  });
});

test("what goes to many speakers is encoded once", () => {
  const { definitions, hub } = start();
  const [one, two] = [dial(hub, "n1"), dial(hub, "n2")];
  definitions.set(B, [B], everywhere);
  hub.endTurn();
  expect(one.encoded).toHaveLength(2);
  expect(one.encoded[0]).toBe(two.encoded[0]);
  expect(one.encoded[1]).toBe(two.encoded[1]);
});

test("no more snapshots are sent at a time than are allowed", async () => {
  const many = Array.from({ length: 2_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}` as Ip);
  const { hub } = start({ groups: many, snapshots: 2 });
  const dialled = ["n1", "n2", "n3"].map((node) => dial(hub, node));
  expect(dialled.map(({ encoded }) => encoded.length)).toEqual([1, 1, 0]);
  dialled[0] && (await finish(dialled[0].session, dialled[0].flush));
  expect(dialled[2]?.encoded).toHaveLength(1);
});

test("a speaker that has stopped reading loses its stream", async () => {
  const { hub } = start();
  const { session } = dial(hub, "n1", { buffered: () => 17 * 1024 * 1024 });
  await expect(session.ended).rejects.toMatchObject({ code: "resourceExhausted" });
});

test("a stream that is closed for silence tells the speaker", async () => {
  const { hub } = start();
  const { session } = dial(hub, "n1");
  hub.close(session.id, "silent");
  await expect(session.ended).rejects.toMatchObject({ code: "unavailable" });
  expect(hub.status().streams).toBe(0);
});

async function longSnapshot(holds: readonly string[] = []) {
  const many = Array.from({ length: 2_000 }, (_, index) => `10.1.${index >> 8}.${index & 255}` as Ip);
  const started = start({ groups: [A, ...many] });
  return { ...started, ...dial(started.hub, "n1", { holds }) };
}

/** Flushes until the whole snapshot has left. */
async function finish(session: Session, flush: () => void): Promise<void> {
  for (let piece = 0; session.phase === "sending" && piece < 100; piece++) {
    flush();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
