import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { CHART } from "@heraldlb/chart";
import {
  addControllerHosts,
  type Cluster,
  type ClusterOptions,
  createCluster,
  heraldImages,
  type Image,
  Kubelet,
  LAB_VALUES,
} from "@heraldlb/cluster";
import { kubernetesTool } from "@heraldlb/kubectl";
import { heraldCommand, until } from "@heraldlb/lab";
import { examplesOf } from "../packages/readme.ts";
import { NAMESPACE } from "./scene.fixture.ts";

const run = promisify(execFile);

const ROOT = join(import.meta.dirname, "../../..");
const BLOCK_LIMIT_MS = 240_000;

/** A cluster with something that looks like MetalLB, and a document to follow. */
export interface Migration extends AsyncDisposable {
  readonly cluster: Cluster;
  /** Runs shell commands as an operator would, in one folder. Throws if one of them fails. */
  sh(script: string): Promise<string>;
}

/** What answers for addresses before Herald does: addresses, by node. */
export type Answering = Readonly<Record<string, readonly string[]>>;

/** Sets up a cluster whose pods run, `metallb/metallb` and `charts/herald` to install, and tools to do it with. */
export async function setMigration(options: ClusterOptions, answering: Answering): Promise<Migration> {
  const cluster = await createCluster({ ...options, workloads: "pods" });
  const { lab } = cluster;
  const herald = heraldImages(lab);
  const kubelet = new Kubelet({
    ...{ kube: cluster, lab, namespace: NAMESPACE },
    image: (process) => (process.image.startsWith("example.com/metallb-") ? standIn(answering) : herald(process)),
  });
  try {
    await addControllerHosts(cluster);
    const folder = join(lab.folder, "operator");
    await layOut(folder);
    const tools = await Promise.all(
      (["kubectl", "helm"] as const).map(async (name) => dirname(await kubernetesTool(name))),
    );
    const { PATH = "" } = process.env;
    const env = {
      PATH: [...tools, dirname(heraldCommand("herald")), PATH].join(":"),
      HOME: folder,
      KUBECONFIG: await cluster.kubeconfig(undefined, "outside"),
    };
    return {
      cluster,
      sh: async (script) => {
        const options = { cwd: folder, env, timeout: BLOCK_LIMIT_MS };
        // What is printed tells which command has failed.
        const { exitCode, stdout, stderr } = await run("bash", ["--norc", "-eux", "-c", script], options).then(
          (printed) => ({ exitCode: 0, ...printed }),
          (error: { readonly code: unknown; readonly stdout: string; readonly stderr: string }) => ({
            ...error,
            exitCode: error.code,
          }),
        );
        if (exitCode !== 0) throw new Error(`${stdout}\n${stderr}\nexit ${exitCode}`);
        return stdout;
      },
      [Symbol.asyncDispose]: async () => {
        await kubelet[Symbol.asyncDispose]();
        await cluster[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await kubelet[Symbol.asyncDispose]();
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

/** The commands of a document, by the title of the section that they are in. */
export function commandsOf(path: string): ReadonlyMap<string, string> {
  const sections = readFileSync(join(ROOT, path), "utf8").split(/^#+ (?=.*$)/m);
  return new Map(
    sections.flatMap((section): [string, string][] => {
      const [title = ""] = section.split("\n", 1);
      const code = examplesOf(section).map((example) => example.code);
      return code.length > 0 ? [[title, code.join("")]] : [];
    }),
  );
}

/** Waits until the pods of a component of `metallb` are as many as they should be, and ready. */
export async function rolledOut({ cluster }: Migration, workload: string): Promise<void> {
  await until(
    `${workload} was rolled out`,
    async () => {
      const status = ["rollout", "status", workload, "--namespace", NAMESPACE, "--timeout=20s"];
      return /successfully rolled out/.test(await cluster.kubectl(status));
    },
    { timeoutMs: 60_000 },
  );
}

async function layOut(folder: string): Promise<void> {
  const chart = join(folder, "metallb/metallb");
  mkdirSync(chart, { recursive: true });
  cpSync(join(import.meta.dirname, "upstream-like-chart"), chart, { recursive: true });
  const { stdout } = await run(heraldCommand("herald"), ["crds", "--output", "json"]);
  writeFileSync(join(chart, "templates/crds.yaml"), crdTemplates(stdout));
  mkdirSync(join(folder, "charts"));
  symlinkSync(CHART, join(folder, "charts/herald"));
  writeFileSync(join(folder, "herald-values.yaml"), JSON.stringify(LAB_VALUES));
}

/** The definitions as MetalLB's chart has them: templates, unless `crds.enabled` is false, and none of them kept. */
function crdTemplates(printed: string): string {
  const { items } = JSON.parse(printed) as { readonly items: readonly Definition[] };
  const all = items.map((crd) => {
    const conversion = crd.metadata.name === "bgppeers.metallb.io" ? { conversion: CONVERSION } : {};
    const text = JSON.stringify({ ...crd, spec: { ...crd.spec, ...conversion } }, undefined, 1);
    // Each project has words of its own.
    return `---\n${text.replaceAll(/"description": ".+"/g, '"description": "In other words."')}\n`;
  });
  return `{{- if .Values.crds.enabled }}\n${all.join("")}{{- end }}\n`;
}

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

const CONVERSION = {
  strategy: "Webhook",
  webhook: {
    clientConfig: { service: { name: "metallb-webhook-service", namespace: NAMESPACE, path: "/convert" } },
    conversionReviewVersions: ["v1beta1", "v1beta2"],
  },
};

/** A process that has a node answer for addresses for as long as it runs, if there are any for the node. */
function standIn(answering: Answering): Image {
  const lines = Object.entries(answering).map(([node, addresses]) => {
    const alone = addresses.map((address) => `${address}/${address.includes(":") ? 128 : 32}`);
    return `${node}) set -- ${alone.join(" ")};;`;
  });
  const script = `
    case "\${NODE_NAME:-}" in ${lines.join("\n")} esac
    leave() { for address; do ip address delete "$address" dev lan0; done; exit 0; }
    trap 'leave "$@"' TERM
    for address; do ip address add "$address" dev lan0; done
    sleep infinity & wait`;
  return { entrypoint: ["/bin/bash", "-c", script], binds: {}, env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } };
}
