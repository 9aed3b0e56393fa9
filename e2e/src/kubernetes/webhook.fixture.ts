import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseManifests, renderChart } from "@heraldlb/chart";
import { type Cluster, MERGE_PATCH } from "@heraldlb/cluster";
import { CommandError, type LabProcess, until } from "@heraldlb/lab";
import { metallb, NAMESPACE, printLogs, type Scene, setScene } from "./scene.fixture.ts";

const PORT = 9443;
const SERVICE = "herald-webhook";
const CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bgppeers.metallb.io";

/** The API server's path of the configuration that names the webhook. */
export const WEBHOOKS: string = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${SERVICE}`;
/** The API server's path of the authority. */
export const AUTHORITY: string = `/api/v1/namespaces/${NAMESPACE}/secrets/herald-ca`;

/** An object of the API server. */
interface Found {
  readonly metadata: object;
  readonly spec?: unknown;
  readonly data?: unknown;
  readonly webhooks?: readonly { readonly clientConfig: { readonly caBundle?: string } }[];
}

/** What became of a command. */
export interface Outcome {
  readonly allowed: boolean;
  /** What kubectl said. */
  readonly message: string;
}

/** A pool of these addresses. */
export const pool = (name: string, addresses: readonly string[]): unknown =>
  metallb("IPAddressPool", name, { addresses });

/** A BGP peer, with more than its address perhaps. */
export const peer = (name: string, peerAddress: string, spec: object = {}): unknown =>
  metallb("BGPPeer", name, { myASN: 64500, peerASN: 64501, peerAddress, ...spec });

/** A cluster with the chart's webhook, served by a controller with an authority of its own. */
export class WebhookSite implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #scene: Scene;
  #controller: LabProcess | undefined;

  private constructor(scene: Scene) {
    this.cluster = scene.cluster;
    this.#scene = scene;
  }

  /** Sets the cluster up, and waits until the webhook is asked and knows what is there. */
  static async create(name: string): Promise<WebhookSite> {
    const site = new WebhookSite(await setScene({ name: `${name}-${process.pid}`, nodes: 2 }, { objects: [] }));
    try {
      await site.#install();
      await site.start();
      await until("the webhook was trusted", () => site.isTrusted());
      await until("an object was admitted", async () => (await site.apply(pool("first", ["10.9.9.0/24"]))).allowed);
      // The API server reads a kind again whose definition has changed, and watches of it with it.
      const rivals = [peer("first", "10.0.0.1"), peer("second", "10.0.0.1")] as const;
      await until("peers were followed", async () => !(await site.createAfter([rivals[0]], rivals[1])).allowed);
      return site;
    } catch (error) {
      site.printLogs();
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the controller. */
  async start(): Promise<void> {
    const { host } = this.cluster;
    const tls = ["--tls-secret", "herald-ca", "--tls-name", host.ipv4];
    const args = [...tls, "--webhook-listen", `${host.ipv4}:${PORT}`];
    this.#controller = await this.#scene.herald.startController({ host, args });
  }

  /** Ends the controller. */
  async stop(): Promise<void> {
    await this.#controller?.stop();
  }

  /** Whether every client has some bundle. */
  async isTrusted(): Promise<boolean> {
    const clients = JSON.stringify(await Promise.all([this.get(WEBHOOKS), this.get(CRD)]));
    return clients.match(/"caBundle":"[^"]+"/g)?.length === 7;
  }

  /** Who signed the certificate that the webhook shows. */
  async issuer(): Promise<string> {
    const { host } = this.cluster;
    const connection = await host.exec(["openssl", "s_client", "-connect", `${host.ipv4}:${PORT}`], { input: "" });
    return connection.split("\n").find((line) => line.startsWith("issuer=")) ?? "";
  }

  /** An authority `herald-ca e2e`, made by somebody else's tools. In base64. */
  async newAuthority(): Promise<{ readonly cert: string; readonly key: string }> {
    const { host, lab } = this.cluster;
    const [cert, key] = [join(lab.folder, "next.crt"), join(lab.folder, "next.key")];
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    const validity = ["-days", "365", "-subj", "/CN=herald-ca e2e"];
    await host.exec(["openssl", "req", "-x509", ...curve, ...validity, "-out", cert, "-keyout", key]);
    return { cert: btoa(readFileSync(cert, "utf8")), key: btoa(readFileSync(key, "utf8")) };
  }

  /** Runs kubectl, which may be denied what it asks for. */
  async kubectl(args: readonly string[], object?: unknown): Promise<Outcome> {
    try {
      const input = object === undefined ? undefined : JSON.stringify(object);
      return { allowed: true, message: await this.cluster.kubectl(args, { input }) };
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return { allowed: false, message: error.message };
    }
  }

  /** Makes an object be as it is given. */
  apply(object: unknown): Promise<Outcome> {
    return this.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], object);
  }

  /** Creates an object. */
  create(object: unknown): Promise<Outcome> {
    return this.kubectl(["create", "-f", "-"], object);
  }

  /** Creates an object beside others; then all of them are taken away again. */
  async createAfter(present: readonly unknown[], object: unknown): Promise<Outcome> {
    try {
      for (const each of present) {
        const { allowed, message } = await this.create(each);
        if (!allowed) throw new Error(message);
      }
      return await this.create(object);
    } finally {
      for (const each of [object, ...present].toReversed()) {
        await this.cluster.kubectl(["delete", "--ignore-not-found", "-f", "-"], { input: JSON.stringify(each) });
      }
    }
  }

  /** An object as the API server has it. */
  async get(path: string): Promise<Found> {
    return (await this.cluster.request("GET", path)) as Found;
  }

  /** What the controller counts. */
  async metrics(): Promise<string> {
    return await this.#scene.herald.metrics(this.cluster.host);
  }

  /** What the processes have logged, for a test that has failed. */
  printLogs(): void {
    printLogs(this.#scene);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scene[Symbol.asyncDispose]();
  }

  async #install(): Promise<void> {
    const { cluster } = this;
    const rendered = parseManifests(await renderChart({ namespace: NAMESPACE }));
    await cluster.apply(rendered.filter(({ kind, metadata }) => kind !== "Deployment" && metadata.name === SERVICE));
    await cluster.apply([
      {
        ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
        metadata: { name: SERVICE, namespace: NAMESPACE, labels: { "kubernetes.io/service-name": SERVICE } },
        endpoints: [{ addresses: [cluster.host.ipv4], conditions: { ready: true } }],
        ports: [{ name: "webhook", port: PORT, protocol: "TCP" }],
      },
    ]);
    const clientConfig = { service: { name: SERVICE, namespace: NAMESPACE, path: "/convert" } };
    const webhook = { clientConfig, conversionReviewVersions: ["v1"] };
    const body = { spec: { conversion: { strategy: "Webhook", webhook } } };
    await cluster.request("PATCH", CRD, { contentType: MERGE_PATCH, body });
  }
}
