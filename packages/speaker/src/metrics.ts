import type { HoldingState } from "@heraldlb/election";
import { Counter, Gauge, type Registry } from "prom-client";
import { AddressMetrics } from "./address-metrics.ts";
import type { Verdict } from "./responder.ts";
import type { FromWorker, WorkerStatistics } from "./worker-messages.ts";

type LogLine = Extract<FromWorker, { type: "log" }>;

/** Every metric of the speaker. Names and labels are public interface. */
export interface SpeakerMetrics {
  readonly addresses: AddressMetrics;
  readonly frames: Counter<"verdict">;
  readonly framesDropped: Gauge<"interface">;
  readonly framesDiscarded: Counter;
  readonly authority: Gauge;
  readonly maxTerm: Gauge;
  readonly holdings: Gauge<"state">;
  readonly stateChanges: Counter<"state" | "reason">;
  readonly heartbeatsSent: Counter<"replica">;
  readonly repliesReceived: Counter<"replica">;
  readonly streamOpen: Gauge<"replica">;
  readonly workerLateness: Gauge;
  readonly stateFolderErrors: Counter;
  readonly revision: Gauge;
  readonly definitions: Gauge;
}

/** Makes the metrics. Those of addresses are MetalLB's. */
export function createMetrics(registry: Registry): SpeakerMetrics {
  const registers = [registry];
  return {
    addresses: new AddressMetrics(registry),
    frames: new Counter({
      name: "herald_speaker_frames_total",
      help: "ARP and NDP frames received, by what became of them",
      labelNames: ["verdict"],
      registers,
    }),
    framesDropped: new Gauge({
      name: "herald_speaker_frames_dropped",
      help: "Frames that the kernel had no room for, since the interface's socket was opened",
      labelNames: ["interface"],
      registers,
    }),
    framesDiscarded: new Counter({
      name: "herald_speaker_frames_discarded_total",
      help: "Frames thrown away unread because they had queued up while the process was stopped",
      registers,
    }),
    authority: new Gauge({
      name: "herald_speaker_authority",
      help: "2: a leader with a valid lease confirms this speaker; 1: a leader that cannot renew its lease does; 0: none",
      registers,
    }),
    maxTerm: new Gauge({
      name: "herald_speaker_max_term",
      help: "The highest term of a leader that was heard of",
      registers,
    }),
    holdings: new Gauge({
      name: "herald_speaker_holdings",
      help: "Groups of addresses that this speaker holds, by state",
      labelNames: ["state"],
      registers,
    }),
    stateChanges: new Counter({
      name: "herald_speaker_state_changes_total",
      help: "Changes of a group's state, by the new state and the reason",
      labelNames: ["state", "reason"],
      registers,
    }),
    heartbeatsSent: new Counter({
      name: "herald_speaker_heartbeats_sent_total",
      help: "Heartbeats sent to a controller",
      labelNames: ["replica"],
      registers,
    }),
    repliesReceived: new Counter({
      name: "herald_speaker_replies_received_total",
      help: "Replies received from a controller",
      labelNames: ["replica"],
      registers,
    }),
    streamOpen: new Gauge({
      name: "herald_speaker_stream_open",
      help: "1 while a stream to the controller is open",
      labelNames: ["replica"],
      registers,
    }),
    workerLateness: new Gauge({
      name: "herald_speaker_worker_lateness_seconds",
      help: "The latest that the answering thread served its timer in the last second",
      registers,
    }),
    stateFolderErrors: new Counter({
      name: "herald_speaker_state_folder_errors_total",
      help: "Files of the state folder that could not be read or written",
      registers,
    }),
    revision: new Gauge({
      name: "herald_speaker_applied_revision",
      help: "Revision of the definitions that are applied",
      registers,
    }),
    definitions: new Gauge({
      name: "herald_speaker_definitions",
      help: "Groups of addresses that are defined for this node",
      registers,
    }),
  };
}

/** Counts what the ownership machine logs as a change of a group's state: its log lines name state and reason. */
export function countStateChange(metrics: SpeakerMetrics, { message, fields }: LogLine): void {
  if (message !== "ownership changed") return;
  const { to, reason } = fields;
  metrics.stateChanges.inc({ state: String(to), reason: String(reason) });
}

const HOLDING_STATES: readonly HoldingState[] = ["verify", "owner", "leaving", "yielded"];

/** Takes over what the answering thread has measured. */
export function recordStatistics(metrics: SpeakerMetrics, statistics: WorkerStatistics): void {
  const { authority, maxTerm, holdings, verdicts, discarded, dropped, latenessMs } = statistics;
  metrics.authority.set(authority);
  metrics.maxTerm.set(maxTerm);
  for (const state of HOLDING_STATES) metrics.holdings.set({ state }, holdings[state]);
  for (const [verdict, count] of verdicts) metrics.frames.inc({ verdict: verdict satisfies Verdict }, count);
  metrics.framesDiscarded.inc(discarded);
  for (const [name, count] of dropped) metrics.framesDropped.set({ interface: name }, count);
  metrics.workerLateness.set(latenessMs / 1000);
}
