import { execPath } from "node:process";
import { fileURLToPath } from "node:url";
import { Bird, createLab, Frr, type Host, type Lab, type LabProcess, until } from "@heraldlb/lab";
import type { Result } from "./result.ts";

/** How many routes to measure with. */
export interface BgpRoutesOptions {
  readonly counts: readonly number[];
}

/** What the script says. */
interface Sent {
  readonly began: number;
  readonly ended: number;
  readonly updates: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** A router that can be asked how many routes it has. */
interface Router extends AsyncDisposable {
  readonly name: string;
  count(): Promise<number>;
}

const SPEAKER_ASN = 64_512;
const ROUTER_ASN = 64_513;
const LIMIT_MS = 120_000;
const READ_EVERY_MS = 50;
const BESIDE = "MetalLB 0.16: 1,020 routes in 1.43 s, with 1,020 UPDATEs";

/** Many routes at once, to FRR and to BIRD: until all are sent, and until the router has them. */
export async function bgpRoutes({ counts }: BgpRoutesOptions): Promise<Result[]> {
  const results: Result[] = [];
  for (const start of [frr, bird]) {
    for (const count of counts) results.push(...(await measure(start, count)));
  }
  return results;
}

async function measure(start: typeof frr, count: number): Promise<Result[]> {
  await using lab = await createLab({ name: "bench-routes", nodes: 1, clients: 1 });
  const [node] = lab.nodes;
  if (!node) throw new RangeError("the lab has no node");
  const host = lab.host("client1");
  await using router = await start(lab, host, node);
  const script = fileURLToPath(new URL("./bgp-routes-script.ts", import.meta.url));
  await using process = node.start(
    [execPath, "--conditions=@heraldlb/source", script, node.ipv4, host.ipv4, `${count}`],
    { name: "routes" },
  );
  const has = await until(`${router.name} had all`, async () => (await router.count()) === count && Date.now(), {
    timeoutMs: LIMIT_MS,
    everyMs: READ_EVERY_MS,
  });
  const told = await until("the script had told all", () => said(process));
  const name = `${count} routes to ${router.name}`;
  const cost = `${told.updates} UPDATEs, ${Math.round(told.cpuMs)} ms of processor time, ${Math.round(told.rssMb)} MB`;
  return [
    { suite: "bgp-routes", name: `${name}: all sent`, value: told.ended - told.began, unit: "ms", beside: cost },
    { suite: "bgp-routes", name: `${name}: all in its table`, value: has - told.began, unit: "ms", beside: BESIDE },
  ];
}

function said(process: LabProcess): Sent | undefined {
  const line = /^\{"began".*\}$/m.exec(process.log())?.[0];
  return line === undefined ? undefined : (JSON.parse(line) as Sent);
}

async function frr(_lab: Lab, host: Host, node: Host): Promise<Router> {
  const bgp = `router bgp ${ROUTER_ASN}\nno bgp ebgp-requires-policy\nneighbor ${node.ipv4} remote-as ${SPEAKER_ASN}`;
  const router = await Frr.start(host, { bgp });
  return {
    name: "FRR",
    async count() {
      const summary = (await router.show("bgp ipv4 unicast summary")) as {
        readonly peers?: Readonly<Record<string, { readonly pfxRcd?: number }>>;
      };
      return summary.peers?.[node.ipv4]?.pfxRcd ?? 0;
    },
    [Symbol.asyncDispose]: () => router[Symbol.asyncDispose](),
  };
}

async function bird(lab: Lab, host: Host, node: Host): Promise<Router> {
  const config = `router id 192.0.2.254;
protocol device {}
protocol bgp node {
  local ${host.ipv4} as ${ROUTER_ASN};
  neighbor ${node.ipv4} as ${SPEAKER_ASN};
  ipv4 { import all; export none; };
}
`;
  const router = await Bird.start(host, { folder: lab.folder, config });
  return {
    name: "BIRD",
    async count() {
      const said = await router.ask("show route count");
      return Number(/^(?:\d+-)?\s*(\d+) of/m.exec(said)?.[1] ?? 0);
    },
    [Symbol.asyncDispose]: () => router[Symbol.asyncDispose](),
  };
}
