import {
  createLab,
  Deployment,
  endpointsManifest,
  Frr,
  type LabProcess,
  manifests,
  pass,
  poolManifest,
  serviceManifest,
} from "@heraldlb/lab";
import { type Sighting, seen, startWire, wireSightings } from "./bgp-wire.ts";
import type { Result } from "./result.ts";
import { percentile } from "./statistics.ts";

/** How often to measure. */
export interface BgpOptions {
  readonly changes: number;
  readonly establishments: number;
}

const SPEAKER_ASN = 64_512;
const ROUTER_ASN = 64_513;
const ADDRESS = "10.64.1.1";
const BESIDE = "MetalLB 0.16: 4-8 natively, 3300-8400 with FRR";
const PAUSE_MS = 50;
// FRR takes no new connection for a moment after it has lost one.
const SETTLE_MS = 3000;

/**
 * A Service's only endpoint comes and goes: from the moment that the manifest is renamed into place to the UPDATE on the
 * wire, and to the route in the kernel of the router. Then the router itself comes and goes.
 */
export async function bgp({ changes, establishments }: BgpOptions): Promise<Result[]> {
  await using lab = await createLab({ name: "bench-bgp", nodes: 1, clients: 1 });
  const [node] = lab.nodes;
  if (!node) throw new RangeError("the lab has no node");
  const router = lab.host("client1");
  await using _frr = await Frr.start(router, {
    bgp: `router bgp ${ROUTER_ASN}\nno bgp ebgp-requires-policy\nneighbor ${node.ipv4} remote-as ${SPEAKER_ASN}`,
  });
  const herald = new Deployment(lab);
  const routerManifest = metallb("BGPPeer", peer(router.ipv4));
  herald.write("pool.yaml", manifests(poolManifest("main", [`${ADDRESS}/32`]), metallb("BGPAdvertisement", {})));
  herald.write("router.yaml", routerManifest);
  await herald.startController();
  await herald.ready(node, herald.startSpeaker(node));
  const wire = startWire(router, node);
  const table = router.start(["ip", "-ts", "monitor", "route"], { name: "table" });
  await pass(PAUSE_MS);

  const times = { wire: [] as number[], table: [] as number[] };
  for (let i = 0; i <= changes; i++) {
    const what = i % 2 === 0 ? "announced" : "withdrawn";
    const began = performance.timeOrigin + performance.now();
    herald.write("web.yaml", service(what === "announced" ? [node.name] : []));
    const onWire = await seen(() => wireSightings(wire, ADDRESS), what, began);
    const inTable = await seen(() => tableSightings(table), what, began);
    // The first one waits for the session.
    if (i > 0) {
      times.wire.push(onWire - began);
      times.table.push(inTable - began);
    }
    await pass(PAUSE_MS);
  }
  herald.write("web.yaml", service([node.name]));
  await pass(SETTLE_MS);
  const sessions: number[] = [];
  for (let i = 0; i < establishments; i++) {
    const removed = performance.timeOrigin + performance.now();
    herald.remove("router.yaml");
    await seen(() => tableSightings(table), "withdrawn", removed);
    await pass(SETTLE_MS);
    const began = performance.timeOrigin + performance.now();
    herald.write("router.yaml", routerManifest);
    sessions.push((await seen(() => wireSightings(wire, ADDRESS), "announced", began)) - began);
    // What the router has not taken up yet it cannot give up either.
    await seen(() => tableSightings(table), "announced", began);
  }
  return [
    result(`new BGPPeer: to the first UPDATE of its session, p50 of ${establishments}`, percentile(sessions, 0.5)),
    result("new BGPPeer: to the first UPDATE of its session, max", Math.max(...sessions)),
    result(`endpoint change: to the UPDATE on the wire, p50 of ${changes}`, percentile(times.wire, 0.5), BESIDE),
    result("endpoint change: to the UPDATE on the wire, p99", percentile(times.wire, 0.99), BESIDE, "<= 20"),
    result("endpoint change: to the router's kernel (FRR), p50", percentile(times.table, 0.5)),
    result("endpoint change: to the router's kernel (FRR), p99", percentile(times.table, 0.99)),
  ];
}

function result(name: string, value: number, beside?: string, goal?: string): Result {
  return { suite: "bgp", name, value, unit: "ms", goal, beside };
}

function peer(address: string): object {
  return { myASN: SPEAKER_ASN, peerASN: ROUTER_ASN, peerAddress: address };
}

function metallb(kind: "BGPPeer" | "BGPAdvertisement", spec: object): string {
  const apiVersion = `metallb.io/${kind === "BGPPeer" ? "v1beta2" : "v1beta1"}`;
  return `${JSON.stringify({ apiVersion, kind, metadata: { name: "main", namespace: "metallb-system" }, spec })}\n`;
}

function service(ready: readonly string[]): string {
  const web = serviceManifest({ name: "web", families: ["ipv4"], trafficPolicy: "Local" });
  return manifests(web, endpointsManifest({ service: "web", families: ["ipv4"], ready }));
}

/** `ip monitor`'s lines, `[2026-01-02T03:04:05.678901] Deleted 10.64.1.1 …`. */
function tableSightings(table: LabProcess): readonly Sighting[] {
  return [...table.log().matchAll(/^\[(\S+)\] (Deleted )?(?:\w+ )?10\.64\.1\.1 .*proto bgp/gm)].map(
    ([, time = "", gone]) => {
      const [whole = "", fraction = ""] = time.split(".");
      return { at: Date.parse(whole) + Number(`0.${fraction}`) * 1000, what: gone ? "withdrawn" : "announced" };
    },
  );
}
