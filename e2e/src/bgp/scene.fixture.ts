import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createLab, Frr, type Host, type Lab, type LabProcess, until } from "@heraldlb/lab";
import type { Prefix } from "@heraldlb/net";
import type { BgpDesired, BgpPeer, BgpRoute, RouteAttributes } from "@heraldlb/speaker";
import type { DriverReply, DriverRequest, DriverSettings, SessionStatus } from "./driver-protocol.ts";

const DRIVER = fileURLToPath(new URL("./driver.fixture.ts", import.meta.url));

export const SPEAKER_ASN = 64_512;
export const ROUTER_ASN = 64_513;

/** vitest's. */
type Hook = (run: () => Promise<void>) => void;

/** A scene that is there for all tests of a file, and after each of them as it was before. */
export function useScene(
  name: string,
  hooks: { readonly beforeAll: Hook; readonly afterEach: Hook; readonly afterAll: Hook },
): Scene {
  const scene = new Scene();
  hooks.beforeAll(async () => await scene.open(name));
  hooks.afterEach(async () => await scene.clear());
  hooks.afterAll(async () => await scene[Symbol.asyncDispose]());
  return scene;
}

/** Sets a scene up. */
export async function createScene(name: string): Promise<Scene> {
  const scene = new Scene();
  await scene.open(name);
  return scene;
}

/** A node with its BGP sessions, and a host for a router to have them with, wired to the same switch. */
export class Scene implements AsyncDisposable {
  readonly #routers: AsyncDisposable[] = [];
  #lab: Lab | undefined;
  #driver: LabProcess | undefined;
  #count = 0;
  #path = "";

  /** Makes the hosts. */
  async open(name: string): Promise<void> {
    this.#lab = await createLab({ name: `${name}-${process.pid}`, nodes: 1, clients: 1 });
  }

  get lab(): Lab {
    if (!this.#lab) throw new RangeError("the scene is not open");
    return this.#lab;
  }

  /** Where the sessions are. */
  get node(): Host {
    return this.lab.host("node1");
  }

  /** Where the router is. */
  get routerHost(): Host {
    return this.lab.host("client1");
  }

  /** The process that runs the sessions. */
  get driver(): LabProcess {
    if (!this.#driver) throw new RangeError("no driver is running");
    return this.#driver;
  }

  /** Starts the sessions' process; an earlier one must have ended. */
  async start(settings: DriverSettings = {}): Promise<void> {
    const name = `driver${this.#count++}`;
    this.#path = join(this.lab.folder, `${name}.sock`);
    const command = ["--conditions=@heraldlb/source", DRIVER, this.#path, "node1", JSON.stringify(settings)] as const;
    this.#driver = this.node.start([process.execPath, ...command], { name });
    await until("the driver answers", async () => {
      if (this.driver.exit) throw new Error(this.driver.log());
      return await this.ask({ type: "status" });
    });
  }

  /** Ends the sessions' process as it ends by itself. */
  async stop(ending: "restart" | "shutdown", reason = "maintenance"): Promise<void> {
    await this.ask({ type: "close", ending, reason });
    await this.driver.exited;
  }

  /** Starts a router with this BGP configuration. */
  async frr(bgp: string, port?: number): Promise<Frr> {
    return this.keep(await Frr.start(this.routerHost, { bgp, port }));
  }

  /** Remembers to end a router. */
  keep<R extends AsyncDisposable>(router: R): R {
    this.#routers.push(router);
    return router;
  }

  /** Ends the sessions' process and all routers. */
  async clear(): Promise<void> {
    await this.#driver?.[Symbol.asyncDispose]();
    this.#driver = undefined;
    for (const router of this.#routers.splice(0)) await router[Symbol.asyncDispose]();
  }

  /** Tells the sessions' process something. */
  async ask(request: DriverRequest): Promise<DriverReply> {
    const socket = connect(this.#path);
    socket.write(`${JSON.stringify(request)}\n`);
    return JSON.parse(await text(socket)) as DriverReply;
  }

  async replace(desired: BgpDesired): Promise<void> {
    await this.ask({ type: "replace", desired });
  }

  async session(name = "router"): Promise<SessionStatus | undefined> {
    const { sessions } = await this.ask({ type: "status" });
    return sessions.find((session) => session.name === name);
  }

  /** Waits until the session is up and the router has been told everything. */
  async converged(name = "router"): Promise<void> {
    const isConverged = async () => {
      const session = await this.session(name);
      // The trouble is then the cause of the failure.
      if (session?.trouble) throw new Error(session.trouble);
      return session?.isConverged;
    };
    await until(`${name} knows everything`, isConverged, { timeoutMs: 15_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await this.#lab?.[Symbol.asyncDispose]();
  }
}

/** Settings of a peer that differ from the usual ones. */
export type PeerSettings = Partial<BgpPeer>;

/** The router as a peer of the node. */
export function peer(change: PeerSettings): BgpPeer {
  return {
    name: "router",
    port: 179,
    asn: SPEAKER_ASN,
    peerAsn: ROUTER_ASN,
    holdSeconds: 180,
    keepaliveSeconds: 60,
    ...change,
  };
}

/** A route to everybody. */
export const route = (prefix: string, attributes: RouteAttributes = {}): BgpRoute => ({
  id: prefix,
  prefix: prefix as Prefix,
  attributes,
});

/** A route in `show bgp … json`. */
export interface FrrPath {
  readonly path: string;
  readonly locPrf?: number;
  readonly metric?: number;
  readonly nexthops: readonly { readonly ip: string; readonly scope?: string }[];
}

/** The routes of a family that a router has, by prefix, as soon as there are so many. */
export async function routesOf(
  frr: Frr,
  family: "ipv4" | "ipv6",
  count: number,
): Promise<Readonly<Record<string, readonly FrrPath[]>>> {
  return await until(
    `FRR has ${count} routes`,
    async () => {
      const { routes = {} } = (await frr.show(`bgp ${family} unicast`)) as {
        routes?: Record<string, readonly FrrPath[]>;
      };
      return Object.keys(routes).length === count && routes;
    },
    { timeoutMs: 20_000, everyMs: 50 },
  );
}

/** A neighbor in `show bgp neighbors json`, as far as it is looked at. */
export interface FrrNeighbor {
  readonly bgpState: string;
  readonly connectionsEstablished: number;
  readonly connectionsDropped: number;
  readonly lastResetDueTo?: string;
  readonly lastNotificationReason?: string;
  readonly lastShutdownDescription?: string;
  readonly messageStats: { readonly updatesRecv: number };
  readonly gracefulRestartInfo?: { readonly rBit?: boolean };
}

/** The router's view of the session with a neighbor. */
export async function neighborOf(frr: Frr, address: string): Promise<FrrNeighbor> {
  const neighbors = (await frr.show(`bgp neighbors ${address}`)) as Record<string, FrrNeighbor>;
  const found = neighbors[address];
  if (!found) throw new Error(`FRR does not know ${address}`);
  return found;
}

/** FRR's BGP configuration for a node as neighbor. */
export function frrConfig(neighbor: string, lines: readonly string[], families: readonly string[] = ["ipv4"]): string {
  return [
    `router bgp ${ROUTER_ASN}`,
    " bgp router-id 10.64.0.51",
    " no bgp ebgp-requires-policy",
    " no bgp default ipv4-unicast",
    " no bgp network import-check",
    " timers bgp 60 180",
    ...lines.map((line) => ` ${line}`),
    ...families.flatMap((family) => [
      ` address-family ${family} unicast`,
      `  neighbor ${neighbor} activate`,
      " exit-address-family",
    ]),
  ].join("\n");
}
