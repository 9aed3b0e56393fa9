import type { Frr } from "@heraldlb/lab";
import { until } from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createScene, peer, ROUTER_ASN, route, routesOf, type Scene, SPEAKER_ASN } from "./scene.fixture.ts";

let scene: Scene;
let frr: Frr | undefined;

beforeAll(async () => {
  scene = await createScene("s-frr");
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});
afterEach(async () => {
  if (!scene.driver.exit) await scene.driver[Symbol.asyncDispose]();
  await frr?.[Symbol.asyncDispose]();
  frr = undefined;
});

/** FRR as it is configured for a node, with more of its own. */
async function router(neighbor: string, lines: readonly string[] = [], family = "ipv4"): Promise<Frr> {
  frr = await scene.frr(
    [
      `router bgp ${ROUTER_ASN}`,
      " bgp router-id 10.64.0.51",
      " no bgp ebgp-requires-policy",
      " no bgp default ipv4-unicast",
      ...lines.map((line) => ` ${line.replace("NEIGHBOR", `neighbor ${neighbor}`)}`),
      ` address-family ${family} unicast`,
      `  neighbor ${neighbor} activate`,
      " exit-address-family",
    ].join("\n"),
  );
  return frr;
}

test("an IPv4 session brings routes with all their attributes", async () => {
  await scene.start();
  const its = await router(scene.node.ipv4, [`NEIGHBOR remote-as ${SPEAKER_ASN}`]);
  await scene.replace({
    peers: [peer({ address: scene.routerHost.ipv4 })],
    routes: [route("10.64.1.1/32", { communities: [0xfc00_0064], med: 7 }), route("10.64.2.0/24")],
  });
  await scene.converged();
  const routes = await until("FRR has both", async () => {
    const found = await routesOf(its, "ipv4");
    return Object.keys(found).length === 2 && found;
  });
  expect(routes["10.64.1.1/32"]).toMatchObject([{ path: "64512", metric: 7, nexthops: [{ ip: scene.node.ipv4 }] }]);
});
