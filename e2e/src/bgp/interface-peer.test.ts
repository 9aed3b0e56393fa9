// A BGPPeer that names an interface alone, from the manifest to the router's table.
import { createLab, Deployment, Frr, manifests, poolManifest, serviceManifest, until } from "@heraldlb/lab";
import { expect, test } from "vitest";
import { endpoints, ROUTER_ASN, SPEAKER_ASN } from "./cluster.fixture.ts";

const metallb = (kind: "BGPPeer" | "BGPAdvertisement", spec: object) => {
  const apiVersion = `metallb.io/${kind === "BGPPeer" ? "v1beta2" : "v1beta1"}`;
  return `${JSON.stringify({ apiVersion, kind, metadata: { name: "uplink", namespace: "metallb-system" }, spec })}\n`;
};

test("a router behind an interface is found, and told both families over link-local addresses", async () => {
  await using lab = await createLab({ name: `uplink-${process.pid}`, nodes: 1, clients: 1 });
  const [node] = lab.nodes;
  if (!node) throw new RangeError("the lab has no node");
  await using frr = await Frr.start(lab.host("client1"), {
    bgp: `router bgp ${ROUTER_ASN}
bgp router-id 192.0.2.254
no bgp ebgp-requires-policy
neighbor lan0 interface remote-as ${SPEAKER_ASN}
address-family ipv6 unicast
neighbor lan0 activate
exit-address-family
exit`,
  });
  const herald = new Deployment(lab, { nice: -10 });
  const peer = { myASN: SPEAKER_ASN, dynamicASN: "external", interface: "lan0" };
  herald.write(
    "all.yaml",
    manifests(
      poolManifest("main", ["10.64.1.7/32", "fd64::1:7/128"]),
      metallb("BGPAdvertisement", {}),
      metallb("BGPPeer", peer),
      serviceManifest({ name: "web" }),
      endpoints("web", [node.name]),
    ),
  );
  await herald.startController();
  herald.startSpeaker(node);

  const hops = async (family: string, prefix: string) => {
    const { paths = [] } = (await frr.show(`bgp ${family} unicast ${prefix}`)) as RouteReport;
    return paths.flatMap(({ nexthops }) => nexthops.map(({ ip }) => ip));
  };
  for (const [family, prefix] of [
    ["ipv4", "10.64.1.7/32"],
    ["ipv6", "fd64::1:7/128"],
  ] as const) {
    const seen = await until(
      `the router had ${prefix}`,
      async () => {
        const found = await hops(family, prefix);
        return found.length > 0 && found;
      },
      { timeoutMs: 25_000 },
    ).catch((error: unknown) => {
      throw new Error(`${error}\n${lab.logs(20)}`);
    });
    // The interface has an IPv4 address, so that an IPv4 route leads there.
    expect(seen).toContainEqual(family === "ipv4" ? node.ipv4 : expect.stringMatching(/^fe80:/));
  }
});

interface RouteReport {
  readonly paths?: readonly { readonly nexthops: readonly { readonly ip: string }[] }[];
}
