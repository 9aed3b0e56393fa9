import { createInterface } from "node:readline";
import type { Ip } from "@heraldlb/net";
import type { Host } from "./host.ts";
import type { LabProcess } from "./lab-process.ts";
import { monotonicMs } from "./monotonic.ts";
import { type Probe, type ProbeSummary, summarizeProbes } from "./outage.ts";
import { scriptCommand } from "./script.ts";
import { type UntilOptions, until } from "./until.ts";

/** How to probe. */
export interface ProberOptions {
  /** Default 10. */
  readonly intervalMs?: number | undefined;
  /** Default 80, which a lab's nodes serve. */
  readonly port?: number | undefined;
}

/** Which probes to look at: those sent at or after `from` and before `to`. */
export interface Window {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** What may still be answered is not lost yet. */
const PENDING_MS = 500;

/** A client's view of some services: a process in its namespace that probes them at a fixed interval. */
export class Prober implements AsyncDisposable {
  readonly #process: LabProcess;
  readonly #probes: ReadonlyMap<string, Probe[]>;
  readonly #ended: Promise<unknown>;
  #stopped = false;

  /** Use {@link startProber}. */
  constructor(process: LabProcess, targets: readonly Ip[]) {
    const { stdout } = process;
    if (!stdout) throw new TypeError("a prober's output must be a pipe");
    this.#process = process;
    this.#probes = new Map(targets.map((target) => [target, []]));
    const byPosition = [...this.#probes.values()];
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    createInterface({ input: stdout })
      .on("line", (line) => {
        const [kind, position, sequence, at, by] = line.split(" ");
        const probes = byPosition[Number(position)];
        const probe = probes?.[Number(sequence)];
        if (kind === "s") probes?.push({ sentAt: Number(at) });
        else if (probes && probe) probes[Number(sequence)] = { ...probe, answeredAt: Number(at), by };
      })
      .on("close", resolve);
  }

  /** What has become of the probes of a target. Without `stop` the newest may still be on their way. */
  probes(target: Ip, { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }: Window = {}): Probe[] {
    const probes = this.#probes.get(target);
    if (!probes) throw new RangeError(`${target} is not probed`);
    return probes.filter(({ sentAt }) => sentAt >= from && sentAt < to);
  }

  /** Sums up; while it still runs, probes younger than half a second only count if they are answered. */
  summary(target: Ip, window?: Window): ProbeSummary {
    const oldest = this.#stopped ? Number.POSITIVE_INFINITY : monotonicMs() - PENDING_MS;
    const probes = this.probes(target, window);
    return summarizeProbes(probes.filter(({ sentAt, answeredAt }) => answeredAt !== undefined || sentAt < oldest));
  }

  /** Waits for an answer to a probe sent at or after `since`; with `by`, from one of those, with `not`, from another. */
  async answered(
    target: Ip,
    { since, by, not }: { readonly since: number; readonly by?: readonly string[]; readonly not?: string },
    options?: UntilOptions,
  ): Promise<{ readonly by: string; readonly at: number }> {
    const whose = by ? ` by ${by.join(" or ")}` : "";
    return await until(
      `a probe of ${target} was answered${whose}${not ? ` by another than ${not}` : ""}`,
      () => {
        const probe = this.probes(target, { from: since }).find(
          (candidate) =>
            candidate.answeredAt !== undefined &&
            candidate.by !== not &&
            (by === undefined || by.includes(candidate.by ?? "")),
        );
        return probe && { by: probe.by ?? "", at: probe.answeredAt ?? 0 };
      },
      options,
    );
  }

  /** Ends the probing. Afterwards every probe is answered or lost. */
  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.exited;
    await this.#ended;
    this.#stopped = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await this.#ended;
  }
}

/** Starts to probe from a host, and waits until the first probe is out. */
export async function startProber(
  host: Host,
  targets: readonly Ip[],
  { intervalMs = 10, port = 80 }: ProberOptions = {},
): Promise<Prober> {
  const command = scriptCommand("prober-script", [`${intervalMs}`, `${port}`, ...targets]);
  const prober = new Prober(host.start(command, { name: `prober-${host.name}`, output: "pipe", keep: false }), targets);
  await until("the prober had sent its first probe", () => targets.every((target) => prober.probes(target).length > 0));
  return prober;
}
