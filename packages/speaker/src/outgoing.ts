import type { Ack, GroupId, Heartbeat, HoldingChange, SpeakerMessage } from "@heraldlb/election";
import type { DefinitionPosition, ItemError } from "./definitions.ts";
import type { WireReport } from "./report.ts";

/** What a speaker says on a stream: a message of the ownership protocol, or what became of what it was told. */
export type Statement =
  | SpeakerMessage
  | WireReport
  | { readonly type: "applied"; readonly position: DefinitionPosition; readonly errors: readonly ItemError[] };

/** A statement in the form in which it leaves: acks of orders that came together do so, too. */
export type SentStatement =
  | Exclude<Statement, Ack>
  | {
      readonly type: "acks";
      /** At least one. */
      readonly acks: readonly Ack[];
    };

/** A statement that leaves, and when it was made, in milliseconds. */
export interface Outgoing {
  readonly statement: SentStatement;
  readonly at: number;
}

interface OpenHoldings {
  readonly changed: HoldingChange[];
  readonly groups: Set<GroupId>;
}

// About 30 KB: what must leave at once waits for so much at most.
const LARGEST_MESSAGE = 500;

/**
 * What waits to be sent on one stream, so arranged that a takeover of thousands of groups delays no sign of life.
 *
 * Changes of different groups that wait together leave as one `Holdings`, and acks as one `Acks`; of heartbeats that wait only the newest is
 * sent, and before anything else. The revisions of holdings are those of the stream: each `Holdings` that leaves raises
 * them by one, and a heartbeat names the one before it.
 */
export class OutgoingQueue {
  #waiting: Outgoing[] = [];
  #head = 0;
  #heartbeat: { readonly statement: Heartbeat; readonly at: number } | undefined;
  #open: OpenHoldings | undefined;
  /** The last that waits, if more may be added to it. */
  #acks: Ack[] | undefined;
  #revision = 0;

  /** How many statements wait. */
  get length(): number {
    return this.#waiting.length - this.#head + (this.#heartbeat ? 1 : 0);
  }

  /** Adds a statement. */
  put(statement: Statement, at: number): void {
    switch (statement.type) {
      case "heartbeat":
        this.#heartbeat = { statement, at };
        return;
      case "ack":
        this.#putAck(statement, at);
        return;
      case "holdings":
        if (this.#merge(statement.changed)) return;
        this.#open = {
          changed: [...statement.changed],
          groups: new Set(statement.changed.map(({ group }) => group)),
        };
        this.#push({ statement: { ...statement, changed: this.#open.changed }, at });
        return;
      default:
        this.#push({ statement, at });
    }
  }

  /** Takes out what is to be sent next. */
  take(): Outgoing | undefined {
    const heartbeat = this.#heartbeat;
    const isFirst = this.#waiting[this.#head]?.statement.type === "hello";
    if (heartbeat && !isFirst) {
      this.#heartbeat = undefined;
      return { statement: { ...heartbeat.statement, holdingsRev: this.#revision }, at: heartbeat.at };
    }
    const next = this.#shift();
    if (!next) return undefined;
    const { statement } = next;
    if (statement.type === "acks" && statement.acks === this.#acks) this.#acks = undefined;
    if (statement.type === "hello") this.#revision = statement.holdingsRev;
    if (statement.type !== "holdings") return next;
    if (statement.changed === this.#open?.changed) this.#open = undefined;
    return { ...next, statement: { ...statement, rev: ++this.#revision } };
  }

  /** Two changes of one group stay two messages: what happened in between may have been acknowledged in between. */
  #merge(changed: readonly HoldingChange[]): boolean {
    const open = this.#open;
    if (!open || open.changed.length + changed.length > LARGEST_MESSAGE) return false;
    if (changed.some(({ group }) => open.groups.has(group))) return false;
    for (const change of changed) {
      open.changed.push(change);
      open.groups.add(change.group);
    }
    return true;
  }

  #putAck(ack: Ack, at: number): void {
    // Nothing about a group may overtake its ack.
    this.#open?.groups.add(ack.group);
    if (this.#acks && this.#acks.length < LARGEST_MESSAGE) {
      this.#acks.push(ack);
      return;
    }
    const acks = [ack];
    this.#push({ statement: { type: "acks", acks }, at });
    this.#acks = acks;
  }

  #push(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    // An ack does not overtake it.
    this.#acks = undefined;
  }

  #shift(): Outgoing | undefined {
    if (this.#head === this.#waiting.length) return undefined;
    const next = this.#waiting[this.#head++];
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return next;
  }
}
