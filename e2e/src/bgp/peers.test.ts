// One speaker with many routers, and with ports that others have taken.
import {
  createLab,
  Deployment,
  Frr,
  type Host,
  type Lab,
  type LabProcess,
  manifests,
  poolManifest,
  serviceManifest,
  until,
} from "@heraldlb/lab";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { endpoints, metallbManifest, ROUTER_ASN, SPEAKER_ASN } from "./cluster.fixture.ts";

const MANY = 50;
const PEER = { myASN: SPEAKER_ASN, peerASN: ROUTER_ASN };
const SQUATTER = `
  require("node:net").createServer().listen(179, "0.0.0.0");
  require("node:dgram").createSocket("udp4").bind(3784, "0.0.0.0", () => console.log("taken"));`;
let lab: Lab;
let herald: Deployment;
let node: Host;
/** Listens, and watches with BFD. */
let router: Frr;
/** Connects, and does not listen. */
let caller: Frr;
let squatter: LabProcess;
let prefix: string;

beforeAll(async () => {
  lab = await createLab({ name: `peers-${process.pid}`, nodes: 1, clients: 2 });
  [node] = lab.nodes as [Host];
  const [first, second] = lab.clients as [Host, Host];
  router = await Frr.start(first, {
    bgp: `router bgp ${ROUTER_ASN}
no bgp ebgp-requires-policy
neighbor ${node.ipv4} remote-as ${SPEAKER_ASN}
neighbor ${node.ipv4} passive
neighbor ${node.ipv4} bfd
neighbor many peer-group
neighbor many remote-as ${SPEAKER_ASN}
bgp listen range 10.64.200.0/24 peer-group many
exit`,
    bfd: "",
  });
  caller = await Frr.start(second, {
    bgp: `router bgp ${ROUTER_ASN}
no bgp ebgp-requires-policy
neighbor ${node.ipv4} remote-as ${SPEAKER_ASN}
neighbor ${node.ipv4} timers connect 1
exit`,
    port: 0,
  });
  squatter = node.start([process.execPath, "-e", SQUATTER], { name: "squatter" });
  await squatter.logged(/taken/);
  herald = new Deployment(lab, { nice: -10 });
  herald.write(
    "bgp.yaml",
    manifests(
      poolManifest("main", ["10.64.1.1-10.64.1.99"]),
      metallbManifest("BGPAdvertisement", "main", {}),
      metallbManifest("BFDProfile", "usual", {}),
      metallbManifest("BGPPeer", "router", { ...PEER, peerAddress: first.ipv4, bfdProfile: "usual" }),
      metallbManifest("BGPPeer", "caller", { ...PEER, peerAddress: second.ipv4 }),
    ),
  );
  writeService();
  await herald.startController();
  herald.startSpeaker(node, { args: ["--insecure", "--bgp-listen", "0.0.0.0:179"] });
  const [address] = await herald.given("web", 1);
  prefix = `${address}/32`;
}, 120_000);

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

afterEach(({ task }) => {
  if (task.result?.state === "fail") process.stderr.write(`${lab.logs()}\n`);
});

function writeService(): void {
  const service = serviceManifest({ name: "web", families: ["ipv4"] });
  herald.write("web.yaml", manifests(service, endpoints("web", [node.name])));
}

async function pathsOf(frr: Frr): Promise<number> {
  const { paths = [] } = (await frr.show(`bgp ipv4 unicast ${prefix}`)) as { readonly paths?: readonly unknown[] };
  return paths.length;
}

async function sessionsUp(protocol: "bgp" | "bfd"): Promise<number> {
  return (
    (await herald.metrics(node)).match(new RegExp(`^metallb_${protocol}_session_up\\{.*\\} 1$`, "gm"))?.length ?? 0
  );
}

test("ports that are taken are reported, stop nothing else, and are used once they are free", async () => {
  const speaker = herald.speaker(node);
  await until("the router has the route", async () => (await pathsOf(router)) === 1);
  await speaker.logged(/cannot listen for BGP peers/);
  await speaker.logged(/cannot open a BFD port/);
  expect(await sessionsUp("bfd")).toBe(0);
  expect(await pathsOf(caller)).toBe(0);
  await squatter.stop();
  await until("a router that connects has the route", async () => (await pathsOf(caller)) === 1, { timeoutMs: 40_000 });
  await until("BFD is up", async () => (await sessionsUp("bfd")) === 1, { timeoutMs: 40_000 });
});

test(`${MANY} routers hear of a Service, and of its end`, async () => {
  const numbers = Array.from({ length: MANY }, (_, index) => index + 1);
  const [here, there] = [200, 201].map((third) => numbers.map((number) => `10.64.${third}.${number}`));
  const add = async (host: Host, addresses: readonly string[] = []) => {
    const lines = addresses.map((address) => `address add ${address}/16 dev lan0\n`).join("");
    await host.exec(["ip", "-batch", "-"], { input: lines });
  };
  await add(node, here);
  await add(router.host, there);
  const peers = numbers.map((number, index) => {
    const spec = { ...PEER, peerAddress: there?.[index], sourceAddress: here?.[index] };
    return metallbManifest("BGPPeer", `many-${number}`, spec);
  });
  herald.write("many.yaml", manifests(...peers));
  await until("all have the route", async () => (await pathsOf(router)) === MANY + 1, { timeoutMs: 40_000 });
  await until("the speaker says so", async () => (await sessionsUp("bgp")) === MANY + 2);
  herald.remove("web.yaml");
  await until("none has it", async () => (await pathsOf(router)) === 0);
  expect(await sessionsUp("bgp")).toBe(MANY + 2);
});
