import { Bird, ExaBgp, GoBgp, pass, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type PeerSettings, peer, ROUTER_ASN, route, SPEAKER_ASN, useScene } from "./scene.fixture.ts";

const scene = useScene("s-others", { beforeAll, afterEach, afterAll });

const WEB = route("10.64.1.1/32", {
  communities: [0xfc00_0064],
  largeCommunities: [{ administrator: 64_512, local1: 1, local2: 2 }],
  med: 7,
  prepend: 1,
});
const WEB6 = route("fd64::1:1/128");
const BOTH = { isDualStack: true } as const;

async function speak(change: PeerSettings = {}, keptRoutes = 0): Promise<void> {
  await scene.start({ keptRoutes });
  await scene.replace({ peers: [peer({ address: scene.routerHost.ipv4, ...change })], routes: [WEB, WEB6] });
}

const withdraw = async (): Promise<void> => {
  await scene.ask({ type: "apply", changes: [WEB, WEB6].map(({ id }) => ({ type: "routeGone", id })) });
};

/** BIRD as a neighbor of the node. */
async function bird(lines: readonly string[] = []): Promise<Bird> {
  const config = `
    log stderr all;
    router id 10.64.0.51;
    protocol device { }
    protocol bgp node {
      local ${scene.routerHost.ipv4} as ${ROUTER_ASN};
      neighbor ${scene.node.ipv4} as ${SPEAKER_ASN};
      connect retry time 1;
      error wait time 1, 2;
      ${lines.join("\n")}
      ipv4 { import all; export all; };
      ipv6 { import all; export all; };
    }
    protocol static { ipv4; route 10.9.0.0/24 blackhole; }
  `;
  return scene.keep(await Bird.start(scene.routerHost, { folder: scene.lab.folder, config }));
}

const birdRoutes = async (its: Bird): Promise<string> => await its.ask("show route protocol node all");

test("BIRD hears of both families with all attributes, and of their withdrawal", async () => {
  const its = await bird();
  await speak(BOTH, 10);
  await scene.converged();
  const shown = await until("BIRD has both", async () => {
    const found = await birdRoutes(its);
    return found.includes("10.64.1.1/32") && found.includes("fd64::1:1/128") && found;
  });
  expect(shown).toContain("BGP.as_path: 64512 64512");
  expect(shown).toContain("BGP.med: 7");
  expect(shown).toContain("BGP.community: (64512,100)");
  expect(shown).toContain("BGP.large_community: (64512, 1, 2)");
  expect(shown).toContain(`BGP.next_hop: ${scene.node.ipv4}`);
  expect(shown).toContain(`BGP.next_hop: ${scene.node.ipv6}`);
  await until("the node has BIRD's route", async () => (await scene.session())?.received.includes("10.9.0.0/24"));
  await withdraw();
  await until("BIRD has nothing", async () => !(await birdRoutes(its)).includes("64.1.1"));
});

test("BIRD's session is signed, and has TTL security", async () => {
  await bird(['password "secret";', "ttl security on;"]);
  await speak({ ...BOTH, password: "secret", ttlSecurityHops: 1 });
  await scene.converged();
});

test("BIRD keeps routes over a graceful restart", async () => {
  const its = await bird(["graceful restart on;"]);
  await speak({ ...BOTH, hasGracefulRestart: true });
  await scene.converged();
  await until("BIRD has the route", async () => (await birdRoutes(its)).includes("10.64.1.1/32"));
  await scene.stop("restart");
  await until("BIRD has noticed", async () => !(await its.ask("show protocols node")).includes("Established"));
  await pass(500);
  expect(await birdRoutes(its)).toContain("10.64.1.1/32");
  await scene.start({ restart: { hasRestarted: true, keptForwarding: true } });
  await scene.replace({
    peers: [peer({ address: scene.routerHost.ipv4, ...BOTH, hasGracefulRestart: true })],
    routes: [WEB6],
  });
  await scene.converged();
  await until("the old route is gone", async () => !(await birdRoutes(its)).includes("10.64.1.1/32"));
  expect(await birdRoutes(its)).toContain("fd64::1:1/128");
});

