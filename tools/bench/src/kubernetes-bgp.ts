import { createCluster, MERGE_PATCH } from "@heraldlb/cluster";
import { crds } from "@heraldlb/config/crd";
import { Frr, pass } from "@heraldlb/lab";
import { seen, startWire, wireSightings } from "./bgp-wire.ts";
import type { Result } from "./result.ts";
import { percentile } from "./statistics.ts";

/** How often to measure. */
export interface KubernetesBgpOptions {
  readonly changes: number;
}

const NAMESPACE = "metallb-system";
const SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
const SPEAKER_ASN = 64_512;
const ROUTER_ASN = 64_513;
const ADDRESS = "10.64.1.1";
const BESIDE = "MetalLB 0.16: 4 natively, 3300 with FRR";
const PAUSE_MS = 50;

/**
 * A Service's only endpoint becomes ready and ceases to be, in a cluster: from the moment that the API server has
 * answered the change of the EndpointSlice, and from that it was asked for it, to the UPDATE on the wire.
 */
export async function kubernetesBgp({ changes }: KubernetesBgpOptions): Promise<Result[]> {
  const shape = { name: "bench-kubernetes-bgp", nodes: 1, clients: 1, kubeProxy: "none" } as const;
  await using cluster = await createCluster(shape);
  const { lab } = cluster;
  const [node] = lab.nodes;
  if (!node) throw new RangeError("the lab has no node");
  const router = lab.host("client1");
  await using _frr = await Frr.start(router, {
    bgp: `router bgp ${ROUTER_ASN}\nno bgp ebgp-requires-policy\nneighbor ${node.ipv4} remote-as ${SPEAKER_ASN}`,
  });
  await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } }, ...crds()]);
  await cluster.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=30s"]);
  await cluster.apply([
    metallb("IPAddressPool", { addresses: [`${ADDRESS}/32`] }),
    metallb("BGPAdvertisement", {}),
    metallb("BGPPeer", { myASN: SPEAKER_ASN, peerASN: ROUTER_ASN, peerAddress: router.ipv4 }),
    {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name: "web", namespace: "default" } },
      spec: { type: "LoadBalancer", ports: [{ port: 80, protocol: "TCP" }] },
    },
  ]);
  const endpoints = (isReady: boolean) => ({
    endpoints: [{ addresses: ["10.244.1.1"], nodeName: node.name, conditions: { ready: isReady, serving: isReady } }],
  });
  const labels = { "kubernetes.io/service-name": "web" };
  const body = { metadata: { name: "web", labels }, addressType: "IPv4", ...endpoints(false) };
  await cluster.request("POST", SLICES, { body });
  const herald = await cluster.herald({ namespace: NAMESPACE });
  await herald.startController();
  await herald.ready(node, herald.startSpeaker(node));
  const wire = startWire(router, node);
  await pass(PAUSE_MS);

  const times = { asked: [] as number[], answered: [] as number[] };
  for (let i = 0; i <= changes; i++) {
    const isReady = i % 2 === 0;
    const asked = now();
    await cluster.request("PATCH", `${SLICES}/web`, { body: endpoints(isReady), contentType: MERGE_PATCH });
    const answered = now();
    const at = await seen(() => wireSightings(wire, ADDRESS), isReady ? "announced" : "withdrawn", asked);
    // The first one waits for the session.
    if (i > 0) {
      times.asked.push(at - asked);
      // Who watches may have heard of it before who asked.
      times.answered.push(Math.max(at - answered, 0));
    }
    await pass(PAUSE_MS);
  }
  return [
    result(`EndpointSlice changed: to the UPDATE on the wire, p50 of ${changes}`, percentile(times.answered, 0.5), {
      ...{ goal: "<= 8", beside: BESIDE },
    }),
    result("EndpointSlice changed: to the UPDATE on the wire, p99", percentile(times.answered, 0.99)),
    result("the same with the API server's own time, p50", percentile(times.asked, 0.5)),
    result("the same with the API server's own time, p99", percentile(times.asked, 0.99)),
  ];
}

const now = (): number => performance.timeOrigin + performance.now();

function result(name: string, value: number, extra: Partial<Result> = {}): Result {
  return { suite: "kubernetes-bgp", name, value, unit: "ms", ...extra };
}

function metallb(kind: "IPAddressPool" | "BGPPeer" | "BGPAdvertisement", spec: object): unknown {
  const apiVersion = `metallb.io/${kind === "BGPPeer" ? "v1beta2" : "v1beta1"}`;
  return { apiVersion, kind, metadata: { name: "bench", namespace: NAMESPACE }, spec };
}
