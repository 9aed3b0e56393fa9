import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@heraldlb/runtime";
import { list, namesOf } from "./name-file.ts";
import { nodeFor } from "./placement.ts";
import { type NodeObject, type PodObject, podPath } from "./pod-object.ts";
import { noteTrouble, PodRunner, type PodRunnerOptions } from "./pod-runner.ts";

/** Whose pods to run, and how. */
export interface KubeletOptions extends PodRunnerOptions {
  readonly namespace: string;
}

const LOOK_EVERY_MS = 200;

/**
 * Scheduler and kubelet of a namespace, for all hosts of a lab: pods are put on nodes, their processes run in the hosts,
 * and what the probes find becomes their status. A pod has its host's network and addresses. Disposing of it leaves the
 * processes alone: they are the lab's.
 */
export class Kubelet implements AsyncDisposable {
  readonly #options: KubeletOptions;
  /** By the pods' uids; those of pods that have ended stay, as lists of pods may be older than that. */
  readonly #runners = new Map<string, PodRunner | "ended">();
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #names = "";

  /** Starts at once. */
  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#track(this.#run());
  }

  /** The pods that run, or are about to. */
  get pods(): readonly PodRunner[] {
    return [...this.#runners.values()].filter((runner) => runner !== "ended");
  }

  /** Until it is disposed of. */
  async ended(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.ended();
  }

  async #run(): Promise<void> {
    let trouble = "";
    while (!this.#stop.signal.aborted) {
      try {
        await this.#look();
        trouble = "";
      } catch (error) {
        // Whatever it is (an API server that is away): what runs goes on.
        if (String(error) !== trouble) noteTrouble(this.#options.lab, String(error));
        trouble = String(error);
      }
      await systemClock.sleep(LOOK_EVERY_MS);
    }
  }

  async #look(): Promise<void> {
    const { kube, lab, namespace } = this.#options;
    const names = await namesOf(kube, namespace);
    // The same file, as it is mounted.
    if (names !== this.#names) writeFileSync(join(lab.folder, "hosts"), names);
    this.#names = names;
    const pods = await list<PodObject>(kube, `/api/v1/namespaces/${namespace}/pods`);
    await this.#schedule(pods);
    for (const pod of pods) {
      const { uid } = pod.metadata;
      const runner = this.#runners.get(uid);
      if (runner === "ended") continue;
      if (runner) runner.update(pod);
      else if (pod.spec.nodeName !== undefined) this.#start(pod, pod.spec.nodeName);
    }
  }

  /** Puts one pod on a node, if there is one that has none; it is seen there when this looks again. */
  async #schedule(pods: readonly PodObject[]): Promise<void> {
    const waiting = pods.filter(({ metadata, spec }) => !spec.nodeName && !metadata.deletionTimestamp);
    if (waiting.length === 0) return;
    const nodes = await list<NodeObject>(this.#options.kube, "/api/v1/nodes");
    for (const pod of waiting) {
      const name = nodeFor(pod, nodes, pods);
      if (name === undefined) continue;
      const target = { apiVersion: "v1", kind: "Node", name };
      const body = { apiVersion: "v1", kind: "Binding", metadata: { name: pod.metadata.name }, target };
      await this.#options.kube.request("POST", `${podPath(pod.metadata)}/binding`, { body });
      return;
    }
  }

  #start(pod: PodObject, node: string): void {
    const runner = new PodRunner(pod, this.#options.lab.host(node), this.#options);
    this.#runners.set(pod.metadata.uid, runner);
    this.#track(runner.run(this.#stop.signal).finally(() => this.#runners.set(pod.metadata.uid, "ended")));
  }

  #track(running: Promise<void>): void {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }
}
