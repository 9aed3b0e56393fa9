import { type Candidate, EMPTY_CONFIGURATION, Resolver, readResource, resolve } from "@heraldlb/config";
import type { Result } from "./result.ts";
import { percentile } from "./statistics.ts";

const COUNTS = { pools: 300, layer2: 150, advertisements: 200, peers: 200, profiles: 50, communities: 50, secrets: 50 };
const NODES = 100;
const SERVICES = 10_000;

/**
 * Time to validate a configuration of 1,000 objects that refer to each other: reading them against their schemas,
 * judging them against each other, and judging again after one of them, or one of 10,000 Services, has changed.
 */
export async function validation(rounds: number): Promise<Result[]> {
  const manifests = configuration();
  const nodes = times(NODES, (i) => core("Node", `node-${i}`, { metadata: { labels: { rack: `${i % 10}` } } }));
  const candidates = [...manifests, ...nodes].map(candidateOf);
  const { problems } = resolve(EMPTY_CONFIGURATION, candidates);
  if (problems.length > 0) throw new RangeError(`not a valid configuration: ${JSON.stringify(problems[0])}`);

  const all = [
    ...candidates,
    ...times(SERVICES, (i) => service(i, 80)).map((json, i) => candidateOf(json, 10_000 + i)),
  ];
  const resolver = new Resolver();
  const change = (at: number, json: object): void => {
    resolver.update(all.with(at, candidateOf(json, all[at]?.origin.position ?? 0)));
  };
  resolver.update(all);
  const measured = (name: string, run: (round: number) => void): Result => timed(name, { rounds, run });
  const results = [
    measured("read 1,000 objects", () => void manifests.forEach(candidateOf)),
    measured("judge 1,000 objects, 100 nodes", () => void resolve(EMPTY_CONFIGURATION, candidates)),
    measured("one of 300 pools changed", (round) => change(0, pool(0, (round % 100) + 1))),
  ];
  resolver.update(all);
  resolver.update(all);
  return [
    ...results,
    measured("one of 10,000 Services changed", (round) => change(all.length - 1, service(SERVICES - 1, round))),
  ];
}

function timed(name: string, { rounds, run }: { readonly rounds: number; run(round: number): void }): Result {
  const elapsed = times(rounds, (round) => {
    const start = performance.now();
    run(round + 1);
    return performance.now() - start;
  });
  const beside = `p99 ${percentile(elapsed, 0.99).toFixed(1)} ms`;
  return { suite: "validation", name, value: percentile(elapsed, 0.5), unit: "ms", beside };
}

/** 1,000 objects: every fourth pool has a tenant's label, every advertisement and peer is for some rack. */
function configuration(): object[] {
  const inRack = (i: number) => ({ nodeSelectors: [{ matchLabels: { rack: `${i % 10}` } }] });
  return [
    ...times(COUNTS.pools, (i) => pool(i, 0)),
    ...times(COUNTS.layer2, (i) =>
      metallb("L2Advertisement", `layer2-${i}`, { ipAddressPools: [`pool-${i}`], interfaces: ["eth0"], ...inRack(i) }),
    ),
    ...times(COUNTS.advertisements, (i) =>
      metallb("BGPAdvertisement", `bgp-${i}`, {
        ...{ ipAddressPoolSelectors: [{ matchLabels: { tenant: `${i % 75}` } }], peers: [`peer-${i}`] },
        ...{ communities: [`alias-${i % COUNTS.communities}`, "64512:1"], localPref: 100 + i, aggregationLength: 28 },
        ...inRack(i),
      }),
    ),
    ...times(COUNTS.peers, (i) =>
      metallb("BGPPeer", `peer-${i}`, {
        ...{ myASN: 64_512, peerASN: 64_600 + i, peerAddress: `192.0.${i % 10}.${1 + Math.floor(i / 10)}` },
        ...{ bfdProfile: `profile-${i % COUNTS.profiles}`, passwordSecret: { name: `secret-${i % COUNTS.secrets}` } },
        ...inRack(i),
      }),
    ),
    ...times(COUNTS.profiles, (i) => metallb("BFDProfile", `profile-${i}`, { receiveInterval: 100 + i })),
    ...times(COUNTS.communities, (i) =>
      metallb("Community", `community-${i}`, { communities: [{ name: `alias-${i}`, value: `64512:${1000 + i}` }] }),
    ),
    ...times(COUNTS.secrets, (i) =>
      core("Secret", `secret-${i}`, { type: "kubernetes.io/basic-auth", stringData: { password: `password-${i}` } }),
    ),
  ];
}

function pool(i: number, last: number): object {
  const prefix = `10.${Math.floor(i / 256)}.${i % 256}`;
  const labels = { tenant: `${Math.floor(i / 4)}` };
  const addresses = [`${prefix}.0/25`, `${prefix}.128-${prefix}.${143 + last}`];
  return metallb("IPAddressPool", `pool-${i}`, { addresses }, labels);
}

function service(i: number, port: number): object {
  return core("Service", `service-${i}`, { spec: { type: "LoadBalancer", ports: [{ port }] } });
}

function metallb(kind: string, name: string, spec: object, labels: object = {}): object {
  const apiVersion = kind === "BGPPeer" ? "metallb.io/v1beta2" : "metallb.io/v1beta1";
  return { apiVersion, kind, metadata: { name, labels }, spec };
}

function core(
  kind: string,
  name: string,
  { metadata, ...fields }: { readonly metadata?: object; readonly [field: string]: unknown },
): object {
  return { apiVersion: "v1", kind, metadata: { name, ...metadata }, ...fields };
}

function candidateOf(json: object, position: number): Candidate {
  return { origin: { file: "all.yaml", position }, outcome: readResource(json, { defaultNamespace: "herald" }) };
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
