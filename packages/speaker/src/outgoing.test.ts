import type { Ack, Heartbeat, HoldingChange, Holdings, SpeakerMessage } from "@heraldlb/election";
import fc from "fast-check";
import { expect, test } from "vitest";
import { OutgoingQueue, type SentStatement } from "./outgoing.ts";

const epoch = { term: 1, counter: 1 };
const hello = (holdingsRev: number): SpeakerMessage => ({
  ...{ type: "hello", node: "n1", instance: "i", bootId: "b", startedAt: 1, stamp: 1, maxTerm: 0, termHolder: "" },
  ...{ holdingsRev, holdings: [], links: [] },
});
const heartbeat = (stamp: number, holdingsRev = 0): Heartbeat => ({
  ...{ type: "heartbeat", stamp, maxTerm: 0, termHolder: "", holdingsRev, workerAge: 0 },
});
const change = (group: string, state: HoldingChange["state"] = "owner"): HoldingChange => ({ group, epoch, state });
const holdings = (rev: number, ...changed: HoldingChange[]): Holdings => ({ type: "holdings", rev, changed });
const ack = (group: string): Ack => ({ type: "ack", kind: "assign", group, epoch });
const acks = (...groups: string[]): SentStatement => ({ type: "acks", acks: groups.map(ack) });

function queueOf(...statements: SpeakerMessage[]) {
  const queue = new OutgoingQueue();
  for (const statement of statements) queue.put(statement, 0);
  return queue;
}

const takeAll = (queue: OutgoingQueue) =>
  Array.from({ length: queue.length }, () => queue.take()?.statement).filter((statement) => statement !== undefined);

test("statements leave as they came while nothing waits", () => {
  const queue = new OutgoingQueue();
  for (const statement of [
    hello(3),
    holdings(4, change("a")),
    ack("a"),
    heartbeat(1, 4),
    holdings(5, change("a", "none")),
  ]) {
    queue.put(statement, 7);
    expect(queue.take()).toEqual({ statement: statement.type === "ack" ? acks(statement.group) : statement, at: 7 });
  }
  expect(queue.take()).toBeUndefined();
});

test("changes of different groups that wait together leave as one message, and so do acks", () => {
  const queue = queueOf(hello(3), holdings(4, change("a")), ack("a"), holdings(5, change("b")), ack("b"));
  expect(takeAll(queue)).toEqual([hello(3), holdings(4, change("a"), change("b")), acks("a", "b")]);
});

test("two changes of one group do not", () => {
  const [first, second] = [holdings(4, change("a", "leaving")), holdings(5, change("a", "none"))];
  expect(takeAll(queueOf(hello(3), first, ack("a"), second))).toEqual([hello(3), first, acks("a"), second]);
});

test("a change does not overtake an ack of the same group", () => {
  const [other, second] = [holdings(4, change("b")), holdings(5, change("a", "none"))];
  expect(takeAll(queueOf(hello(3), other, ack("a"), second))).toEqual([hello(3), other, acks("a"), second]);
});

test("an ack does not overtake a later change", () => {
  const [first, second] = [holdings(4, change("a", "leaving")), holdings(5, change("a", "none"))];
  expect(takeAll(queueOf(hello(3), first, ack("b"), ack("a"), second, ack("a")))).toEqual([
    ...[hello(3), first, acks("b", "a"), second, acks("a")],
  ]);
});

test("what has left takes no more changes and acks", () => {
  const queue = queueOf(holdings(1, change("a")), ack("a"));
  queue.take();
  queue.take();
  queue.put(holdings(2, change("b")), 0);
  queue.put(ack("b"), 0);
  expect(takeAll(queue)).toEqual([holdings(2, change("b")), acks("b")]);
});

test("a heartbeat goes first, the newest only, and names the revision that has left", () => {
  const queue = queueOf(hello(3), holdings(4, change("a")), ack("a"), heartbeat(1, 4), heartbeat(2, 4));
  expect(takeAll(queue)).toEqual([hello(3), heartbeat(2, 3), holdings(4, change("a")), acks("a")]);
});

test("a message of changes has a largest size", () => {
  const many = Array.from({ length: 1_200 }, (_, i) => holdings(i + 1, change(`${i}`)));
  expect(takeAll(queueOf(...many)).map((each) => (each.type === "holdings" ? each.changed.length : 0))).toEqual([
    500, 500, 200,
  ]);
});

test("whoever listens has, after every message, a revision that fits and holdings that were true once", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("change"), group: fc.constantFrom("a", "b", "c"), owned: fc.boolean() }),
    fc.record({ do: fc.constant("beat") }),
    fc.record({ do: fc.constant("take") }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = queueOf(hello(0));
      const truth = new Map<string, string>();
      const heard = new Map<string, string>();
      let [rev, heardRev] = [0, 0];
      const hear = () => {
        const statement = queue.take()?.statement;
        if (statement?.type === "heartbeat") expect(statement.holdingsRev).toBe(heardRev);
        if (statement?.type !== "holdings") return;
        expect(statement.rev).toBe(++heardRev);
        for (const { group, state } of statement.changed) heard.set(group, state);
      };
      for (const each of steps) {
        if (each.do === "take") hear();
        else if (each.do === "beat") queue.put(heartbeat(0, rev), 0);
        else if ("group" in each) {
          const state = each.owned ? "owner" : "none";
          truth.set(each.group, state);
          queue.put(holdings(++rev, change(each.group, state)), 0);
        }
      }
      while (queue.length > 0) hear();
      expect(heard).toEqual(truth);
    }),
  );
});
