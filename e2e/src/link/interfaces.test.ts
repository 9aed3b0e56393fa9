import type { Interface } from "@heraldlb/link";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Host, startHost, type Told, until } from "./host.ts";
import { connect, describe, INTERFACE, ip, ipBatch, layWire, type Wire } from "./namespaces.ts";

// MetalLB looks every ten seconds. Ours are events: what is asserted is far below any sensible interval.
const AT_ONCE_MS = 2_000;

let wire: Wire;
let host: Host;

beforeEach(async () => {
  wire = layWire();
  host = startHost(wire.near);
  await host.call("watch", 1 << 20);
  await until("the listing is complete", () => kinds().includes("synced"));
  await until("the interface is ready", () => {
    const v0 = latest();
    return v0?.carrier === true && v0.addresses.some(({ tentative }) => !tentative);
  });
});

afterEach(async () => {
  await host?.[Symbol.asyncDispose]();
  wire?.[Symbol.dispose]();
});

const events = () => host.told.filter(({ event }) => event === "interface");
const kinds = () => events().map(({ type }) => type);
const states = (): Interface[] =>
  events().flatMap(({ interface: state }) => (state?.name === INTERFACE ? [state] : []));
const latest = () => states().at(-1);

/** Does something; returns the first event after it that fits, and how long it took. */
async function after(act: () => void, fits: (event: Told) => boolean): Promise<Told & { readonly ms: number }> {
  const [known, start] = [host.told.length, performance.now()];
  act();
  const done = performance.now();
  const find = () => host.told.slice(known).find((told) => told.event === "interface" && fits(told));
  await until("the event", () => find() !== undefined);
  const found = find() as Told;
  // From the end of the command, which returns after the kernel has acted.
  return { ...found, ms: found.heard - Math.max(start, done) };
}

const onV0 = (fits: (state: Interface) => boolean) => (event: Told) =>
  event.type === "changed" && event.interface?.name === INTERFACE && fits(event.interface);

test("begins with every interface as it is", () => {
  const { index, mac } = describe(wire.near);
  expect(latest()).toMatchObject({
    index,
    mac,
    up: true,
    carrier: true,
    broadcast: true,
    noArp: false,
    loopback: false,
  });
  expect(latest()?.addresses).toEqual([expect.objectContaining({ linkLocal: true, prefixLength: 64 })]);
  expect(events().find(({ interface: state }) => state?.name === "lo")).toMatchObject({
    interface: { loopback: true },
  });
});

test("tells at once when the other end of the wire goes down and up: carrier", async () => {
  const lost = await after(
    () => ip("-n", wire.far, "link", "set", INTERFACE, "down"),
    onV0(({ carrier }) => !carrier),
  );
  expect(lost.interface).toMatchObject({ up: true, carrier: false });
  const back = await after(
    () => ip("-n", wire.far, "link", "set", INTERFACE, "up"),
    onV0(({ carrier }) => carrier),
  );
  expect([lost.ms, back.ms].filter((ms) => ms > AT_ONCE_MS)).toEqual([]);
});

test("tells at once when the interface is taken down and up", async () => {
  const down = await after(
    () => ip("-n", wire.near, "link", "set", INTERFACE, "down"),
    onV0(({ up }) => !up),
  );
  expect(down.previous).toMatchObject({ up: true });
  const up = await after(
    () => ip("-n", wire.near, "link", "set", INTERFACE, "up"),
    onV0(({ up }) => up),
  );
  expect([down.ms, up.ms].filter((ms) => ms > AT_ONCE_MS)).toEqual([]);
});

test("tells at once of another MAC", async () => {
  const mac = "02:4c:00:00:00:42";
  const changed = await after(
    () => ip("-n", wire.near, "link", "set", INTERFACE, "address", mac),
    onV0((state) => state.mac === mac),
  );
  expect(changed.ms).toBeLessThan(AT_ONCE_MS);
});

test("tells at once of addresses that come and go", async () => {
  for (const [address, prefixLength] of [
    ["192.0.2.1", 24],
    ["2001:db8::1", 64],
  ] as const) {
    const has = (state: Interface) =>
      state.addresses.some((a) => a.address === address && a.prefixLength === prefixLength);
    const added = await after(
      () => ip("-n", wire.near, "address", "add", `${address}/${prefixLength}`, "dev", INTERFACE),
      onV0(has),
    );
    const removed = await after(
      () => ip("-n", wire.near, "address", "delete", `${address}/${prefixLength}`, "dev", INTERFACE),
      onV0((state) => !has(state)),
    );
    expect([added.ms, removed.ms].filter((ms) => ms > AT_ONCE_MS)).toEqual([]);
  }
});

test("tells at once when the interface joins and leaves a bridge, which does not look like its end", async () => {
  ip("-n", wire.near, "link", "add", "br0", "type", "bridge");
  const bridge = JSON.parse(ip("-n", wire.near, "-json", "link", "show", "br0"))[0].ifindex;
  const joined = await after(
    () => ip("-n", wire.near, "link", "set", INTERFACE, "master", "br0"),
    onV0(({ master }) => master === bridge),
  );
  const left = await after(
    () => ip("-n", wire.near, "link", "set", INTERFACE, "nomaster"),
    onV0(({ master }) => master === undefined),
  );
  expect([joined.ms, left.ms].filter((ms) => ms > AT_ONCE_MS)).toEqual([]);
  expect(kinds()).not.toContain("removed");
});

test("tells at once when an interface is deleted, and gives the next of that name its own index", async () => {
  const { index } = describe(wire.near);
  const removed = await after(
    () => ip("-n", wire.near, "link", "delete", INTERFACE),
    ({ type }) => type === "removed",
  );
  expect(removed).toMatchObject({ interface: { index, name: INTERFACE } });
  const added = await after(
    () => connect(wire),
    onV0(({ carrier }) => carrier),
  );
  expect(added.interface?.index).not.toBe(index);
  expect(removed.ms).toBeLessThan(AT_ONCE_MS);
});

test("tells every state of a flap that is over before anybody looks", async () => {
  const known = states().length;
  const blocked = host.call("block", 300);
  ip("-n", wire.near, "link", "set", INTERFACE, "down");
  ip("-n", wire.near, "link", "set", INTERFACE, "up");
  await blocked;
  await until("it is up", () => states().length > known && latest()?.carrier === true);
  expect(
    states()
      .slice(known)
      .some(({ up }) => !up),
  ).toBe(true);
});

test("knows everything again after more happened than its buffer holds", async () => {
  await host.call("unwatch");
  await host.call("watch", 4_096);
  const listings = () => kinds().filter((kind) => kind === "synced").length;
  await until("the second listing is complete", () => listings() === 2);
  const blocked = host.call("block", 1_500);
  const addresses = Array.from({ length: 400 }, (_, i) => `10.9.${i >> 8}.${i & 0xff}`);
  ipBatch(
    wire.near,
    addresses.map((address) => `address add ${address}/32 dev ${INTERFACE}`),
  );
  await blocked;
  const present = () => latest()?.addresses.map(({ address }) => address as string) ?? [];
  await until("all addresses are known", () => addresses.every((address) => present().includes(address)));
  // A listing tells of addresses before it is complete.
  await until("they were listed anew", () => listings() > 2);
});
