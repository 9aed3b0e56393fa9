import type { Freed } from "@heraldlb/ipam";
import { type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { type AddressChanges, Addresses } from "./addresses.ts";
import { Catalog } from "./catalog.ts";
import { reading } from "./controller.test.fixture.ts";
import type { Notes, StatusRecord } from "./ledger.ts";
import { World } from "./world.ts";

type Objects = Parameters<typeof reading>[0];

/** What a start begins with, and how. */
export interface StartOptions {
  readonly statuses?: readonly StatusRecord[];
  readonly freed?: readonly Freed[];
  readonly holders?: Notes["holders"];
  readonly pools?: Notes["pools"];
  readonly stranded?: Notes["stranded"];
  readonly loadBalancerClass?: string;
  readonly onStranded?: "keep" | "reassign";
  readonly now?: number;
}

/** Addresses that have been taken up from a folder of these objects. */
export interface Started {
  readonly log: RecordingLogger;
  readonly addresses: Addresses;
  readonly begun: AddressChanges;
  /** The folder is as the objects say. */
  update(objects: Objects): AddressChanges;
  /** The same, and all of it is stored. */
  settle(objects: Objects): AddressChanges;
  /** Lets time pass. */
  wait(ms: number): AddressChanges;
}

/** All Services taken up, with what is remembered of them. */
export function startAddresses(objects: Objects, options: StartOptions = {}): Started {
  const { statuses = [], freed = [], holders, pools, stranded } = options;
  const { loadBalancerClass, onStranded = "keep" } = options;
  let { now = 0 } = options;
  const log = recordingLogger();
  const catalog = new Catalog({ log, namespace: undefined });
  const world = new World({ listsNodes: false });
  catalog.take(reading(objects));
  world.apply(catalog.configuration);
  const addresses = new Addresses(
    { statuses, freed, holders, pools, stranded },
    {
      ...{ world, log, loadBalancerClass, onStranded, wallClock: () => now },
      onAction: () => {},
      manifest: (known) => catalog.manifest(known.service),
    },
  );
  const begun = addresses.begin();
  const confirm = (changes: AddressChanges) => {
    for (const entry of changes.entries) if (entry.type === "store") addresses.confirm(entry.record);
    return changes;
  };
  const update = (changed: Objects) => {
    catalog.take(reading(changed));
    return addresses.update(world.apply(catalog.configuration));
  };
  const wait = (ms: number) => {
    now += ms;
    return confirm(addresses.tick());
  };
  return { log, addresses, begun, update, settle: (changed) => confirm(update(changed)), wait };
}
