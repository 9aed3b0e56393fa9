import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host, LabProcess } from "@heraldlb/lab";
import { type AuditedRequest, prepareAudit, readAudit } from "./audit.ts";
import { type Authority, createKeyPair } from "./authority.ts";
import type { Binaries } from "./binaries.ts";
import { clusterEnd, KUBERNETES_ADDRESSES, POD_NETWORKS, SERVICE_NETWORKS } from "./network.ts";

/** The port that the API server listens on. */
export const API_PORT = 6443;

const ETCD = "http://127.0.0.1:2379";
const ISSUER = "https://kubernetes.default.svc.cluster.local";
/** What tests need of the controller manager's many. */
const CONTROLLERS = [
  "endpointslice-controller",
  "namespace-controller",
  "serviceaccount-controller",
  "serviceaccount-token-controller",
  "root-ca-certificate-publisher-controller",
  "garbage-collector-controller",
];

/** What a control plane keeps. */
export interface ControlPlaneOptions {
  /** For its files. */
  readonly folder: string;
  /** Whether the API server keeps a log of what it is asked. */
  readonly isAudited: boolean;
}

/** What makes pods of Deployments and DaemonSets, of which something has to take care then. */
const WORKLOAD_CONTROLLERS = ["deployment-controller", "replicaset-controller", "daemonset-controller"];

/** Starts etcd, the API server and the controller manager, each a process of the lab's server. */
export class ControlPlane {
  readonly #binaries: Binaries;
  readonly #host: Host;
  readonly #folder: string;

  readonly #audit: readonly string[];

  /** Use {@link prepareControlPlane}. */
  constructor(binaries: Binaries, host: Host, { folder, isAudited }: ControlPlaneOptions) {
    this.#binaries = binaries;
    this.#host = host;
    this.#folder = folder;
    this.#audit = isAudited ? prepareAudit(folder) : [];
  }

  /** What the API server was asked, if that is kept. */
  audit(): AuditedRequest[] {
    return readAudit(this.#folder);
  }

  etcd(): LabProcess {
    return this.#host.start(
      [
        this.#binaries.etcd,
        `--data-dir=${this.#file("etcd")}`,
        `--listen-client-urls=${ETCD}`,
        `--advertise-client-urls=${ETCD}`,
        // Members that do not exist do not need to reach this one.
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--log-package-levels=*=WARNING",
      ],
      { name: "etcd" },
    );
  }

  apiServer(): LabProcess {
    return this.#host.start(
      [
        this.#binaries["kube-apiserver"],
        `--etcd-servers=${ETCD}`,
        `--advertise-address=${clusterEnd(this.#host).ipv4}`,
        `--secure-port=${API_PORT}`,
        `--tls-cert-file=${this.#file("apiserver.crt")}`,
        `--tls-private-key-file=${this.#file("apiserver.key")}`,
        `--client-ca-file=${this.#file("ca.crt")}`,
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        `--service-account-issuer=${ISSUER}`,
        `--service-account-key-file=${this.#file("accounts.pub")}`,
        `--service-account-signing-key-file=${this.#file("accounts.key")}`,
        `--service-cluster-ip-range=${SERVICE_NETWORKS.join(",")}`,
        "--endpoint-reconciler-type=none",
        // Webhooks are dialled at an endpoint, as where the API server's host has no kube-proxy.
        "--enable-aggregator-routing=true",
        // Nobody would take the taint of a new node away again.
        "--disable-admission-plugins=TaintNodesByCondition",
        ...this.#audit,
      ],
      { name: "kube-apiserver" },
    );
  }

  controllerManager(kubeconfig: string, { workloads }: { readonly workloads: boolean }): LabProcess {
    const controllers = workloads ? [...CONTROLLERS, ...WORKLOAD_CONTROLLERS] : CONTROLLERS;
    return this.#host.start(
      [
        this.#binaries["kube-controller-manager"],
        `--kubeconfig=${kubeconfig}`,
        `--controllers=${controllers.join(",")}`,
        `--service-account-private-key-file=${this.#file("accounts.key")}`,
        `--root-ca-file=${this.#file("ca.crt")}`,
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
      ],
      { name: "kube-controller-manager" },
    );
  }

  kubeProxy(node: Host, kubeconfig: string): LabProcess {
    return node.start(
      [
        this.#binaries["kube-proxy"],
        `--kubeconfig=${kubeconfig}`,
        `--hostname-override=${node.name}`,
        "--proxy-mode=nftables",
        `--cluster-cidr=${POD_NETWORKS.join(",")}`,
        // These are settings of the machine, which a network namespace cannot change.
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0",
        "--conntrack-tcp-timeout-close-wait=0",
      ],
      { name: `kube-proxy-${node.name}` },
    );
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

/** Writes certificates and keys into a folder, for a control plane on this host. */
export async function prepareControlPlane(
  binaries: Binaries,
  authority: Authority,
  { host, folder, isAudited }: ControlPlaneOptions & { readonly host: Host },
): Promise<ControlPlane> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { ipv4, ipv6 } = clusterEnd(host);
  const services = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
  ];
  const names = ["localhost", ...services, "127.0.0.1", "::1", ipv4, ipv6, ...KUBERNETES_ADDRESSES];
  const [server, accounts] = await Promise.all([authority.server(names), createKeyPair()]);
  const files = {
    "ca.crt": authority.ca,
    "apiserver.crt": server.cert,
    "apiserver.key": server.key,
    "accounts.key": accounts.privateKey,
    "accounts.pub": accounts.publicKey,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  return new ControlPlane(binaries, host, { folder, isAudited });
}
