import type { Ip } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { A, assign, B, dial, everywhere, heartbeat, IDENTITY, revoke, start } from "./hub.test.fixture.ts";
import type { Session } from "./session.ts";

describe("a speaker", () => {
  test("gets a snapshot first, then what changes", () => {
    const { definitions, hub } = start();
    const { heard } = dial(hub, "n1");
    definitions.set({ id: B, addresses: [B] }, everywhere);
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
    definitions.set({ id: B, addresses: [B] }, new Map([["n2", { interfaces: "all" }]]));
    hub.endTurn();
    definitions.set({ id: B, addresses: [B] }, everywhere);
    hub.endTurn();
    expect(heard().slice(1)).toEqual([{ base: 1, revision: 3, changed: [B], removed: [] }]);
  });

  test("that dials again gets only what it lacks", () => {
    const { definitions, hub } = start();
    definitions.set({ id: B, addresses: [B] }, everywhere);
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
    definitions.set({ id: A, addresses: [A] }, everywhere);
    hub.open();
    expect(heard()).toEqual([{ snapshot: [A], revision: 1, index: 0, last: true }]);
  });
});

describe("an Assign", () => {
  test("comes behind the definition that it needs, in the same turn", () => {
    const { definitions, hub, send } = start();
    const { session, heard } = dial(hub, "n1");
    definitions.set({ id: B, addresses: [B] }, everywhere);
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

test("what goes to many speakers is encoded once", () => {
  const { definitions, hub } = start();
  const [one, two] = [dial(hub, "n1"), dial(hub, "n2")];
  definitions.set({ id: B, addresses: [B] }, everywhere);
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
