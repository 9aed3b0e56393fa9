// What speakers report to a controller that does not lead: who answers, and which routers hear.
import { fileURLToPath } from "node:url";
import { Frr, type Host, type LabProcess, manifests, STREAM_PORT, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { metallbManifest, ROUTER_ASN, SPEAKER_ASN } from "../bgp/cluster.fixture.ts";
import { owner, printLogs, type Site, setUp, startHerald, writeService } from "../site.fixture.ts";
import type { Heard } from "./heard.ts";

const STANDBY = fileURLToPath(new URL("./standby.fixture.ts", import.meta.url));

let site: Site;
let frr: Frr;
let standby: LabProcess;
let web: readonly [Ip, Ip];

beforeAll(async () => {
  site = await setUp("reports", { nodes: 3, controllers: 2, routers: 1 });
  const { lab, herald } = site;
  const [, host] = lab.controllers as [Host, Host];
  const [router] = lab.routers as [Host];
  const command = ["--conditions=@heraldlb/source", STANDBY, host.ipv4, `${STREAM_PORT}`] as const;
  // It counts among what is tested: beside busy processes it would begin, and answer speakers, too late.
  standby = host.start(["nice", "-n", "-10", process.execPath, ...command], { name: "standby" });
  frr = await startRouter(router);
  const peer = { myASN: SPEAKER_ASN, peerASN: ROUTER_ASN, peerAddress: router.ipv4 };
  herald.write(
    "bgp.yaml",
    manifests(metallbManifest("BGPPeer", "router", peer), metallbManifest("BGPAdvertisement", "main", {})),
  );
  writeService(site, { name: "web" });
  await standby.logged(/^listening$/m);
  await startHerald(site);
  web = (await herald.given("web", 2)) as [Ip, Ip];
  await owner(site, web[0]);
}, 120_000);

afterAll(async () => {
  await frr?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

beforeEach(({ onTestFailed }) => {
  onTestFailed(() => printLogs(site));
});

async function startRouter(host: Host): Promise<Frr> {
  const neighbors = site.lab.nodes.map(({ ipv4 }) => `neighbor ${ipv4} remote-as ${SPEAKER_ASN}`);
  const lines = ["bgp router-id 192.0.2.254", "no bgp ebgp-requires-policy", ...neighbors];
  return await Frr.start(host, { bgp: [`router bgp ${ROUTER_ASN}`, ...lines].join("\n") });
}

/** What the standby knows by now. */
function known(): Heard {
  const lines = standby
    .log()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  const heard = lines.map((line) => JSON.parse(line) as Heard);
  return {
    groups: Object.assign({}, ...heard.map(({ groups }) => groups)),
    routes: Object.assign({}, ...heard.map(({ routes }) => routes)),
    sessions: heard.at(-1)?.sessions ?? [],
  };
}

/** Waits until the standby knows exactly this. */
async function knows<T>(what: string, look: () => T, expected: T): Promise<void> {
  let seen: T | undefined;
  const isSo = () => {
    seen = look();
    return JSON.stringify(seen) === JSON.stringify(expected);
  };
  await until(`the standby knew ${what}`, isSo, { timeoutMs: 20_000 }).catch(() => expect(seen).toEqual(expected));
}

/**
 * Waits until the standby knows of whoever answers on the wire, and of nobody else; it is not `former`. On a busy machine
 * an address may move once more, for what has not run for long enough is taken for dead.
 */
async function knowsOwner({ former }: { readonly former?: Host } = {}): Promise<void> {
  await until("the standby knew who answers", async () => {
    const { name } = await owner(site, web[0]);
    expect(known().groups[web[0]]).toEqual([{ node: name, interfaces: ["lan0"] }]);
    return name !== former?.name;
  });
}

const heard = () => (known().routes[`${web[0]}/32`] ?? []).toSorted((a, b) => (a.node < b.node ? -1 : 1));
const hearing = () => heard().map(({ node }) => node);
const sessions = () =>
  known()
    .sessions.map(({ node, peer, state }) => `${node} ${peer} ${state}`)
    .toSorted();

test("who answers for a Service, and on which interface", async () => {
  await knowsOwner();
});

test("which routers hear of a Service's route, from every node", async () => {
  const names = site.lab.nodes.map(({ name }) => name);
  await knows(
    "who is heard",
    heard,
    names.map((node) => ({ node, peers: ["router"] })),
  );
  await knows(
    "the sessions",
    sessions,
    names.map((name) => `${name} router established`),
  );
});

test("the leader knows it, too", async () => {
  const [leader] = site.lab.controllers as [Host, Host];
  await until("the leader knew it", async () => {
    const metrics = await site.herald.metrics(leader);
    expect(metrics).toMatch(/^herald_groups_answered 1$/m);
    expect(metrics).toMatch(/^herald_routes_heard 1$/m);
    expect(metrics).toMatch(/^herald_bgp_sessions\{state="established"\} 3$/m);
    return true;
  });
});

test("the owner is killed: the next one answers, and nothing is known of the dead one", async () => {
  const before = await owner(site, web[0]);
  site.herald.speaker(before).kill("SIGKILL");
  await site.herald.speaker(before).exited;
  await knowsOwner({ former: before });
  const others = site.lab.nodes.flatMap(({ name }) => (name === before.name ? [] : name));
  await knows("who is still heard", hearing, others);
  site.herald.startSpeaker(before);
  await site.herald.ready(before, site.herald.speaker(before));
  await knows(
    "that it is back",
    hearing,
    site.lab.nodes.map(({ name }) => name),
  );
  await knowsOwner();
});

test("the interface of the owner loses its carrier: the next one answers, and it is silent", async () => {
  const before = await owner(site, web[0]);
  await site.lab.setPort(before, "lan", "down");
  await knowsOwner({ former: before });
  await site.lab.setPort(before, "lan", "up");
});

test("the router is stopped: nobody hears, with the reason; it comes back, and hears", async () => {
  const names = site.lab.nodes.map(({ name }) => name);
  await knows("who is heard", hearing, names);
  await frr[Symbol.asyncDispose]();
  await knows("that no router hears", hearing, []);
  await knows(
    "that the sessions are down",
    sessions,
    names.map((name) => `${name} router down`),
  );
  await knows("why", () => known().sessions.filter(({ reason }) => reason === ""), []);
  const [router] = site.lab.routers as [Host];
  frr = await startRouter(router);
  await knows("who is heard again", hearing, names);
  await knows(
    "the sessions",
    sessions,
    names.map((name) => `${name} router established`),
  );
});

test("a router that is not configured any more has no session", async () => {
  site.herald.remove("bgp.yaml");
  await knows("that there is none", sessions, []);
  await knows("that nobody hears", hearing, []);
});
