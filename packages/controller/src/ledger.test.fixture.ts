import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { type Entry, Ledger, RefusedError, type StatusRecord } from "./ledger.ts";

const record = (name: string, address = "10.0.0.1"): StatusRecord => ({
  ...{ namespace: "default", name, addresses: [address], pool: "lab" },
});
/** That is to be stored. */
export const store = (name: string, address?: string): Entry => ({
  ...{ type: "store", manifest: {}, record: record(name, address) },
});
/** It is to have nothing any more. */
export const forget = (name: string, address = "10.0.0.1"): Entry => ({
  ...{ type: "forget", namespace: "default", name, addresses: [address] },
});

/** A ledger at work, and what it works on. */
interface Started {
  readonly ledger: Ledger;
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  readonly disk: {
    isBroken: boolean;
    /** Names of Services, and addresses of notes. */
    readonly refused: Set<string>;
    readonly missing: Set<string>;
    /** Nothing ends before this. */
    rest: Promise<void>;
  };
  readonly done: string[];
  failures(): number;
}

/** A ledger whose disk fails while `isBroken`, and does not take what is about these Services. */
export function start(): Started {
  const clock = new FakeClock();
  const log = recordingLogger();
  const disk = { isBroken: false, refused: new Set<string>(), missing: new Set<string>(), rest: Promise.resolve() };
  const done: string[] = [];
  let failures = 0;
  const act = async (what: string) => {
    await disk.rest;
    if (disk.isBroken) throw new Error("ENOSPC");
    if (disk.refused.has(what.split(" ")[1] ?? "")) throw new RefusedError("invalid");
    done.push(what);
  };
  const ledger = new Ledger({
    store: {
      writeStatus: async (_manifest, { name }) => {
        await act(`store ${name}`);
        return !disk.missing.has(name);
      },
      deleteStatus: (_namespace, name) => act(`forget ${name}`),
      writeNotes: ({ freed }) => act(`notes ${freed.map(({ address }) => address)}`),
      notesIntervalMs: 100,
    },
    ...{ clock, log },
    onStored: ({ name }) => void done.push(`stored ${name}`),
    onFailure: () => void failures++,
  });
  return { ledger, clock, log, disk, done, failures: () => failures };
}
