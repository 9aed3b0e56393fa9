import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launchCommand, type Mount, type Probe, podProcesses, type RenderedProcess } from "@heraldlb/chart";
import type { Kube } from "@heraldlb/kube";
import { type Host, type Lab, type LabProcess, monotonicMs, until } from "@heraldlb/lab";
import { systemClock } from "@heraldlb/runtime";
import { MERGE_PATCH } from "./cluster.ts";
import { clusterEnd, KUBERNETES_ADDRESSES } from "./network.ts";
import { podStatus } from "./objects.ts";
import { type PodObject, podPath } from "./pod-object.ts";
import { ProbeRecord } from "./probe-record.ts";
import { type Files, makeEmptyFolder, podToken, projectedSources, sourceFiles, writeFiles } from "./volumes.ts";

/** What an image's name stands for: programs and files of this machine. */
export interface Image {
  readonly entrypoint: readonly [string, ...string[]];
  /** Files and folders of this machine, by where the process finds them. */
  readonly binds: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** What it takes to run pods. */
export interface PodRunnerOptions {
  readonly kube: Pick<Kube, "request">;
  readonly lab: Lab;
  /** @throws RangeError if there is no such image */
  image(process: Omit<RenderedProcess, "workload">): Image;
}

const STEP_MS = 200;
const VOLUMES_EVERY_MS = 1000;
/** The part of a token's life after which it is replaced. */
const TOKEN_AGE = 0.8;
const RESTART_AFTER_MS = [0, 1000, 5000] as const;

/** A pod on a host: its process, with what it mounts, is asked and is said to be. */
export class PodRunner {
  readonly host: Host;
  /** What the pod's volumes are made of; ends with the lab. */
  readonly folder: string;
  readonly #options: PodRunnerOptions;
  readonly #process: Omit<RenderedProcess, "workload">;
  /** By the mount's path. */
  readonly #written = new Map<string, string>();
  readonly #tokens = new Map<string, { readonly token: string; readonly staleAt: number }>();
  #pod: PodObject;
  #running: LabProcess | undefined;
  #restarts = 0;
  #probes: { readonly liveness?: ProbeRecord; readonly readiness?: ProbeRecord } = {};
  #volumesDue = 0;
  #said = "";

