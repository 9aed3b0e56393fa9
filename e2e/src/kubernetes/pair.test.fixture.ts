import type { AuditedRequest, Cluster } from "@heraldlb/cluster";
import { type Deployment, type Host, type LabProcess, type Observation, observe, pass, until } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { expect } from "vitest";
import { type AddressWatch, watchAddresses } from "./address-watch.fixture.ts";
import { metallb, NAMESPACE, pods, type Scene, service, setScene } from "./scene.fixture.ts";

/** One of two controllers. To the API server it is the user that is named as its host. */
export interface Replica {
  readonly host: Host;
  readonly herald: Deployment;
}

/** Two controllers on a cluster of three nodes, with a Service that a client uses all the time. */
export interface Pair extends Scene {
  readonly replicas: readonly [Replica, Replica];
  /** Addresses of Service `web`. */
  readonly web: readonly Ip[];
}

/** Far more than one controller can give while a test looks on. */
const LARGE_POOL = metallb("IPAddressPool", "lab", {
  addresses: ["10.64.8.0-10.64.15.255", "fd64::8:0-fd64::8:ffff"],
});
const PORTS = [
  { name: "http", port: 80, targetPort: 8080, protocol: "TCP" },
  { name: "probe", port: 80, targetPort: 8080, protocol: "UDP" },
];
const WRITES = ["create", "update", "patch", "delete", "deletecollection"];
const SLOW = { timeoutMs: 60_000, everyMs: 10 };

/** Sets the scene and starts everything. */
export async function setPair(name: string): Promise<Pair> {
  const scene = await setScene(
    { name, nodes: 3, clients: 2, controllers: 2, audit: true },
    { objects: [LARGE_POOL, metallb("L2Advertisement", "lab", {})] },
  );
  try {
    const { cluster } = scene;
    const replicas = (await Promise.all(
      cluster.lab.controllers.map(async (host) => {
        const identity = { user: host.name, groups: ["system:masters"] };
        // Without processor time for a heartbeat an address moves; that is not what is looked at here.
        return { host, herald: await cluster.herald({ identity, namespace: NAMESPACE, nice: -10 }) };
      }),
    )) as [Replica, Replica];
    await pods(cluster, "web", ["node1", "node2", "node3"]);
    await cluster.apply([service("web", { ports: PORTS })]);
    await Promise.all(replicas.map(start));
    for (const node of cluster.lab.nodes) replicas[0].herald.startSpeaker(node);
    return { ...scene, replicas, web: await scene.given("web", 2, SLOW) };
  } catch (error) {
    process.stderr.write(scene.cluster.lab.logs().slice(-30_000));
    await scene[Symbol.asyncDispose]();
    throw error;
  }
}

/** Starts a controller, and waits until it is ready. */
export async function start({ herald, host }: Replica): Promise<void> {
  // Eleven kinds are read, of an API server that has as little time as everybody.
  await herald.startController({ host, timeoutMs: 60_000 });
}

/** Makes networks and processes whole again, whatever a test that failed has left. */
export async function mend({ cluster, replicas }: Pair): Promise<void> {
  await cluster.lab.setFaults([]);
  for (const replica of replicas) {
    processOf(replica).kill("SIGCONT");
    if (processOf(replica).exit) await start(replica);
  }
}

/** The process of a controller. */
export const processOf = ({ herald, host }: Replica): LabProcess => herald.controller(host);

/** A number that a controller shows. A busy one may answer late. */
export async function metric({ herald, host }: Replica, name: string): Promise<number> {
  const pattern = new RegExp(`^${name} (\\S+)$`, "m");
  const look = async () => pattern.exec(await herald.metrics(host))?.[1];
  return Number(await until(`${host.name} showed ${name}`, look, { timeoutMs: 20_000, everyMs: 100 }));
}

/** Which of the two leads, once one does and the other knows everything that it needs to lead. */
export async function leaderOf({ replicas }: Pair): Promise<{ readonly leader: Replica; readonly other: Replica }> {
  return await until(
    "one controller led, and the other was warm",
    async () => {
      const [first, second] = replicas;
      const roles = await Promise.all(replicas.map((replica) => metric(replica, "herald_leader_bool")));
      const [leader, other] = roles[0] === 1 ? [first, second] : [second, first];
      const isOne = roles.includes(1) && roles.includes(0);
      return isOne && (await isWarm(leader)) && (await isWarm(other)) && { leader, other };
    },
    { timeoutMs: 60_000, everyMs: 100 },
  );
}

