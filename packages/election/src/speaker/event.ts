import type { Ip, Mac } from "@heraldlb/net";
import type { Epoch } from "../epoch.ts";
import type { GroupDefinition, GroupId, InterfaceSet } from "../group.ts";
import type { Link } from "../link.ts";
import type { LogEffect } from "../log.ts";
import type { ByeReason, ControllerMessage, SpeakerMessage } from "../message.ts";

/** A controller replica: the address that is dialled, as text. */
export type ReplicaId = string;

/** One attempt to reach a replica. The machine numbers them in its `dial` effects; never reused within a process. */
export type DialId = number;

/**
 * What the speaker's shell tells its machine. `now` is the shell's monotonic clock in milliseconds, which also counts
 * the time that the process was stopped; it never goes back.
 *
 * `tick` comes every `tickMs`, and before anything is read after a stall; see {@link isSpeakerStalled}.
 *
 * Stream events carry the `dial` of the effect that began the attempt; the machine ignores those of an attempt that
 * it has closed, so the shell need not filter what was under way between its threads.
 */
export type SpeakerEvent = { readonly now: number } & (
  | { readonly type: "tick" }
  /** The replicas to hold a stream to: first thing after the start, and whenever names resolve differently. */
  | { readonly type: "replicas"; readonly replicas: readonly ReplicaId[] }
  /** TCP stands. A shell that cannot tell says so as soon as it begins to dial. */
  | { readonly type: "connected"; readonly dial: DialId }
  /** The stream takes messages: the machine answers with `send` of Hello. */
  | { readonly type: "opened"; readonly dial: DialId }
  /**
   * The attempt failed or the stream ended, by whomever, once per dial; not needed after a `close` effect.
   * `replaced`: it ended with the status ALREADY_EXISTS, so a newer process of this node has taken over.
   */
  | { readonly type: "closed"; readonly dial: DialId; readonly replaced: boolean }
  /** A message of the ownership protocol; definitions and reports are the shell's own. */
  | { readonly type: "received"; readonly dial: DialId; readonly message: ControllerMessage }
  /** A group of the desired state is new or has changed. Comes before any Assign of it. */
  | { readonly type: "define"; readonly group: GroupDefinition }
  /** A group has left the desired state: nothing of it is answered any longer. */
  | { readonly type: "undefine"; readonly group: GroupId }
  /** All allowed interfaces, at the start and on every change of one of them. */
  | { readonly type: "links"; readonly links: readonly Link[] }
  /** Any interface of the node, the management network's too, has got carrier: dial at once. */
  | { readonly type: "networkUp" }
  /** MACs of all known Herald nodes: under a leader that is not firm nobody else's claims make an owner yield. */
  | { readonly type: "peers"; readonly macs: readonly Mac[] }
  /** ARP with this sender address (reply, request or gratuitous), or a Neighbor Advertisement for it. */
  | { readonly type: "claim"; readonly address: Ip; readonly mac: Mac; readonly interface: string }
  /** An ARP probe (sender 0.0.0.0), or a Neighbor Solicitation from `::`, for this address. */
  | { readonly type: "probe"; readonly address: Ip; readonly mac: Mac; readonly interface: string }
  /** The round of an `announce` effect with `confirm` is on the wire, on one interface at least. */
  | { readonly type: "announced"; readonly group: GroupId; readonly epoch: Epoch }
  /** The kernel refused to send that round, on every usable interface. The next round is another attempt. */
  | { readonly type: "notSent"; readonly group: GroupId; readonly epoch: Epoch }
  /** SIGTERM. The machine ends with an `exit` effect, 2 s later at the latest. */
  | { readonly type: "drain" }
);

/**
 * Why an order is not carried out: the group was never defined; or it is owned, but there is no usable interface to
 * announce it on, or the kernel refused to send.
 */
export type OrderErrorReason = "unknownGroup" | "noInterface" | "wire";

/** Which packets for a group's addresses the shell answers by itself. Probes are answered to their sender. */
export type AnswerMode = "all" | "requests" | "none";

/** One group in the state folder. */
export interface SavedGroup extends GroupDefinition {
  readonly epoch: Epoch;
}

/** The contents of the state folder's `ownership.json`. */
export interface SavedOwnership {
  readonly bootId: string;
  readonly maxTerm: number;
  readonly termHolder: string;
  readonly groups: readonly SavedGroup[];
}

/** What the shell must do. Effects are carried out in order, each before the next event is stepped. */
export type SpeakerEffect =
  | LogEffect
  /** Put a message into the dial's stream. Order within one stream is kept; a full stream buffers, never drops. */
  | {
      readonly type: "send";
      readonly replica: ReplicaId;
      readonly dial: DialId;
      readonly message: SpeakerMessage;
    }
  /**
   * Wait `delayMs * (1 - jitter * random())`, random drawn in [0, 1), then connect. The limits on it are the
   * machine's: it closes an attempt that takes too long.
   */
  | {
      readonly type: "dial";
      readonly replica: ReplicaId;
      readonly dial: DialId;
      readonly delayMs: number;
      readonly jitter: number;
    }
  /**
   * Abandon the attempt, or end the stream: half-close it behind what was sent, then read on and throw away until the
   * controller has ended its side, for 2 s at most. Data that reaches a closed socket resets the connection, and the
   * reset overtakes a Bye that waits for retransmission: the controller would take this process for dead.
   */
  | { readonly type: "close"; readonly replica: ReplicaId; readonly dial: DialId }
  /**
   * From now on answer so for the group's addresses, as last defined. In force when the effect returns: no frame that
   * is read later is treated by the old mode. Every group begins with `none`.
   */
  | { readonly type: "answer"; readonly group: GroupId; readonly mode: AnswerMode }
  /**
   * One gratuitous round (both ARP forms, or an unsolicited NA) for each address of the group, on those of these
   * interfaces that its definition allows and that are usable. The shell may pace many; it drops those of a group
   * whose answer mode has meanwhile left `all`. With `confirm` it steps `announced` with this epoch once the round is
   * on the wire, `notSent` if the kernel takes it on no interface, and neither while no interface is usable.
   */
  | {
      readonly type: "announce";
      readonly group: GroupId;
      readonly epoch: Epoch;
      readonly interfaces: InterfaceSet;
      readonly confirm: boolean;
    }
  /** One ARP probe, or Neighbor Solicitation from `::`, for each address of the group, at once; to `to` or to all. */
  | {
      readonly type: "probe";
      readonly group: GroupId;
      readonly interfaces: InterfaceSet;
      readonly to?: Mac;
    }
  /** Throw away unread whatever frames arrived before now: they were queued while this process was stopped. */
  | { readonly type: "dropFrames" }
  /** An order could not be carried out, or not yet: to be reported to the replica as that item's error. */
  | {
      readonly type: "orderError";
      readonly replica: ReplicaId;
      readonly group: GroupId;
      readonly reason: OrderErrorReason;
    }
  /** Changes to the saved state; the shell keeps the whole and writes it when it likes, soon. No fsync needed. */
  | {
      readonly type: "persist";
      readonly maxTerm: number;
      readonly termHolder: string;
      readonly saved: readonly SavedGroup[];
      readonly forgotten: readonly GroupId[];
    }
  /** Flush the streams and end the process: 0 after a drain, 1 if another process of this node has replaced it. */
  | { readonly type: "exit"; readonly code: 0 | 1; readonly reason: ByeReason };
