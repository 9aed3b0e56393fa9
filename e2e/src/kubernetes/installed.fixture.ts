// Herald as its chart installs it, in a cluster with a router, a client behind it and one beside the nodes.
import { readFileSync } from "node:fs";
import {
  type Cluster,
  createCluster,
  HERALD_NAMESPACE,
  type InstalledHerald,
  installHerald,
  type PodRunner,
} from "@heraldlb/cluster";
import { type Host, type LabRouter, startRouter, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { pods } from "./scene.fixture.ts";

/** For machines with much to do. */
export const PATIENCE = { timeoutMs: 60_000, everyMs: 100 } as const;
/** The pool of addresses that are announced to the router. */
export const ROUTED = "routed";

/** Everything there is. */
export interface InstalledScene extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly installed: InstalledHerald;
  readonly router: LabRouter;
  /** Reaches Services' addresses through the router. */
  readonly routedClient: Host;
  /** Resolves Services' addresses by ARP and NDP. */
  readonly client: Host;
}

/** An object of Herald's. */
export const herald = (kind: string, name: string, spec: object, version = "v1beta1"): unknown => ({
  apiVersion: `metallb.io/${version}`,
  kind,
  metadata: { name, namespace: HERALD_NAMESPACE },
  spec,
});

const OBJECTS = [
  herald("IPAddressPool", "lab", { addresses: ["10.64.1.10-10.64.1.99", "fd64::1:10-fd64::1:99"] }),
  herald("IPAddressPool", ROUTED, {
    ...{ addresses: ["10.64.2.10-10.64.2.99", "fd64::1:210-fd64::1:299"], autoAssign: false },
  }),
  herald("L2Advertisement", "lab", { ipAddressPools: ["lab"] }),
];

/** Ports of a Service that answers by HTTP, and to probes. */
export const PORTS: object = {
  ports: ["TCP", "UDP"].map((protocol) => ({ name: protocol.toLowerCase(), port: 80, targetPort: 8080, protocol })),
};

/** Makes a client of a lab with a router resolve Services' addresses by itself. */
async function withoutRouter(host: Host): Promise<void> {
  for (const family of ["-4", "-6"]) {
    const routes = await host.exec(["ip", family, "route", "show"]);
    for (const [, prefix = ""] of routes.matchAll(/^(\S+) via/gm)) {
      await host.exec(["ip", family, "route", "del", prefix]);
    }
  }
}

/** A Service's addresses, once it has that many. */
export const given = (cluster: Cluster, name: string, count: number): Promise<Ip[]> =>
  until(
    `Service ${name} had ${count} addresses`,
    async () => {
      const addresses = await cluster.addresses(name);
      return addresses.length === count && addresses;
    },
    PATIENCE,
  );

/** Waits until a host is answered by a pod at an address. */
export const answered = (host: Host, address: Ip): Promise<boolean> =>
  until(
    `${host.name} was answered at ${address}`,
    async () => /^web-\d$/.test((await host.curl(address)) ?? ""),
    PATIENCE,
  );

/** Sets it all up, with pods `app: web` on two of three nodes. */
export async function setInstalledScene(name: string): Promise<InstalledScene> {
  const shape = { name, nodes: 3, clients: 2, controllers: 2, routers: 1 } as const;
  const cluster = await createCluster({ ...shape, workloads: "pods", audit: true });
  try {
    const { lab } = cluster;
    const [routedClient, client] = lab.clients as [Host, Host];
    await withoutRouter(client);
    const router = await startRouter(lab, lab.host("router1"), "frr");
    const installed = await installHerald(cluster);
    await pods(cluster, "web", ["node1", "node2"]);
    // The first object is taken once the webhook can be asked.
    await until("the pools were taken", () => cluster.apply(OBJECTS).then(() => true), PATIENCE);
    const end = async () => {
      await installed[Symbol.asyncDispose]();
      await cluster[Symbol.asyncDispose]();
    };
    return { cluster, installed, router, routedClient, client, [Symbol.asyncDispose]: end };
  } catch (error) {
    process.stderr.write(cluster.lab.logs().slice(-40_000));
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

/** The speaker on a node. */
export async function speakerOn(installed: InstalledHerald, node: string): Promise<PodRunner> {
  return await until(
    `${node} had a speaker`,
    () => installed.speakers.find(({ host }) => host.name === node),
    PATIENCE,
  );
}

/** Asks a controller or a speaker for its metrics, with a token of a ServiceAccount or without one. */
export async function scrape(
  cluster: Cluster,
  host: Host,
  serviceAccount: string | undefined,
): Promise<{ readonly code: string; readonly text: string }> {
  const token = serviceAccount && (await cluster.token({ namespace: HERALD_NAMESPACE, serviceAccount }));
  const header = token ? ["-H", `Authorization: Bearer ${token}`] : [];
  const curl = ["curl", "-sk", "-w", "\n%{http_code}", ...header, "https://127.0.0.1:9120/metrics"] as const;
  const { stdout } = await host.attempt([...curl]);
  const at = stdout.lastIndexOf("\n");
  return { code: stdout.slice(at + 1), text: stdout.slice(0, at) };
}

/** What a counter stands at, its labels included in its name. Needs the ServiceAccount `scraper`. */
export async function counterOf(cluster: Cluster, host: Host, counter: string): Promise<number> {
  const { text } = await scrape(cluster, host, "scraper");
  const line = text.split("\n").find((each) => each.startsWith(`${counter} `));
  return Number(line?.split(" ")[1] ?? 0);
}

/** What the kernel says of a process: the user, and sets of capabilities in hexadecimal. */
export function statusOf(pid: number): Readonly<Record<string, string>> {
  const fields = readFileSync(`/proc/${pid}/status`, "utf8").matchAll(
    /^(Uid|CapPrm|CapBnd|CapAmb|NoNewPrivs):\t0*([0-9a-f]+)/gm,
  );
  return Object.fromEntries(Array.from(fields, ([, name, value]) => [name, value]));
}
