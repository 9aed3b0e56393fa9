import { renameSync, writeFileSync } from "node:fs";
import type { Kube } from "@heraldlb/kube";
import { backendListens, Deployment, type Host, type Lab, type LabProcess, startBackend, until } from "@heraldlb/lab";
import { type Ip, parseIp } from "@heraldlb/net";
import type { AuditedRequest } from "./audit.ts";
import type { Authority } from "./authority.ts";
import { API_PORT, type ControlPlane } from "./control-plane.ts";
import { ADMIN, fileName, type Identity, type TokenOptions, tokenRequest } from "./identity.ts";
import { kubeconfigOf, kubeconfigPath } from "./kubeconfig.ts";
import { kubectlCommand } from "./kubectl.ts";
import { clusterEnd, podAddresses, podNetworks } from "./network.ts";
import { nodeManifest, nodeStatus, type Pod, type PodOptions, podManifest, podStatus } from "./objects.ts";
import type { Relay } from "./relay.ts";

/** How to run kubectl. */
export interface KubectlOptions {
  /** Its standard input. */
  readonly input?: string | undefined;
  /** Default {@link ADMIN}. */
  readonly as?: Identity | undefined;
}

/** How to run Herald on a cluster. */
export interface HeraldOptions {
  /** As whom the controllers talk to the API server. Default {@link ADMIN}. */
  readonly identity?: Identity | undefined;
  /** The controllers' `--namespace`. Default `metallb-system`. */
  readonly namespace?: string | undefined;
  /** Nice value of every process. Default 0. */
  readonly nice?: number | undefined;
}

/** The content type of a patch that replaces the fields that it names (RFC 7386). */
export const MERGE_PATCH = "application/merge-patch+json";

// Far longer than it takes: a busy machine must not fail a test.
const START_LIMIT_MS = 60_000;
const KUBECTL_MS = 60_000;

/** What a cluster is made of; `createCluster` puts it together. */
export interface ClusterParts {
  readonly lab: Lab;
  readonly authority: Authority;
  readonly controlPlane: ControlPlane;
  readonly relay: Relay;
  readonly kube: Pick<Kube, "request" | "close">;
  /** Whether Deployments and DaemonSets are made pods of. */
  readonly workloads: boolean;
}

/**
 * A Kubernetes cluster on the hosts of a lab. There is no kubelet and no scheduler: nodes and pods are what this says
 * that they are. Disposing of it kills its processes and forgets everything that was in it.
 */
export class Cluster implements AsyncDisposable, Pick<Kube, "request"> {
  readonly lab: Lab;
  /** The certificate of the authority that signed the API server's, in PEM. */
  readonly ca: string;
  /** Where hosts on the cluster's network find the API server. */
  readonly url: string;
  readonly #parts: ClusterParts;
  readonly #processes = new Map<string, LabProcess>();
  readonly #podCounts = new Map<string, number>();
  #drafts = 0;

  /** Use `createCluster`. */
  constructor(parts: ClusterParts) {
    this.lab = parts.lab;
    this.ca = parts.authority.ca;
    this.url = `https://${clusterEnd(this.host).ipv4}:${API_PORT}`;
    this.#parts = parts;
  }

  /** Where etcd, the API server and the controller manager are. */
  get host(): Host {
    return this.lab.host("server1");
  }

  /** The process of etcd; `kill("SIGSTOP")` and `kill("SIGCONT")` pause it and let it go on. */
  get etcd(): LabProcess {
    return this.#process("etcd");
  }

  /** The API server's process, running or not. To start it again: {@link Cluster.startApiServer}. */
  get apiServer(): LabProcess {
    return this.#process("kube-apiserver");
  }

  /** The controller manager's process. */
  get controllerManager(): LabProcess {
    return this.#process("kube-controller-manager");
  }

  /** A node's kube-proxy. */
  kubeProxy(node: Host): LabProcess {
    return this.#process(`kube-proxy-${node.name}`);
  }

  /** Starts etcd. */
  startEtcd(): void {
    this.#keep(this.#parts.controlPlane.etcd());
  }

