import type { Ip } from "@heraldlb/net";
import { FakeClock, recordingLogger } from "@heraldlb/runtime/testing";
import { describe, expect, test } from "vitest";
import { type Entry, Ledger } from "./ledger.ts";

const record = (name: string, address = "10.0.0.1") => ({
  ...{ namespace: "default", name, addresses: [address], pool: "lab" },
});
const store = (name: string): Entry => ({ type: "store", manifest: {}, record: record(name) });
const forget = (name: string): Entry => ({ type: "forget", namespace: "default", name, addresses: ["10.0.0.1"] });

/** A ledger whose disk fails while `isBroken`. */
function start() {
  const clock = new FakeClock();
  const log = recordingLogger();
  const disk = { isBroken: false };
  const done: string[] = [];
  let failures = 0;
  const act = async (what: string) => {
    await Promise.resolve();
    if (disk.isBroken) throw new Error("ENOSPC");
    done.push(what);
  };
  const ledger = new Ledger({
    store: {
      writeStatus: async (_manifest, { name }) => {
        await act(`store ${name}`);
        return true;
      },
      deleteStatus: (_namespace, name) => act(`forget ${name}`),
      writeFreed: (freed) => act(`freed ${freed.map(({ address }) => address)}`),
    },
    ...{ clock, log },
    onStored: ({ name }) => void done.push(`stored ${name}`),
    onFailure: () => void failures++,
  });
  return { ledger, clock, log, disk, done, failures: () => failures };
}

describe("a ledger", () => {
  test("stores what rests, then what was taken away, then what was given", async () => {
    const { ledger, done } = start();
    const freed = [{ address: "10.0.0.2" as Ip, at: 1, by: "default/b" }];
    ledger.enter([store("a"), forget("b"), { type: "freed", freed }]);
    await ledger.settled();
    expect(done).toEqual(["freed 10.0.0.2", "forget b", "store a", "stored a"]);
  });

  test("stores in the order of decisions", async () => {
    const { ledger, done } = start();
    ledger.enter([store("a")]);
    ledger.enter([forget("a")]);
    ledger.enter([store("b")]);
    await ledger.settled();
    expect(done).toEqual(["store a", "stored a", "forget a", "store b", "stored b"]);
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
});