  /** Runs nothing yet: {@link PodRunner.run}. @throws RangeError unless the pod has one container */
  constructor(pod: PodObject, host: Host, options: PodRunnerOptions) {
    this.#pod = pod;
    this.host = host;
    this.folder = join(options.lab.folder, "pods", pod.metadata.uid);
    this.#options = options;
    const [process, ...more] = podProcesses(pod.spec, (path) => this.#fieldOf(path));
    if (!process || more.length > 0) throw new RangeError(`${pod.metadata.name} has not one container`);
    this.#process = process;
  }

  get name(): string {
    return this.#pod.metadata.name;
  }

  get uid(): string {
    return this.#pod.metadata.uid;
  }

  get labels(): Readonly<Record<string, string>> {
    return this.#pod.metadata.labels ?? {};
  }

  /** The process that was started last. Throws a `RangeError` before the first. */
  get process(): LabProcess {
    if (!this.#running) throw new RangeError(`${this.name} has not been started`);
    return this.#running;
  }

  /** Takes the pod's object as it is now. */
  update(pod: PodObject): void {
    this.#pod = pod;
  }

  /** Makes it get new tokens at once, as if the old ones had grown old. */
  renewTokens(): void {
    this.#tokens.clear();
    this.#volumesDue = 0;
  }

  /** What a mount of the pod has in it: a file's path, for whoever is not the pod. */
  volume(mountPath: string): string {
    return join(this.folder, mountPath.replaceAll("/", "_"));
  }

  /** Runs the pod until it has ended as it was told to, or until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    let trouble = "";
    while (!signal.aborted) {
      try {
        if (this.#pod.metadata.deletionTimestamp !== undefined) return await this.#end();
        await this.#step();
        trouble = "";
      } catch (error) {
        // An API server that is away, a ConfigMap that nobody has made yet: neither is the end of what runs.
        if (String(error) !== trouble) this.#note(String(error));
        trouble = String(error);
      }
      await systemClock.sleep(STEP_MS);
    }
  }

  async #step(): Promise<void> {
    const now = monotonicMs();
    if (now >= this.#volumesDue) {
      await this.#writeVolumes();
      this.#volumesDue = monotonicMs() + VOLUMES_EVERY_MS;
    }
    if (this.#running === undefined) this.#start();
    else if (this.#running.exit) await this.#restart();
    await Promise.all([this.#probe("liveness"), this.#probe("readiness")]);
    if (this.#probes.liveness?.isGood === false) {
      this.#note("is not alive");
      await this.#running?.stop();
    }
    await this.#report();
  }

  async #restart(): Promise<void> {
    const wait = RESTART_AFTER_MS[Math.min(this.#restarts, RESTART_AFTER_MS.length - 1)] ?? 0;
    this.#restarts += 1;
    await this.#report();
    await systemClock.sleep(wait);
    if (this.#pod.metadata.deletionTimestamp === undefined) this.#start();
  }

  #start(): void {
    const { image, lab } = this.#options;
    const { entrypoint, binds, env } = image(this.#process);
    const root = join(this.folder, "root");
    mkdirSync(root, { recursive: true });
    const mounts = this.#process.mounts.map(({ path }) => [path, this.volume(path)]);
    const command = launchCommand(
      { workload: { kind: "Pod", name: this.name }, ...this.#process },
      {
        ...{
          entrypoint,
          root,
          binds: { ...binds, "/etc/hosts": join(lab.folder, "hosts"), ...Object.fromEntries(mounts) },
        },
        env: { ...env, KUBERNETES_SERVICE_HOST: KUBERNETES_ADDRESSES[0], KUBERNETES_SERVICE_PORT: "443" },
      },
    );
    this.#running = this.host.start(command, { name: this.name });
    const [{ livenessProbe, readinessProbe } = {}] = this.#pod.spec.containers;
    const now = monotonicMs();
    this.#probes = {
      ...(livenessProbe && { liveness: new ProbeRecord(livenessProbe, { now, isGood: true }) }),
      ...(readinessProbe && { readiness: new ProbeRecord(readinessProbe, { now, isGood: false }) }),
    };
  }

  async #probe(which: "liveness" | "readiness"): Promise<void> {
    const record = this.#probes[which];
    const probe = this.#process.probes[which];
    if (!record || !probe || !record.isDue(monotonicMs())) return;
    const isGood = await this.#isAnswered(probe, record.timeoutMs);
    record.answered(isGood, monotonicMs());
  }

  async #isAnswered({ scheme, path, port }: Probe, timeoutMs: number): Promise<boolean> {
    const url = `${scheme.toLowerCase()}://${clusterEnd(this.host).ipv4}:${port}${path}`;
    // As kubelets do, whatever the certificate says.
    const curl = ["curl", "-skf", "-o", "/dev/null", "-m", `${timeoutMs / 1000}`, url] as const;
    return (await this.host.attempt(curl)).exitCode === 0;
  }

  get #isReady(): boolean {
    return this.#running?.exit === undefined && this.#probes.readiness?.isGood !== false;
  }

  async #report(): Promise<void> {
    const { ipv4, ipv6 } = clusterEnd(this.host);
    const [{ name = "", image = "" } = {}] = this.#pod.spec.containers;
    const container = { name, image, restartCount: this.#restarts };
    const status = podStatus({ ipv4 }, [ipv4, ipv6], this.#isReady, container);
    const said = JSON.stringify(status);
    if (said === this.#said) return;
    const body = { status };
    await this.#options.kube.request("PATCH", `${podPath(this.#pod.metadata)}/status`, {
      body,
      contentType: MERGE_PATCH,
    });
    this.#said = said;
  }

  async #writeVolumes(): Promise<void> {
    for (const mount of this.#process.mounts) {
      const folder = this.volume(mount.path);
      if (mount.source.emptyDir) {
        if (!this.#written.has(mount.path)) makeEmptyFolder(folder, this.#pod.spec);
        this.#written.set(mount.path, "");
        continue;
      }
      const files = await this.#filesOf(mount);
      const text = JSON.stringify(files);
      if (this.#written.get(mount.path) === text) continue;
      writeFiles(folder, files, this.#pod.spec);
      this.#written.set(mount.path, text);
    }
  }

  async #filesOf(mount: Mount): Promise<Files> {
    const parts = await Promise.all(
      projectedSources(mount).map(async (source) => {
        const { serviceAccountToken: wanted } = source;
        if (!wanted) {
          return await sourceFiles(this.#options.kube, this.#pod, source, (path) => this.#fieldOf(path));
        }
        return { [wanted.path]: await this.#token(mount.path, wanted) };
      }),
    );
    return Object.assign({}, ...parts);
  }

  async #token(mountPath: string, wanted: Parameters<typeof podToken>[2]): Promise<string> {
    const kept = this.#tokens.get(mountPath);
    if (kept && monotonicMs() < kept.staleAt) return kept.token;
    const { token, lifetimeMs } = await podToken(this.#options.kube, this.#pod, wanted);
    this.#tokens.set(mountPath, { token, staleAt: monotonicMs() + TOKEN_AGE * lifetimeMs });
    return token;
  }

  /** Ends the process, within the time that it has for that, and then the object. */
  async #end(): Promise<void> {
    const running = this.#running;
    if (running && !running.exit) {
      running.kill("SIGTERM");
      await until(`${this.name} ended`, () => running.exit !== undefined, {
        timeoutMs: this.#pod.spec.terminationGracePeriodSeconds * 1000,
      }).catch(() => running.kill("SIGKILL"));
    }
    const { uid } = this.#pod.metadata;
    await this.#options.kube.request("DELETE", podPath(this.#pod.metadata), {
      body: { gracePeriodSeconds: 0, preconditions: { uid } },
    });
  }

  #fieldOf(path: string): string {
    const { name, namespace } = this.#pod.metadata;
    const fields = { "metadata.name": name, "metadata.namespace": namespace, "spec.nodeName": this.host.name };
    return fields[path as keyof typeof fields] ?? "";
  }

  #note(what: string): void {
    noteTrouble(this.#options.lab, `${this.name}: ${what}`);
  }
}

/** Writes into the lab's logs what is in the way of a pod. */
export function noteTrouble({ folder }: Lab, what: string): void {
  writeFileSync(join(folder, "kubelet.log"), `${what}\n`, { flag: "a" });
}
