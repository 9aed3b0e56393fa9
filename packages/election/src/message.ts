import type { Epoch } from "./epoch.ts";
import type { GroupId, Holding, HoldingChange, NodeName } from "./group.ts";
import type { Link } from "./link.ts";

/** Why a speaker closes a stream on purpose. A stream that ends without one is a dead process. */
export type ByeReason = "lostController" | "shutdown" | "replaced";

/** Which orders a speaker acknowledges; `stale`: an Assign or Leave that it ignored, for its echo was too old. */
export type AckKind = "assign" | "leave" | "revoke" | "stale";

/** Whether a controller replica decides (`leader`) or only listens (`standby`). */
export type Role = "leader" | "standby";

/** The first message on a stream. It replaces whatever the controller knew of the speaker. */
export interface Hello {
  readonly type: "hello";
  readonly node: NodeName;
  /** Random, drawn once per process. */
  readonly instance: string;
  /** The kernel's boot id: another one means that the node was rebooted. */
  readonly bootId: string;
  /** Milliseconds from boot to the start of the process: of two processes of one boot the later one is the real one. */
  readonly startedAt: number;
  /** Opaque to the controller, which echoes it; see {@link Heartbeat}. */
  readonly stamp: number;
  readonly maxTerm: number;
  readonly termHolder: string;
  readonly holdingsRev: number;
  readonly holdings: readonly Holding[];
  readonly links: readonly Link[];
}

/** "I am alive", every interval and to every replica. */
export interface Heartbeat {
  readonly type: "heartbeat";
  /** The speaker's own monotonic clock in milliseconds; the `Reply` echoes it. */
  readonly stamp: number;
  /** The highest term that the speaker has heard of, 0 for none, and the identity of the process that led in it. */
  readonly maxTerm: number;
  readonly termHolder: string;
  /** Revision of the last {@link Holdings}: a controller that knows another one has lost a message. */
  readonly holdingsRev: number;
  /**
   * Milliseconds since the answering thread last ran, when the message left. The machine says 0; a shell that carries
   * the message through another thread adds the time that it waited there. At the detection time or above the
   * heartbeat proves nothing.
   */
  readonly workerAge: number;
}

/** What changed in the speaker's holdings since revision `rev - 1`, at once and to every replica. */
export interface Holdings {
  readonly type: "holdings";
  readonly rev: number;
  readonly changed: readonly HoldingChange[];
}

/** All allowed interfaces, on every change. */
export interface Links {
  readonly type: "links";
  readonly links: readonly Link[];
}

/** `assign`: the first announcement is on the wire. `leave`, `revoke`: in force. `stale`: to be ordered again. */
export interface Ack {
  readonly type: "ack";
  readonly kind: AckKind;
  readonly group: GroupId;
  readonly epoch: Epoch;
}

/** Sent before every deliberate close. */
export interface Bye {
  readonly type: "bye";
  readonly reason: ByeReason;
}

/** The node is unfit from now on: hand everything over, then say `drained`. */
export interface Drain {
  readonly type: "drain";
}

/** What a speaker tells every controller replica about ownership. */
export type SpeakerMessage = Hello | Heartbeat | Holdings | Links | Ack | Bye | Drain;

/** The answer to every `Hello` and `Heartbeat`, by standbys too. */
export interface Reply {
  readonly type: "reply";
  readonly role: Role;
  /** The replying process's own latest term, 0 before its first. */
  readonly term: number;
  /** The replying process's own lease identity, random per process start. */
  readonly holder: string;
  /** Its lease was renewed less than 2 s ago. */
  readonly firm: boolean;
  readonly intervalMs: number;
  /** D, the detection time. */
  readonly detectionMs: number;
  /** The stamp of the message that this answers. */
  readonly echo: number;
}

/** "You own the group." */
export interface Assign {
  readonly type: "assign";
  readonly group: GroupId;
  readonly epoch: Epoch;
  /** The last stamp heard from the speaker; it ignores an Assign whose echo is older than D. */
  readonly echo: number;
}

/** "You are being replaced: answer, but neither announce nor defend." */
export interface Leave {
  readonly type: "leave";
  readonly group: GroupId;
  readonly epoch: Epoch;
  readonly echo: number;
}

/** "Stop answering, forget the group." */
export interface Revoke {
  readonly type: "revoke";
  readonly group: GroupId;
  readonly epoch: Epoch;
}

/** "Everything is handed over": the draining speaker may end. */
export interface Drained {
  readonly type: "drained";
}

/** What a controller replica tells a speaker about ownership. Only a leader sends anything but `reply`. */
export type ControllerMessage = Reply | Assign | Leave | Revoke | Drained;