  /** Starts the API server and waits until it is ready. */
  async startApiServer(): Promise<void> {
    // Connections to an earlier one would each fail first.
    this.#parts.kube.close();
    const started = this.#keep(this.#parts.controlPlane.apiServer());
    await until(
      "the API server was ready",
      async () => {
        if (started.exit) return true;
        return (await this.request("GET", "/readyz", { timeoutMs: 1000 })) === "ok";
      },
      { timeoutMs: START_LIMIT_MS, everyMs: 50 },
    );
    if (started.exit) throw new Error(`the API server ended at its start: ${started.log().slice(-2000)}`);
  }

  /** Starts the controller manager. Does not wait for anything. */
  async startControllerManager(): Promise<void> {
    const { controlPlane, workloads } = this.#parts;
    const kubeconfig = await this.kubeconfig({ user: "system:kube-controller-manager" });
    this.#keep(controlPlane.controllerManager(kubeconfig, { workloads }));
  }

  /** Starts a node's kube-proxy and waits until it has written its rules for the first time. */
  async startKubeProxy(node: Host): Promise<void> {
    const kubeconfig = await this.kubeconfig({ user: "system:kube-proxy" });
    const started = this.#keep(this.#parts.controlPlane.kubeProxy(node, kubeconfig));
    await until(
      `${started.name} had rules`,
      async () => {
        if (started.exit) return true;
        return (await node.exec(["nft", "list", "tables"])).includes("kube-proxy");
      },
      { timeoutMs: START_LIMIT_MS, everyMs: 100 },
    );
    if (started.exit) throw new Error(`${started.name} ended at its start: ${started.log().slice(-2000)}`);
  }

  /** Makes a host a node of the cluster: an object that is ready, labelled `kubernetes.io/hostname`. */
  async addNode(host: Host): Promise<void> {
    const number = this.lab.nodes.indexOf(host) + 1;
    const { ipv4, ipv6 } = clusterEnd(host);
    await this.request("POST", "/api/v1/nodes", {
      body: nodeManifest(host.name, number > 0 ? podNetworks(number) : []),
    });
    await this.#patch(`/api/v1/nodes/${host.name}/status`, { status: nodeStatus(host.name, [ipv4, ipv6]) });
  }

  /**
   * The path of a kubeconfig for processes in the lab's hosts. With `from: "outside"` it is for this process and its
   * children, which are not in the lab: it works as long as this process runs.
   */
  async kubeconfig(identity: Identity = ADMIN, from: "lab" | "outside" = "lab"): Promise<string> {
    const path = kubeconfigPath(this.lab.folder, `${fileName(identity)}-${from}`);
    const server = from === "lab" ? this.url : `https://127.0.0.1:${await this.#parts.relay.port()}`;
    const credentials =
      "user" in identity
        ? await this.#parts.authority.client(identity)
        : { token: await this.token({ ...identity, seconds: 86_400 }) };
    // In one step: others may be reading it.
    this.#drafts += 1;
    const draft = `${path}.${this.#drafts}`;
    writeFileSync(draft, kubeconfigOf({ server, ca: this.ca, credentials }), { mode: 0o600 });
    renameSync(draft, path);
    return path;
  }

  /** Runs kubectl and returns what it printed. Throws a `CommandError` if it fails. */
  async kubectl(args: readonly string[], { input, as }: KubectlOptions = {}): Promise<string> {
    const command = await kubectlCommand(this.lab.folder, await this.kubeconfig(as), args);
    return await this.host.exec(command, { input, timeoutMs: KUBECTL_MS });
  }

  /** Makes the cluster have these objects, with `kubectl apply --server-side`. */
  async apply(objects: string | readonly unknown[]): Promise<void> {
    const input =
      typeof objects === "string" ? objects : JSON.stringify({ apiVersion: "v1", kind: "List", items: objects });
    await this.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
  }

  /** Asks the API server, as {@link ADMIN}. Resolves to the answer's JSON. Throws a `KubeError` if it refuses. */
  async request(...asked: Parameters<Kube["request"]>): Promise<unknown> {
    return await this.#parts.kube.request(...asked);
  }

