import type { Ip } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { A, assign, B, decode, dial, heartbeat, revoke, start } from "./hub.test.fixture.ts";
import type { Hub } from "./hub.ts";

const leave = (group: string) => ({ ...assign(group), type: "leave" }) as const;
const ack = (group: string) => {
  const one = { type: "ack", kind: "assign", group, epoch: { term: 1, counter: 2 } } as const;
  return { type: "acks", acks: [one] } as const;
};

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
