// From manifests to the routers that `npm run lab -- up --router` offers.
import {
  createLab,
  Deployment,
  type Host,
  LAB_NODE_ASN,
  LAB_ROUTER_ASN,
  type Lab,
  type LabRouter,
  manifests,
  pass,
  poolManifest,
  type RouterKind,
  run,
  serviceManifest,
  startRouter,
  until,
} from "@heraldlb/lab";
import { type Ip, isIpv4 } from "@heraldlb/net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { endpoints, metallbManifest, seenDuring } from "./cluster.fixture.ts";

const NODES = ["node1", "node2"];

describe.each<RouterKind>(["bird", "gobgp"])("beside %s", (kind) => {
  let lab: Lab;
  let herald: Deployment;
  let host: Host;
  let router: LabRouter | undefined;

  beforeAll(async () => {
    lab = await createLab({ name: `${kind}-${process.pid}`, nodes: NODES.length, routers: 1 });
    await lab.serve();
    [host] = lab.routers as [Host];
    router = await startRouter(lab, host, kind);
    herald = new Deployment(lab, { nice: -10 });
    const peer = { myASN: LAB_NODE_ASN, peerASN: LAB_ROUTER_ASN, enableGracefulRestart: true };
    const watched = kind === "gobgp" ? {} : { bfdProfile: "usual" };
    herald.write(
      "bgp.yaml",
      manifests(
        poolManifest("main", ["10.64.1.1-10.64.1.99", "fd64::1:1-fd64::1:99"]),
        metallbManifest("BGPAdvertisement", "main", {}),
        metallbManifest("BFDProfile", "usual", {}),
        metallbManifest("BGPPeer", "router", { ...peer, ...watched, peerAddress: host.ipv4 }),
        metallbManifest("BGPPeer", "router6", { ...peer, ...watched, peerAddress: host.ipv6 }),
      ),
    );
    herald.write("web.yaml", manifests(serviceManifest({ name: "web" }), endpoints("web", NODES)));
    await herald.startController();
    for (const node of lab.nodes) herald.startSpeaker(node);
  }, 120_000);

  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  afterEach(({ task }) => {
    if (task.result?.state === "fail") process.stderr.write(`${lab.logs()}\n`);
  });

  const prefixOf = (address: Ip): string => `${address}/${isIpv4(address) ? 32 : 128}`;

  async function routed(addresses: readonly Ip[], nodes: readonly string[]): Promise<void> {
    await until(
      `the router has ${addresses.join(" and ")} from ${nodes.join() || "nobody"}`,
      async () => {
        const routes = await router?.routes();
        return addresses.every((address) => `${routes?.get(prefixOf(address)) ?? ""}` === `${nodes}`);
      },
      { timeoutMs: 30_000, everyMs: 50 },
    );
  }

  test("a Service's addresses are routed to all nodes, over IPv4 and IPv6", async () => {
    const addresses = await herald.given("web", 2);
    await routed(addresses, NODES);
    // GoBGP leaves forwarding to others.
    if (kind === "gobgp") return;
    const [client] = lab.clients;
    for (const address of addresses) {
      await until(`a client reaches ${address}`, async () => NODES.includes((await client?.curl(address)) ?? ""));
    }
    for (const node of lab.nodes) {
      await until(`${node.name} and the router watch each other`, async () => {
        const up = (await herald.metrics(node)).match(/^metallb_bfd_session_up\{.*\} 1$/gm);
        return up?.length === 2;
      });
    }
  });

  test("a router that is started again has all routes again", async () => {
    const addresses = await herald.given("web", 2);
    await router?.[Symbol.asyncDispose]();
    router = await startRouter(lab, host, kind);
    await routed(addresses, NODES);
  });

  test("a speaker that is started again keeps its routes, as graceful restart has it", async () => {
    const [node] = lab.nodes as [Host];
    const addresses = await herald.given("web", 2);
    const restart = async () => {
      await herald.speaker(node).stop();
      herald.startSpeaker(node);
      await until("its sessions are up", async () => (await sessionsUp(node)) === 2, { timeoutMs: 40_000 });
      await pass(500);
    };
    const seen = await seenDuring(restart, async () => {
      const routes = await router?.routes();
      return addresses.map((address) => routes?.get(prefixOf(address))).join(" ");
    });
    expect(seen).toEqual([`${NODES} ${NODES}`]);
  });

  async function sessionsUp(node: Host): Promise<number> {
    return (await herald.metrics(node)).match(/^metallb_bgp_session_up\{.*\} 1$/gm)?.length ?? 0;
  }

  test("a Service that is gone is withdrawn", async () => {
    const addresses = await herald.given("web", 2);
    herald.remove("web.yaml");
    await routed(addresses, []);
  });
});

test("the lab's own command sets a router up, and leaves nothing behind", async () => {
  const name = `r-${process.pid}`;
  const command = async (...args: readonly string[]): Promise<string> => {
    return await run("npm", ["run", "--silent", "--prefix", "..", "lab", "--", ...args]);
  };
  try {
    const said = await command("up", "--name", name, "--nodes", "1", "--router", "frr");
    const [, look = ""] = /^Its sessions: +npm run lab -- exec (.*)$/m.exec(said) ?? [];
    const summary = await run("sh", ["-c", `npm run --silent --prefix .. lab -- exec ${look}`]);
    expect(summary).toContain(`local AS number ${LAB_ROUTER_ASN}`);
    expect(summary).toMatch(/^10\.64\.0\.1 .*(?:Active|Connect|Idle)/m);
  } finally {
    await command("down", "--name", name);
  }
  expect(await run("ip", ["netns", "list"])).not.toContain(`herald-${name}-`);
});
