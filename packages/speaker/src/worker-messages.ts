import type {
  AnswerMode,
  ByeReason,
  ControllerMessage,
  DialId,
  GroupDefinition,
  GroupId,
  HoldingState,
  Link,
  OrderErrorReason,
  ReplicaId,
  SavedGroup,
  SavedOwnership,
  SpeakerMessage,
} from "@heraldlb/election";
import type { FrameBackend } from "@heraldlb/link";
import type { Mac } from "@heraldlb/net";
import type { LogFields, LogLevel } from "@heraldlb/runtime";
import type { AddressCounts } from "./address-table.ts";
import type { DesiredSession } from "./bfd/desired-session.ts";
import type { BfdReport, BfdStatistics } from "./bfd/live-session.ts";
import type { ProcessFacts } from "./process-facts.ts";
import type { Verdict } from "./responder.ts";

/** What the answering thread is started with. Must survive a structured clone. */
export interface WorkerSettings {
  readonly node: string;
  /** Random, drawn once per process. */
  readonly instance: string;
  readonly facts: ProcessFacts;
  /** Sources of the regular expressions that allow and exclude interfaces. */
  readonly interfaces: { readonly allowed: string; readonly excluded: string };
  readonly backend: FrameBackend;
  /** Lines below this level are not worth a message to the main thread. */
  readonly logLevel: LogLevel;
  /** What the state folder held. */
  readonly saved: SavedOwnership | undefined;
}

/** What the main thread tells the answering thread. */
export type ToWorker =
  | { readonly type: "replicas"; readonly replicas: readonly ReplicaId[] }
  | { readonly type: "connected"; readonly dial: DialId }
  | { readonly type: "opened"; readonly dial: DialId }
  | { readonly type: "closed"; readonly dial: DialId; readonly replaced: boolean }
  | { readonly type: "received"; readonly dial: DialId; readonly message: ControllerMessage }
  | {
      readonly type: "define";
      readonly changed: readonly GroupDefinition[];
      readonly removed: readonly GroupId[];
    }
  /** The MAC addresses of all known Herald nodes. */
  | { readonly type: "peers"; readonly macs: readonly Mac[] }
  /** All BFD sessions that there are to be. */
  | { readonly type: "bfd"; readonly sessions: readonly DesiredSession[] }
  | { readonly type: "drain" };

/** An order that could not be carried out. */
export interface OrderError {
  readonly group: GroupId;
  readonly reason: OrderErrorReason;
}

/** What the answering thread tells the main thread. */
export type FromWorker =
  /** `at` is when it was said, by `monotonicMs`. */
  | { readonly type: "send"; readonly dial: DialId; readonly message: SpeakerMessage; readonly at: number }
  | {
      readonly type: "dial";
      readonly dial: DialId;
      readonly replica: ReplicaId;
      readonly delayMs: number;
      readonly jitter: number;
    }
  | { readonly type: "close"; readonly dial: DialId }
  | { readonly type: "answer"; readonly group: GroupId; readonly mode: AnswerMode }
  /** The interfaces that may be used are these. */
  | { readonly type: "links"; readonly links: readonly Link[] }
  /** Orders of a replica that could not be carried out. */
  | { readonly type: "orderErrors"; readonly replica: ReplicaId; readonly errors: readonly OrderError[] }
  | {
      readonly type: "persist";
      readonly maxTerm: number;
      readonly termHolder: string;
      readonly saved: readonly SavedGroup[];
      readonly forgotten: readonly GroupId[];
    }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  /** By how much addresses' counts have grown. */
  | { readonly type: "counts"; readonly counts: readonly AddressCounts[] }
  | { readonly type: "statistics"; readonly statistics: WorkerStatistics }
  | { readonly type: "bfdReport"; readonly report: BfdReport }
  | { readonly type: "bfdStatistics"; readonly statistics: readonly BfdStatistics[] }
  | { readonly type: "exit"; readonly code: 0 | 1; readonly reason: ByeReason };

/** What the answering thread measures, once a second. Counts are those since the last time. */
export interface WorkerStatistics {
  readonly authority: 0 | 1 | 2;
  readonly maxTerm: number;
  readonly holdings: Readonly<Record<HoldingState, number>>;
  readonly verdicts: ReadonlyMap<Verdict, number>;
  /** Frames thrown away unread after the thread was stopped. */
  readonly discarded: number;
  /** Frames that the kernel had no room for, by interface, since its socket was opened. */
  readonly dropped: ReadonlyMap<string, number>;
  /** The latest that a tick came, in milliseconds. */
  readonly latenessMs: number;
}

/** Milliseconds on the machine's monotonic clock, the same in all threads. */
export const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
