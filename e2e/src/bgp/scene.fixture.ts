import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { createLab, Frr, type Host, type Lab, type LabProcess, until } from "@heraldlb/lab";
import type { Ip, Prefix } from "@heraldlb/net";
import type { BgpDesired, BgpPeer, BgpRoute, RouteAttributes } from "@heraldlb/speaker";
import type { DriverReply, DriverRequest, DriverSettings, SessionStatus } from "./driver-protocol.ts";

const DRIVER = fileURLToPath(new URL("./driver.fixture.ts", import.meta.url));

export const SPEAKER_ASN = 64_512;
export const ROUTER_ASN = 64_513;

/** A node and a host for a router, wired to the same switch. */
export async function createScene(name: string): Promise<Scene> {
  const lab = await createLab({ name, nodes: 1, clients: 1 });
  return new Scene(lab, lab.host("node1"), lab.host("client1"));
}

/** The BGP sessions of a node, and a router to have them with. */
export class Scene implements AsyncDisposable {
  readonly lab: Lab;
  readonly node: Host;
  readonly routerHost: Host;
  #driver: LabProcess | undefined;
  #count = 0;
  #path = "";

  constructor(lab: Lab, node: Host, routerHost: Host) {
    this.lab = lab;
    this.node = node;
    this.routerHost = routerHost;
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
  async frr(bgp: string): Promise<Frr> {
    return await Frr.start(this.routerHost, { bgp });
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
    await until(`${name} knows everything`, async () => (await this.session(name))?.isConverged, { timeoutMs: 15_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** The router as a peer of the node. */
export function peer(change: Partial<BgpPeer> & { readonly address: Ip }): BgpPeer {
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

/** The routes of a family that a router has, by prefix. */
export async function routesOf(
  frr: Frr,
  family: "ipv4" | "ipv6",
): Promise<Readonly<Record<string, readonly FrrPath[]>>> {
  const { routes } = (await frr.show(`bgp ${family} unicast`)) as { routes?: Record<string, readonly FrrPath[]> };
  return routes ?? {};
}