test("BIRD takes numbered paths, and asks for the table again", async () => {
  const its = await bird(["enable route refresh on;"]);
  await speak({ ...BOTH, hasAddPath: true });
  await scene.converged();
  const updates = async () => {
    const shown = await its.ask("show protocols all node");
    expect(shown).toContain("Established");
    const counts = shown.matchAll(/Import updates:\s+(\d+)/g);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const before = await until("BIRD has both", async () => (await updates()) === 2 && 2);
  await its.ask("reload in node");
  await until("BIRD has been sent both again", async () => (await updates()) === before + 2);
  expect(await birdRoutes(its)).toContain("10.64.1.1/32");
});

test("GoBGP hears of both families with all attributes, and of their withdrawal", async () => {
  const config = `
    [global.config]
      as = ${ROUTER_ASN}
      router-id = "10.64.0.51"
    [[neighbors]]
      [neighbors.config]
        neighbor-address = "${scene.node.ipv4}"
        peer-as = ${SPEAKER_ASN}
        auth-password = "secret"
      [neighbors.transport.config]
        passive-mode = true
      [[neighbors.afi-safis]]
        [neighbors.afi-safis.config]
          afi-safi-name = "ipv4-unicast"
      [[neighbors.afi-safis]]
        [neighbors.afi-safis.config]
          afi-safi-name = "ipv6-unicast"
  `;
  const its = scene.keep(await GoBgp.start(scene.routerHost, { folder: scene.lab.folder, config }));
  await speak({ ...BOTH, password: "secret" });
  await scene.converged();
  const [web] = Object.values(
    (await until("GoBGP has the route", async () => {
      const found = (await its.ask("global rib -a ipv4")) as object;
      return Object.keys(found).length > 0 && found;
    })) as Record<string, readonly { readonly attrs: readonly object[] }[]>,
  );
  expect(web?.[0]?.attrs).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ as_paths: [expect.objectContaining({ asns: [64_512, 64_512] })] }),
      expect.objectContaining({ nexthop: scene.node.ipv4 }),
      expect.objectContaining({ metric: 7 }),
      expect.objectContaining({ communities: [0xfc00_0064] }),
    ]),
  );
  expect(Object.keys((await its.ask("global rib -a ipv6")) as object)).toEqual(["fd64::1:1/128"]);
  await withdraw();
  await until("GoBGP has nothing", async () => {
    const tables = await Promise.all(["ipv4", "ipv6"].map((family) => its.ask(`global rib -a ${family}`)));
    return tables.every((table) => Object.keys(table as object).length === 0);
  });
});

test("ExaBGP hears of both families, and what it says of every kind is understood", async () => {
  const attributes =
    "next-hop self med 5 community [ 1:2 no-export ] large-community [ 1:2:3 ] extended-community [ target:1:2 ]";
  const its = scene.keep(
    await ExaBgp.start(scene.routerHost, {
      folder: scene.lab.folder,
      neighbor: scene.node.ipv4,
      listen: scene.routerHost.ipv4,
      lines: [
        "router-id 10.64.0.51;",
        `local-address ${scene.routerHost.ipv4};`,
        `local-as ${ROUTER_ASN};`,
        `peer-as ${SPEAKER_ASN};`,
        "passive true;",
        "family { ipv4 unicast; ipv6 unicast; }",
        "capability { route-refresh enable; graceful-restart 60; add-path disable; }",
        "static {",
        `route 10.9.1.0/24 ${attributes} as-path [ ${ROUTER_ASN} 4200000000 ] originator-id 1.2.3.4 cluster-list [ 1.1.1.1 ];`,
        `route 10.9.2.0/24 next-hop self attribute [ 0x63 0xc0 0x010203 ] aggregator ( 64513:10.0.0.1 ) atomic-aggregate;`,
        `route fd09::/64 next-hop ${scene.routerHost.ipv6} med 9;`,
        "}",
      ],
    }),
  );
  await speak(BOTH, 10);
  await scene.converged();
  const announced = await until("ExaBGP has heard both", () => {
    const text = JSON.stringify(its.heard());
    return text.includes("10.64.1.1/32") && text.includes("fd64::1:1/128") && text;
  });
  expect(announced).toContain('"community":[[64512,100]]');
  expect(announced).toContain('"large-community":[[64512,1,2]]');
  expect(announced).toContain('"med":7');
  const wanted: readonly (Ip | string)[] = ["10.9.1.0/24", "10.9.2.0/24", "fd09::/64"];
  await until("the node has ExaBGP's routes", async () => {
    const { received = [] } = (await scene.session()) ?? {};
    return wanted.every((prefix) => received.includes(prefix));
  });
  await withdraw();
  await until("ExaBGP has heard the withdrawal", () => {
    const text = JSON.stringify(its.heard());
    return text.includes('"withdraw":{"ipv4 unicast"') && text.includes('"withdraw":{"ipv6 unicast"');
  });
});
