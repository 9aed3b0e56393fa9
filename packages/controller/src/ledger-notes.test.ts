import type { Ip } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { forget, start, store } from "./ledger.test.fixture.ts";
import type { Notes } from "./ledger.ts";

test("notes that were entered several times together are stored once", async () => {
  const { ledger, clock, done } = start();
  const entry = { type: "notes", notes: { freed: [], holders: new Map() } } as const;
  ledger.enter([entry, store("a"), { ...entry }, store("b", "10.0.0.2"), entry]);
  await clock.advance(1_000);
  await ledger.settled();
  expect(done.filter((each) => each.startsWith("notes"))).toHaveLength(1);
});

describe("while notes are refused, a ledger", () => {
  /** Notes that `a` has an address that is to rest one day, and that one of `b` rests. */
  function begin() {
    const started = start();
    const notes: Notes = {
      freed: [{ address: "10.0.0.2" as Ip, at: 1, by: "default/b" }],
      holders: new Map([["default/a", ["10.0.0.1"]]]),
    };
    started.disk.refused.add("10.0.0.2");
    return { ...started, entry: { type: "notes", notes } as const };
  }

  test("goes on with Services of which nothing is to be noted, and with the others afterwards", async () => {
    const { ledger, clock, disk, log, done, failures, entry } = begin();
    ledger.enter([entry, store("a"), forget("b"), store("c", "10.0.0.3"), forget("d", "10.0.0.4")]);
    ledger.enter([store("e", "10.0.0.5")]);
    await ledger.settled();
    expect(done).toEqual(["forget d", "store c", "stored c", "store e", "stored e"]);
    expect(log.entries).toMatchObject([{ level: "error", message: "notes refused, trying again by and by" }]);
    expect(failures()).toBe(1);
    disk.refused.clear();
    await clock.advance(500);
    await ledger.settled();
    expect(done.slice(5)).toEqual(["notes 10.0.0.2", "forget b", "store a", "stored a"]);
    ledger.enter([entry, store("a", "10.0.0.6")]);
    await clock.advance(100);
    await ledger.settled();
    expect(done.slice(9)).toEqual(["notes 10.0.0.2", "store a", "stored a"]);
  });

  test("stores nobody whose notes came while the earlier ones were being taken", async () => {
    const { ledger, clock, disk, done, entry } = begin();
    ledger.enter([entry, store("a")]);
    await ledger.settled();
    disk.refused.clear();
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.rest = promise;
    await clock.advance(500);
    (entry.notes.holders as Map<string, readonly string[]>).set("default/f", ["10.0.0.8"]);
    ledger.enter([entry, store("f", "10.0.0.8")]);
    await clock.advance(0);
    resolve();
    await clock.advance(100);
    await ledger.settled();
    expect(done.slice(0, 2)).toEqual(["notes 10.0.0.2", "notes 10.0.0.2"]);
    expect(done).toContain("store f");
  });

  test("gives nobody the address of a Service from which it cannot be taken yet", async () => {
    const { ledger, clock, done, entry } = begin();
    ledger.enter([entry, forget("b", "10.0.0.2"), store("c", "10.0.0.2")]);
    await clock.advance(2_000);
    expect(done).toEqual([]);
  });

  test("forgets what is overruled, and everything at its end", async () => {
    const { ledger, clock, disk, done, entry } = begin();
    ledger.enter([entry, store("a"), forget("b", "10.0.0.2")]);
    await clock.advance(1_000);
    ledger.enter([store("a", "10.0.0.7")]);
    disk.refused.clear();
    await clock.advance(4_000);
    expect(done).toEqual(["notes 10.0.0.2", "forget b", "store a", "stored a"]);
    disk.refused.add("10.0.0.2");
    ledger.enter([entry, store("a")]);
    await clock.advance(100);
    ledger.end();
    disk.refused.clear();
    await clock.advance(60_000);
    expect([done.length, clock.pending]).toEqual([4, 0]);
  });
});
