import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Allocator, type Change, type PoolInput, type ServiceInput } from "@heraldlb/ipam";
import { type IpRange, parsePrefix, prefixToRange } from "@heraldlb/net";
import type { Result } from "./result.ts";

const SIZES = [1_000, 10_000, 100_000] as const;
// No more than the smallest size.
const BATCH = 1000;
const FILL = 20_000;
const WAITING = [0, 10_000] as const;

/** A kind of Service, and the pool that it gets its address from. */
interface Scenario {
  readonly name: string;
  readonly pool: PoolInput;
  readonly wants: Partial<ServiceInput>;
  /** Milliseconds between two changes: a cool-down wants time to pass. */
  readonly pace: number;
}

const IPV6 = { clusterIps: ["fd00::1"] };
const SCENARIOS: readonly Scenario[] = [
  { name: "IPv4 /8", pool: pool("10.0.0.0/8"), wants: {}, pace: 0 },
  { name: "IPv6 /64", pool: pool("2001:db8::/64"), wants: IPV6, pace: 0 },
  { name: "IPv4 /8, one sharing key", pool: pool("10.0.0.0/8"), wants: { sharingKey: "all" }, pace: 0 },
  {
    name: "IPv4 /8, quota and cool-down",
    pool: { ...pool("10.0.0.0/8"), quotaPerNamespace: 1_000_000, coolDownMs: 100 },
    wants: {},
    pace: 1,
  },
];

/**
 * What the allocator does in a second of CPU time, change by change, with 1,000 to 100,000 Services that have addresses: the
 * figures of one scenario should be alike whatever the size. Then filling a pool to its last address, giving one back
 * that others wait for, and the memory that 100,000 Services take.
 */
export function allocation(rounds: number): Result[] {
  for (const scenario of SCENARIOS) rate(scenario, SIZES[0], rounds);
  const rates = SCENARIOS.flatMap((scenario) => {
    const measured = SIZES.map((size) => ({ size, ...rate(scenario, size, rounds) }));
    return (["allocations", "releases"] as const).flatMap((what) =>
      measured.map(({ size, [what]: value }): Result => {
        const beside = `${(value / (measured[0]?.[what] ?? value)).toFixed(2)} of that at ${SIZES[0]}`;
        const name = `${what}, ${scenario.name}, at ${size} Services`;
        return { suite: "allocation", name, value, unit: "/s", goal: ">= 100000", beside };
      }),
    );
  });
  return [...rates, ...fill(), ...WAITING.map(releaseBesideWaiting), memoryOf(100_000)];
}

/** Over all batches, each change applied alone. */
function rate(
  { pool, wants, pace }: Scenario,
  size: number,
  rounds: number,
): { readonly allocations: number; readonly releases: number } {
  const allocator = allocatorOf(pool);
  let now = 0;
  const apply = (change: Change) => {
    now += pace;
    allocator.apply([change], now);
  };
  for (let i = 0; i < size; i++) apply(arrival(i, wants));
  let [coming, going] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const goings = times(BATCH, (i) => departure((round * BATCH + i) % size));
    const comings = times(BATCH, (i) => arrival((round * BATCH + i) % size, wants));
    going += cpuMicroseconds(() => goings.forEach(apply));
    coming += cpuMicroseconds(() => comings.forEach(apply));
  }
  const changes = rounds * BATCH * 1e6;
  return { allocations: changes / coming, releases: changes / going };
}

/** What else runs on the machine does not count; collecting garbage does. */
function cpuMicroseconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Filling a pool of more than 20,000 addresses with holes at .0 and .255; the first tenth is still being compiled. */
function fill(): Result[] {
  const ranges = ["10.0.0.0/18", "10.1.0.0/19"].map(range);
  const allocator = allocatorOf({ ...pool("10.0.0.0/18"), ranges, avoidBuggyIps: true });
  const tenths = times(10, (tenth) =>
    cpuMicroseconds(() => {
      for (let i = 0; i < FILL / 10; i++) allocator.apply([arrival((tenth * FILL) / 10 + i, {})], 0);
    }),
  );
  const given = times(FILL, (i) => allocator.holding(`bench/service-${i}`)).filter((holding) => holding).length;
  const [second = 1, last = 0] = [tenths[1], tenths[9]];
  const beside = `${(last / second).toFixed(2)} times the second tenth`;
  const name = `each of the last tenth of ${given} addresses`;
  return [{ suite: "allocation", name, value: last / (FILL / 10), unit: "µs", beside }];
}

function releaseBesideWaiting(waiting: number): Result {
  const allocator = allocatorOf(pool("10.0.0.0/22"));
  for (let i = 0; i < 1024 + waiting; i++) allocator.apply([arrival(i, {})], 0);
  const count = 1000;
  const elapsed = cpuMicroseconds(() => {
    for (let i = 0; i < count; i++) allocator.apply([departure(i)], 0);
  });
  const name = `an address given back while ${waiting} wait for one`;
  return { suite: "allocation", name, value: elapsed / count, unit: "µs" };
}

/** The heap that Services take with all that the allocator keeps of them, and what it is told of them. */
function memoryOf(size: number): Result {
  const before = heap();
  const allocator = allocatorOf(pool("10.0.0.0/8"));
  for (let i = 0; i < size; i++) allocator.apply([arrival(i, { labels: { app: `app-${i}` } })], 0);
  const value = (heap() - before) / 1e6;
  if (!allocator.holding("bench/service-0")) throw new RangeError("nothing was given");
  return { suite: "allocation", name: `memory of ${size} Services`, value, unit: "MB", goal: "<= 200" };
}

function heap(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

function allocatorOf(pool: PoolInput): Allocator {
  const allocator = new Allocator({ onStranded: "keep" });
  allocator.apply([{ type: "pools", set: { pools: [pool], setAside: false } }], 0);
  return allocator;
}

function pool(block: string): PoolInput {
  return { name: "pool", ranges: [range(block)], autoAssign: true, avoidBuggyIps: false };
}

function range(block: string): IpRange {
  const prefix = parsePrefix(block);
  if (!prefix) throw new TypeError(`no CIDR: ${block}`);
  return prefixToRange(prefix);
}

function arrival(i: number, wants: Partial<ServiceInput>): Change {
  const service: ServiceInput = {
    key: `bench/service-${i}`,
    namespace: "bench",
    labels: {},
    clusterIps: ["10.96.0.1"],
    ipFamilies: [],
    ipFamilyPolicy: "SingleStack",
    sharingKey: "",
    backendKey: "",
    ports: [{ protocol: "TCP", port: 80 }],
    assigned: [],
    createdAt: i,
    ...wants,
  };
  return { type: "service", service };
}

function departure(i: number): Change {
  return { type: "serviceRemoved", key: `bench/service-${i}` };
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