  /** Makes a token for a service account. */
  async token(options: TokenOptions): Promise<string> {
    const { path, body } = tokenRequest(options);
    const { status } = (await this.request("POST", path, { body })) as Issued;
    return status.token;
  }

  /** Makes a pod that runs, and a process behind it that answers with the pod's name. */
  async createPod(options: PodOptions): Promise<Pod> {
    const { name, namespace = "default", node, serviceAccount = "default", hostNetwork = false, port = 8080 } = options;
    await until(`service account ${namespace}/${serviceAccount} was there`, () =>
      this.request("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`),
    );
    const body = podManifest(options);
    const { metadata } = (await this.request("POST", `/api/v1/namespaces/${namespace}/pods`, { body })) as Created;
    const { ipv4, ipv6 } = clusterEnd(node);
    const addresses = hostNetwork ? [ipv4, ipv6] : await this.#addPodAddresses(node);
    const process = hostNetwork
      ? undefined
      : startBackend(node, { name: `pod-${namespace}-${name}`, answer: name, port, addresses });
    if (process) await backendListens(node, port, addresses);
    const pod = { name, namespace, uid: metadata.uid, node, addresses, process };
    await this.setReady(pod, options.state !== "notReady");
    return pod;
  }

  /** Says of a pod that it is ready, or that it is not. Its process goes on either way. */
  async setReady({ namespace, name, node, addresses }: Pod, isReady: boolean): Promise<void> {
    const status = podStatus(clusterEnd(node), addresses, isReady);
    await this.#patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, { status });
  }

  /** Deletes a pod and kills its process. */
  async deletePod({ namespace, name, node, addresses, process }: Pod): Promise<void> {
    await this.request("DELETE", `/api/v1/namespaces/${namespace}/pods/${name}`);
    if (!process) return;
    await process[Symbol.asyncDispose]();
    await setPodAddresses("delete", node, addresses);
  }

  /** The addresses that a Service has been given, IPv4 first; empty while it has none. */
  async addresses(service: string, namespace = "default"): Promise<Ip[]> {
    const { status } = (await this.request("GET", `/api/v1/namespaces/${namespace}/services/${service}`)) as Service;
    return (status.loadBalancer?.ingress ?? []).flatMap(({ ip = "" }) => parseIp(ip) ?? []);
  }

  /** What the API server was asked, by whom, in the order of its answers; only with `audit`. */
  audit(): AuditedRequest[] {
    return this.#parts.controlPlane.audit();
  }

  /** Herald on this cluster; nothing runs yet. */
  async herald({ identity = ADMIN, namespace = "metallb-system", nice }: HeraldOptions = {}): Promise<Deployment> {
    const source = [
      "--source",
      "kubernetes",
      "--kubeconfig",
      await this.kubeconfig(identity),
      "--namespace",
      namespace,
    ];
    return new Deployment(this.lab, { source, nice });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.kube.close();
    this.#parts.relay.close();
    await this.lab[Symbol.asyncDispose]();
  }

  async #addPodAddresses(node: Host): Promise<readonly Ip[]> {
    const count = (this.#podCounts.get(node.name) ?? 0) + 1;
    this.#podCounts.set(node.name, count);
    const addresses = podAddresses(this.lab.nodes.indexOf(node) + 1, count);
    await setPodAddresses("add", node, addresses);
    return addresses;
  }

  async #patch(path: string, body: unknown): Promise<void> {
    await this.request("PATCH", path, { body, contentType: MERGE_PATCH });
  }

  #keep(started: LabProcess): LabProcess {
    this.#processes.set(started.name, started);
    return started;
  }

  #process(name: string): LabProcess {
    const found = this.#processes.get(name);
    if (!found) throw new RangeError(`${name} was never started`);
    return found;
  }
}

async function setPodAddresses(what: "add" | "delete", node: Host, addresses: readonly Ip[]): Promise<void> {
  const lines = addresses.map((address) => `address ${what} ${address} dev lo`);
  await node.exec(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
}

interface Created {
  readonly metadata: { readonly uid: string };
}

interface Service {
  readonly status: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

interface Issued {
  readonly status: { readonly token: string };
}
