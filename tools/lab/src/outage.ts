/** One probe that a client sent to a service. Times are `monotonicMs()`. */
export interface Probe {
  readonly sentAt: number;
  /** Absent: no answer came. */
  readonly answeredAt?: number | undefined;
  /** The name that the answering node's backend gave. */
  readonly by?: string | undefined;
}

/** A stretch in which no probe was answered. */
export interface Outage {
  /** When the last answered probe before it was sent (or, at the beginning, the first probe). */
  readonly from: number;
  /** When the first answered probe after it was sent (or, at the end, the last probe). */
  readonly to: number;
  readonly ms: number;
  readonly lost: number;
}

/** What a client can say about a service after probing it for a while. */
export interface ProbeSummary {
  readonly sent: number;
  readonly lost: number;
  readonly outages: readonly Outage[];
  /** 0 if no probe was lost. */
  readonly longestOutageMs: number;
  readonly slowestAnswerMs: number;
  /** Who answered, in order, without repetition in a row: `["node1", "node3"]` after one move. */
  readonly answeredBy: readonly string[];
}

/**
 * Sums up probes given in the order of sending.
 *
 * An outage needs a lost probe: a prober that was itself held up for a while does not make one. Its length is measured
 * between answered probes, so it is never less than what the client went without, and at most two intervals more.
 */
export function summarizeProbes(probes: readonly Probe[]): ProbeSummary {
  const outages: Outage[] = [];
  const answeredBy: string[] = [];
  let slowestAnswerMs = 0;
  let lastAnswered: number | undefined;
  let run: Probe[] = [];

  const closeRun = (to: number): void => {
    const [first] = run;
    if (first) {
      const from = lastAnswered ?? first.sentAt;
      outages.push({ from, to, ms: to - from, lost: run.length });
    }
    run = [];
  };

  for (const probe of probes) {
    if (probe.answeredAt === undefined) {
      run.push(probe);
      continue;
    }
    closeRun(probe.sentAt);
    lastAnswered = probe.sentAt;
    slowestAnswerMs = Math.max(slowestAnswerMs, probe.answeredAt - probe.sentAt);
    if (probe.by !== undefined && probe.by !== answeredBy.at(-1)) answeredBy.push(probe.by);
  }
  closeRun(run.at(-1)?.sentAt ?? 0);

  return {
    sent: probes.length,
    lost: outages.reduce((sum, { lost }) => sum + lost, 0),
    outages,
    longestOutageMs: outages.reduce((longest, { ms }) => Math.max(longest, ms), 0),
    slowestAnswerMs,
    answeredBy,
  };
}
