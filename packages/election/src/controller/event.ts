import type { Family } from "@heraldlb/net";
import type { Epoch } from "../epoch.ts";
import type { GroupId, InterfaceSet, NodeName } from "../group.ts";
import type { LogEffect } from "../log.ts";
import type { ControllerMessage, SpeakerMessage } from "../message.ts";

/** A speaker's stream at this replica, numbered by the shell; never reused within a process. */
export type StreamId = number;

/** A node that advertisement, exclusion rules and endpoints permit to own a group. */
export interface Candidate {
  readonly node: NodeName;
  /** The highest `preferredNodeSelectors` weight that applies; 0 if none does. */
  readonly preference: number;
  /**
   * `sha256(node + "#" + first address)` in lower-case hex, or a prefix of it that is as long for every candidate: the
   * last tie-break, lowest first. Hashing is the shell's, once per pair.
   */
  readonly score: string;
  /** Where the node may announce, for each family of the group. A family that is absent has no interface there. */
  readonly interfaces: Readonly<Partial<Record<Family, InterfaceSet>>>;
}

/** What the controller's machine needs to know of a group. */
export interface GroupSpec {
  readonly id: GroupId;
  readonly families: readonly Family[];
  readonly candidates: readonly Candidate[];
  /**
   * This very process has just given the group its address, so no speaker can hold it and nobody is waited for. Counts
   * when the group is new to the machine.
   */
  readonly fresh: boolean;
}

/** What the controller's shell tells its machine. `now` is the shell's monotonic clock in milliseconds. */
export type ControllerEvent = { readonly now: number } /** Every `tickMs`. */ & (
  | { readonly type: "tick" }
  /**
   * A message of the ownership protocol. The shell has checked that the node of a Hello is the one that the stream's
   * credentials prove, and passes on nothing before the Hello.
   */
  | { readonly type: "received"; readonly stream: StreamId; readonly message: SpeakerMessage }
  /** A stream has ended, by whomever, once per stream; not needed after a `close` effect. */
  | { readonly type: "closed"; readonly stream: StreamId }
  /**
   * Orders to the speaker still wait in the shell: the detection time in which it must acknowledge one begins anew. To
   * be told while they do, every interval at least.
   */
  | { readonly type: "ordersWait"; readonly stream: StreamId }
  /**
   * This process leads in `term`, which nobody has led in: {@link nextTerm} tells the lowest possible. Comes again
   * with a higher one after a `stepDown` effect.
   */
  | { readonly type: "lead"; readonly term: number }
  /** The lease was renewed within 2 s, or no longer was. A leader begins firm. */
  | { readonly type: "firm"; readonly firm: boolean }
  /** Another process leads, or this one gives the lease up. */
  | { readonly type: "standby" }
  /** A group is new or changed. */
  | { readonly type: "group"; readonly group: GroupSpec }
  | { readonly type: "groupRemoved"; readonly group: GroupId }
  /** The nodes whose speakers are awaited at the start of a term: all those that can be expected to have one. */
  | { readonly type: "expect"; readonly nodes: readonly NodeName[] }
  /** The source was read completely, and all its groups were given: from now on an unlisted group is unknown. */
  | { readonly type: "synced" }
);

/** Why a group got its owner, or lost it. */
export type OwnerReason =
  /** A speaker already answered for it at the start of the term. */
  | "adopted"
  /** Nobody had it. */
  | "ranked"
  /** Nobody answered; the latest holder got it back. */
  | "resumed"
  | "ownerDead"
  | "ownerUnable"
  | "notPermitted"
  | "unacknowledged"
  /** The owner should hold it and doesn't: the same owner again. */
  | "repaired"
  | "handedOver"
  | "handOverFailed"
  | "groupRemoved";

/** What the shell must do, in order. */
export type ControllerEffect =
  | LogEffect
  /** Put a message into the stream; order within one stream is kept. Definitions of a group go before its Assign. */
  | { readonly type: "send"; readonly stream: StreamId; readonly message: ControllerMessage }
  /**
   * End the stream once what was sent is flushed. `replaced` and `refused` end it with the status ALREADY_EXISTS and
   * the text "REPLACED", `protocol` with FAILED_PRECONDITION, `silent` and `bye` anyhow.
   */
  | {
      readonly type: "close";
      readonly stream: StreamId;
      readonly reason: "silent" | "replaced" | "refused" | "protocol" | "bye";
    }
  /** The group's owner has changed, or its epoch has: the shell logs and counts it. No node: nobody owns it. */
  | {
      readonly type: "owner";
      readonly group: GroupId;
      readonly node: NodeName | undefined;
      readonly epoch: Epoch;
      readonly reason: OwnerReason;
    }
  /**
   * Another process has led in this term or a later one: the machine is a standby from now on, and the shell gives the
   * lease up, or with the lock still held takes a term above `above` and steps `lead` again.
   */
  | { readonly type: "stepDown"; readonly above: number };
