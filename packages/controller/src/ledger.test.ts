import type { Ip } from "@heraldlb/net";
import { describe, expect, test } from "vitest";
import { forget, start, store } from "./ledger.test.fixture.ts";
import type { Notes } from "./ledger.ts";

/** Notes of freed addresses, to which more may come. */
const notesOf = (...addresses: string[]) => {
  const freed = addresses.map((address) => ({ address: address as Ip, at: 1, by: "default/b" }));
  const notes: Notes = { freed, holders: new Map() };
  return {
    entry: { type: "notes", notes } as const,
    more: (address: Ip) => freed.push({ address, at: 1, by: "default/b" }),
  };
};

describe("a ledger", () => {
  test("stores notes, then what was taken away, then what was given", async () => {
    const { ledger, done } = start();
    ledger.enter([store("a"), forget("b"), notesOf("10.0.0.2").entry]);
    await ledger.settled();
    expect(done).toEqual(["notes 10.0.0.2", "forget b", "store a", "stored a"]);
  });

  test("stores in the order of decisions", async () => {
    const { ledger, done } = start();
    ledger.enter([store("a")]);
    ledger.enter([forget("c")]);
    ledger.enter([store("b")]);
    await ledger.settled();
    expect(done).toEqual(["store a", "stored a", "forget c", "store b", "stored b"]);
  });

  test("does not store what was overruled before its turn came, but what is only repeated", async () => {
    const { ledger, done, disk } = start();
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.rest = promise;
    const [gone, kept] = [store("a"), store("c")];
    ledger.enter([store("b")]);
    ledger.enter([gone, kept]);
    ledger.enter([forget("a"), kept]);
    ledger.enter([store("a")]);
    resolve();
    await ledger.settled();
    const stored = (name: string) => [`store ${name}`, `stored ${name}`];
    expect(done).toEqual([...stored("b"), ...stored("c"), "forget a", ...stored("c"), ...stored("a")]);
  });

  test("does not go on trying to store what was overruled meanwhile", async () => {
    const { ledger, clock, disk, done } = start();
    disk.isBroken = true;
    ledger.enter([store("a")]);
    await clock.advance(100);
    ledger.enter([forget("a")]);
    disk.isBroken = false;
    await clock.advance(5_000);
    expect(done).toEqual(["forget a"]);
  });

  test("stores no Service before the notes that belong to it, which wait for others to come", async () => {
    const { ledger, clock, done } = start();
    const { entry, more } = notesOf("10.0.0.1");
    ledger.enter([entry, store("a")]);
    await ledger.settled();
    for (const name of ["b", "c", "d"]) {
      more(`10.0.0.${name}` as Ip);
      ledger.enter([store(name), entry]);
    }
    await clock.advance(99);
    expect(done).toEqual(["notes 10.0.0.1", "store a", "stored a"]);
    await clock.advance(1);
    await ledger.settled();
    const stored = ["b", "c", "d"].flatMap((name) => [`store ${name}`, `stored ${name}`]);
    expect(done.slice(3)).toEqual(["notes 10.0.0.1,10.0.0.b,10.0.0.c,10.0.0.d", ...stored]);
  });

  test("stores notes again that changed while they were being stored", async () => {
    const { ledger, clock, disk, done } = start();
    const { entry, more } = notesOf("10.0.0.1");
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.rest = promise;
    ledger.enter([entry, store("a")]);
    await clock.advance(0);
    more("10.0.0.2" as Ip);
    ledger.enter([entry, store("b")]);
    resolve();
    await clock.advance(100);
    await ledger.settled();
    expect(done.filter((what) => what.startsWith("notes"))).toEqual(["notes 10.0.0.1", "notes 10.0.0.1,10.0.0.2"]);
    expect(done.indexOf("notes 10.0.0.1,10.0.0.2")).toBeLessThan(done.indexOf("store b"));
  });

  test("stores no Service as long as the disk does not take the notes", async () => {
    const { ledger, clock, disk, done } = start();
    disk.isBroken = true;
    ledger.enter([notesOf("10.0.0.1").entry, store("a")]);
    await clock.advance(300);
    disk.isBroken = false;
    await clock.advance(5_000);
    expect(done).toEqual(["notes 10.0.0.1", "store a", "stored a"]);
  });

  test("tries again until the disk takes it, and says so once", async () => {
    const { ledger, clock, log, disk, done, failures } = start();
    disk.isBroken = true;
    ledger.enter([store("a")]);
    await clock.advance(500);
    expect(done).toEqual([]);
    expect(failures()).toBeGreaterThan(1);
    disk.isBroken = false;
    await clock.advance(5_000);
    expect(done).toEqual(["store a", "stored a"]);
    expect(log.entries.map(({ message }) => message)).toEqual(["status not stored, trying again"]);
  });

  test("says at debug what is given up because another process may lead, and aloud what fails after that", async () => {
    const { ledger, clock, log, disk } = start();
    disk.isBroken = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    disk.rest = promise;
    ledger.enter([store("a")]);
    await clock.advance(0);
    ledger.open(false);
    resolve();
    await clock.advance(500);
    const told = () => log.entries.map(({ level, message }) => [level, message]);
    expect(told()).toEqual([["debug", "status not stored, trying again"]]);
    ledger.open(true);
    await clock.advance(500);
    expect(told().slice(1)).toEqual([["error", "status not stored, trying again"]]);
  });

  test("gives up when the process ends, and tells nobody that it stored", async () => {
    const { ledger, clock, disk, done } = start();
    disk.isBroken = true;
    ledger.enter([store("a")]);
    await clock.advance(100);
    ledger.end();
    disk.isBroken = false;
    await clock.advance(5_000);
    await ledger.settled();
    expect(done).toEqual([]);
  });

  test("tells nobody of what is stored of a Service that is gone", async () => {
    const { ledger, disk, done } = start();
    disk.missing.add("a");
    ledger.enter([store("a"), store("b")]);
    await ledger.settled();
    expect(done).toEqual(["store a", "store b", "stored b"]);
  });

  describe("of which one entry is refused", () => {
    test("goes on with the others, and tries that one again by and by", async () => {
      const { ledger, clock, log, disk, done, failures } = start();
      disk.refused.add("a");
      ledger.enter([store("a"), store("b")]);
      ledger.enter([store("c")]);
      await ledger.settled();
      expect(done).toEqual(["store b", "stored b", "store c", "stored c"]);
      expect(failures()).toBe(1);
      await clock.advance(300_000);
      expect(log.entries.map(({ message }) => message)).toEqual(["status refused, trying again by and by"]);
      disk.refused.clear();
      await clock.advance(120_000);
      expect(done.slice(4)).toEqual(["store a", "stored a"]);
    });

    test("forgets it when something else is decided about that Service", async () => {
      const { ledger, clock, disk, done } = start();
      disk.refused.add("a");
      ledger.enter([store("a")]);
      await ledger.settled();
      disk.refused.clear();
      ledger.enter([forget("a")]);
      await clock.advance(300_000);
      expect(done).toEqual(["forget a"]);
    });

    test("gives nobody an address that a Service still shows", async () => {
      const { ledger, clock, disk, done } = start();
      disk.refused.add("a");
      ledger.enter([forget("a"), store("b"), store("c", "10.0.0.2")]);
      await ledger.settled();
      expect(done).toEqual(["store c", "stored c"]);
      disk.refused.clear();
      await clock.advance(120_000);
      expect(done.slice(2)).toEqual(["forget a", "store b", "stored b"]);
    });

    test("ends all the same", async () => {
      const { ledger, clock, disk, done } = start();
      disk.refused.add("a");
      ledger.enter([store("a")]);
      await ledger.settled();
      ledger.end();
      disk.refused.clear();
      await clock.advance(120_000);
      expect(done).toEqual([]);
      expect(clock.pending).toBe(0);
    });
  });

  describe("that is closed", () => {
    test("stores nothing until it is open again", async () => {
      const { ledger, clock, done, failures } = start();
      ledger.open(false);
      ledger.enter([store("a")]);
      ledger.open(false);
      await clock.advance(60_000);
      expect(done).toEqual([]);
      ledger.open(true);
      await ledger.settled();
      expect(done).toEqual(["store a", "stored a"]);
      expect(failures()).toBe(0);
    });

    test("does not try again what failed or was refused before", async () => {
      const { ledger, clock, disk, done, failures } = start();
      disk.refused.add("a");
      ledger.enter([store("a")]);
      await ledger.settled();
      ledger.open(false);
      await clock.advance(120_000);
      expect(failures()).toBe(1);
      disk.refused.clear();
      ledger.open(true);
      await clock.advance(120_000);
      expect(done).toEqual(["store a", "stored a"]);
    });

    test("ends without storing what waited", async () => {
      const { ledger, done } = start();
      ledger.open(false);
      ledger.enter([store("a")]);
      ledger.end();
      await ledger.settled();
      expect(done).toEqual([]);
    });
  });
});
