import { afterEach, beforeEach, expect, test } from "vitest";
import { arpFrame } from "./frames.ts";
import { type Host, startHost, until } from "./host.ts";
import { INTERFACE, ip, layWire, type Wire } from "./namespaces.ts";

let wire: Wire;
let near: Host;
let far: Host;

beforeEach(async () => {
  wire = layWire();
  near = startHost(wire.near);
  far = startHost(wire.far);
  await far.call("open", "far", INTERFACE, "packet", "arp");
});

afterEach(async () => {
  await Promise.all([near?.[Symbol.asyncDispose](), far?.[Symbol.asyncDispose]()]);
  wire?.[Symbol.dispose]();
});

const workerHears = () => near.told.filter(({ event, frames }) => event === "worker" && frames !== undefined).length;

test("a worker thread hears while the main thread is busy, and its end closes the socket", async () => {
  // The first worker starts what stays.
  await near.call("startWorker", INTERFACE);
  await near.call("endWorker");
  const before = await near.call("descriptors");
  for (let round = 1; round <= 3; round++) {
    await near.call("startWorker", INTERFACE);
    const known = workerHears();
    const blocked = near.call("block", 200);
    await far.call("send", "far", [arpFrame(round)]);
    await blocked;
    await until("the worker hears", () => workerHears() > known);
    await near.call("endWorker");
    await until("nothing is left", async () => {
      const after = await near.call("descriptors");
      return JSON.stringify(after) === JSON.stringify(before);
    });
  }
  expect(await near.end()).toBe(0);
});

test("main thread and worker have sockets on one interface at once", async () => {
  await near.call("open", "near", INTERFACE, "packet", "arp");
  await near.call("startWorker", INTERFACE);
  await far.call("send", "far", [arpFrame(1)]);
  await until("both hear", () => workerHears() > 0 && near.told.some(({ event }) => event === "frames"));
  await near.call("endWorker");
  await far.call("send", "far", [arpFrame(2)]);
  await until("the main thread hears on", () => near.told.some(({ frames }) => frames?.includes(arpFrame(2)) ?? false));
});

test("a process that ends with open sockets ends cleanly", async () => {
  await near.call("open", "near", INTERFACE, "packet", "both");
  await near.call("watch", 1 << 20);
  await near.call("startWorker", INTERFACE);
  expect(await near.call("exit").catch(() => near.end())).toBe(7);
  expect(near.complaints()).toBe("");
});

test("joins thousands of multicast groups, keeps them over a flap and leaves them", async () => {
  const groups = Array.from(
    { length: 3_000 },
    (_, i) => `ff02::1:ff${(i >> 8).toString(16).padStart(2, "0")}:${(i & 0xff) + 0x100}`,
  );
  const joined = () =>
    new Set(
      JSON.parse(ip("-n", wire.near, "-json", "-6", "maddress", "show", "dev", INTERFACE))[0].maddr.map(
        ({ address }: { address: string }) => address,
      ),
    );
  const { index } = await near.call("open", "near", INTERFACE, "packet", "ndp");
  const canonical = groups.map((group) => new URL(`http://[${group}]`).hostname.slice(1, -1)) as never[];
  await near.call("join", index, canonical);
  const before = joined();
  expect(canonical.filter((group) => !before.has(group))).toEqual([]);
  ip("-n", wire.near, "link", "set", INTERFACE, "down");
  ip("-n", wire.near, "link", "set", INTERFACE, "up");
  const kept = joined();
  expect(canonical.filter((group) => !kept.has(group))).toEqual([]);
  await near.call("leave", canonical.slice(1));
  const left = joined();
  expect(canonical.filter((group) => left.has(group))).toEqual(canonical.slice(0, 1));
});
