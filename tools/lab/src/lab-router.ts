import type { Host } from "./host.ts";
import type { Lab } from "./lab.ts";
import { Frr } from "./router.ts";
import { Bird } from "./router-bird.ts";
import { type RouterKind, routerConfig } from "./router-config.ts";
import { GoBgp } from "./router-gobgp.ts";

/** The nodes, sorted, whose routes a router has for each prefix. */
export type RoutesByPrefix = ReadonlyMap<string, readonly string[]>;

/** A lab's router, with sessions to all nodes. Disposing of it kills its processes. */
export interface LabRouter extends AsyncDisposable {
  readonly host: Host;
  /** What to run in its host to look at its sessions. */
  readonly look: string;
  routes(): Promise<RoutesByPrefix>;
}

/** Starts a router on a host of a lab that was made for one ({@link LabShape.routers}). */
export async function startRouter(lab: Lab, host: Host, kind: RouterKind): Promise<LabRouter> {
  const config = routerConfig(kind, host.ipv4, lab.nodes);
  const named = (routes: readonly PeerRoute[]): RoutesByPrefix => byPrefix(lab.nodes, routes);
  switch (kind) {
    case "frr": {
      const frr = await Frr.start(host, { bgp: config, bfd: "" });
      const look = `vtysh --vty_socket ${frr.folder} -c 'show bgp summary'`;
      return router(frr, { look, routes: async () => named(await frrRoutes(frr)) });
    }
    case "bird": {
      const bird = await Bird.start(host, { folder: lab.folder, config });
      const look = `birdc -s ${bird.control} show protocols`;
      return router(bird, { look, routes: async () => named(await birdRoutes(bird)) });
    }
    case "gobgp": {
      const gobgp = await GoBgp.start(host, { folder: lab.folder, config });
      return router(gobgp, { look: "gobgp neighbor", routes: async () => named(await goBgpRoutes(gobgp)) });
    }
  }
}

interface PeerRoute {
  readonly prefix: string;
  /** Address, or its node's name. */
  readonly peer: string;
}

function router(
  daemon: AsyncDisposable & { readonly host: Host },
  rest: Pick<LabRouter, "look" | "routes">,
): LabRouter {
  return { host: daemon.host, ...rest, [Symbol.asyncDispose]: async () => await daemon[Symbol.asyncDispose]() };
}

function byPrefix(nodes: readonly Host[], routes: readonly PeerRoute[]): RoutesByPrefix {
  const nameOf = (peer: string): string =>
    nodes.find(({ name, ipv4, ipv6 }) => [name, ipv4, ipv6].includes(peer))?.name ?? peer;
  const groups = Map.groupBy(routes, ({ prefix }) => prefix);
  return new Map(
    groups.entries().map(([prefix, its]) => [prefix, [...new Set(its.map(({ peer }) => nameOf(peer)))].toSorted()]),
  );
}

async function frrRoutes(frr: Frr): Promise<readonly PeerRoute[]> {
  const tables = await Promise.all(["ipv4", "ipv6"].map((family) => frr.show(`bgp ${family} unicast`)));
  return (tables as readonly FrrTable[]).flatMap(({ routes }) =>
    Object.entries(routes).flatMap(([prefix, paths]) => paths.map(({ peerId }) => ({ prefix, peer: peerId }))),
  );
}

interface FrrTable {
  readonly routes: Readonly<Record<string, readonly { readonly peerId: string }[]>>;
}

/** A line is a route, of the prefix at its beginning or, without one, of that of the line before. */
async function birdRoutes(bird: Bird): Promise<readonly PeerRoute[]> {
  let prefix = "";
  return (await bird.ask("show route")).split("\n").flatMap((line) => {
    const [, its = "", peer = ""] = /^(\S*)\s+unicast \[(\w+)_v[46] /.exec(line) ?? [];
    prefix = its || prefix;
    return peer ? [{ prefix, peer }] : [];
  });
}

async function goBgpRoutes(gobgp: GoBgp): Promise<readonly PeerRoute[]> {
  const tables = await Promise.all(["ipv4", "ipv6"].map((family) => gobgp.ask(`global rib -a ${family}`)));
  return (tables as readonly GoBgpTable[]).flatMap((table) =>
    Object.entries(table).flatMap(([prefix, paths]) => paths.map((path) => ({ prefix, peer: path["neighbor-ip"] }))),
  );
}

type GoBgpTable = Readonly<Record<string, readonly { readonly "neighbor-ip": string }[]>>;