const isWarm = async (replica: Replica): Promise<boolean> =>
  (await metric(replica, "metallb_k8s_client_config_loaded_bool")) === 1 &&
  (await metric(replica, "herald_speakers_connected")) === 3;

/** How often the controller has logged a message. */
export const countLogged = (replica: Replica, message: string): number =>
  processOf(replica).log().split(`"message":"${message}"`).length - 1;

/** Does something, and waits until the controller logs the message after that, in milliseconds. */
export async function logsAfter(replica: Replica, message: string, act: () => Promise<void> | void): Promise<number> {
  const before = countLogged(replica, message);
  const since = performance.now();
  await act();
  await until(`${replica.host.name} logged ${message}`, () => countLogged(replica, message) > before, {
    timeoutMs: 90_000,
    everyMs: 10,
  });
  return performance.now() - since;
}

/** Does something that lets a controller lead that does not yet, in milliseconds. */
export async function takesOver(replica: Replica, act: () => Promise<void> | void): Promise<number> {
  return await logsAfter(replica, "leading", act);
}

/** What the controller asked of the API server since a time of day, but for its candidacy. */
export function requestsOf({ cluster }: Pair, { host }: Replica, since: number): AuditedRequest[] {
  return cluster
    .audit()
    .filter(({ user, resource, from }) => user === host.name && resource !== "leases" && from >= since);
}

/** What the controller has written since a time of day. Events are left out: they tell of what was done before. */
export function writesOf(pair: Pair, replica: Replica, since: number): string[] {
  return requestsOf(pair, replica, since)
    .filter(({ verb, resource, status }) => WRITES.includes(verb) && resource !== "events" && status < 300)
    .map(({ verb, resource, name, from }) => `${verb} ${resource} ${name} +${from - since}`);
}

/** Does something, during which a client, a bystander and the API's watchers must see nothing of it. */
export async function undisturbed(
  { cluster, web }: Pair,
  act: (watch: AddressWatch) => Promise<void>,
): Promise<Observation> {
  const [client, witness] = cluster.lab.clients as [Host, Host];
  await using addresses = await watchAddresses(cluster);
  await using observation = await observe(cluster.lab, { client, witness, addresses: web });
  await act(addresses);
  await observation.end();
  expect(addresses.doubles).toEqual([]);
  expect(addresses.changes).toEqual([]);
  for (const address of web) {
    const { lost, longestOutageMs } = observation.summary(address);
    expect({ address, lost, longestOutageMs }).toEqual({ address, lost: 0, longestOutageMs: 0 });
    const { order, doubleMs } = observation.answers(address);
    expect({ address, doubleMs, nodes: order.length }).toEqual({ address, doubleMs: 0, nodes: 1 });
  }
  return observation;
}

/** Creates Services and deletes some of them, one after the other, until it is told to stop; then all have addresses. */
export class Churn implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #prefix: string;
  readonly #living = new Set<string>();
  readonly #working: Promise<void>;
  #count = 0;
  #isStopped = false;

  constructor(cluster: Cluster, prefix: string) {
    this.#cluster = cluster;
    this.#prefix = prefix;
    this.#working = this.#work();
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#working;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Ends it, waits until every Service that is left has an address, and deletes them. */
  async settle(watch: AddressWatch): Promise<void> {
    await this.stop();
    await until("every Service had an address", () => [...this.#living].every((name) => watch.shown.has(name)), SLOW);
    for (const name of this.#living) await this.#delete(name);
  }

  async #work(): Promise<void> {
    while (!this.#isStopped) {
      const name = `${this.#prefix}-${this.#count++}`;
      const body = service(name, { ipFamilyPolicy: "SingleStack", selector: undefined });
      await this.#cluster.request("POST", "/api/v1/namespaces/default/services", { body });
      this.#living.add(name);
      const [oldest = ""] = this.#living;
      if (this.#count % 3 === 0) await this.#delete(oldest);
      await pass(EVERY_MS);
    }
  }

  async #delete(name: string): Promise<void> {
    this.#living.delete(name);
    await this.#cluster.request("DELETE", `/api/v1/namespaces/default/services/${name}`);
  }
}

const EVERY_MS = 15;
