// A BGPPeer that names an interface alone, from the manifest to the router's table.
import { createLab, Deployment, Frr, manifests, poolManifest, serviceManifest, until } from "@heraldlb/lab";
import { expect, test } from "vitest";
import { endpoints, metallbManifest, ROUTER_ASN, SPEAKER_ASN } from "./cluster.fixture.ts";

const metallb = (kind: string, spec: object) => metallbManifest(kind, "uplink", spec);

test("a router behind an interface is found, told both families over link-local addresses, and watched with BFD", async () => {
  await using lab = await createLab({ name: `uplink-${process.pid}`, nodes: 1, clients: 1 });
  const [node] = lab.nodes;
  if (!node) throw new RangeError("the lab has no node");
  await using frr = await Frr.start(lab.host("client1"), {
    bgp: `router bgp ${ROUTER_ASN}
bgp router-id 192.0.2.254
no bgp ebgp-requires-policy
neighbor lan0 interface remote-as ${SPEAKER_ASN}
neighbor lan0 bfd
address-family ipv6 unicast
neighbor lan0 activate
exit-address-family
exit`,
    bfd: "",
  });
  const herald = new Deployment(lab, { nice: -10 });
  const writePeer = (change: object) => {
    const peer = { myASN: SPEAKER_ASN, dynamicASN: "external", interface: "lan0", ...change };
    herald.write("peer.yaml", metallb("BGPPeer", peer));
  };
  writePeer({});
  herald.write(
    "all.yaml",
    manifests(
      poolManifest("main", ["10.64.1.7/32", "fd64::1:7/128"]),
      metallb("BGPAdvertisement", {}),
      metallb("BFDProfile", {}),
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

  writePeer({ bfdProfile: "uplink" });
  const neighbor = async () => ((await frr.show("bgp neighbors lan0")) as Neighbors).lan0;
  await until(
    "both watched each other",
    async () => {
      const metrics = await herald.metrics(node);
      return (await neighbor()).peerBfdInfo.status === "Up" && /^metallb_bfd_session_up\{.*\} 1$/m.test(metrics);
    },
    { timeoutMs: 25_000 },
  );
  expect((await neighbor()).connectionsEstablished).toBe(1);
});

interface Neighbors {
  readonly lan0: { readonly connectionsEstablished: number; readonly peerBfdInfo: { readonly status: string } };
}

interface RouteReport {
  readonly paths?: readonly { readonly nexthops: readonly { readonly ip: string }[] }[];
}
