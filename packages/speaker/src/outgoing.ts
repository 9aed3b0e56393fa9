import type { GroupId, Heartbeat, HoldingChange, SpeakerMessage } from "@heraldlb/election";
import type { DefinitionPosition, ItemError } from "./definitions.ts";

/** What a speaker says on a stream: a message of the ownership protocol, or how far definitions are applied. */
export type Statement =
  | SpeakerMessage
  | { readonly type: "applied"; readonly position: DefinitionPosition; readonly errors: readonly ItemError[] };

/** A statement, and when it was made, in milliseconds. */
export interface Outgoing {
  readonly statement: Statement;
  readonly at: number;
}

interface OpenHoldings {
  readonly changed: HoldingChange[];
  readonly groups: Set<GroupId>;
}

// About 30 KB: what must leave at once waits for so much at most.
const LARGEST_HOLDINGS = 500;

/**
 * What waits to be sent on one stream, so arranged that a takeover of thousands of groups delays no sign of life.
 *
 * Changes of different groups that wait together leave as one `Holdings`; of heartbeats that wait only the newest is
 * sent, and before anything else. The revisions of holdings are those of the stream: each `Holdings` that leaves raises
 * them by one, and a heartbeat names the one before it.
 */
export class OutgoingQueue {
  #waiting: Outgoing[] = [];
  #head = 0;
  #heartbeat: { readonly statement: Heartbeat; readonly at: number } | undefined;
  #open: OpenHoldings | undefined;
  #revision = 0;

  /** How many statements wait. */
  get length(): number {
    return this.#waiting.length - this.#head + (this.#heartbeat ? 1 : 0);
  }

  /** Adds a statement. */
  put(statement: Statement, at: number): void {
    // Nothing about a group may overtake its ack.
    if (statement.type === "ack") this.#open?.groups.add(statement.group);
    if (statement.type === "heartbeat") this.#heartbeat = { statement, at };
    else if (statement.type !== "holdings") this.#waiting.push({ statement, at });
    else if (!this.#merge(statement.changed)) {
      const changed = [...statement.changed];
      this.#open = { changed, groups: new Set(changed.map(({ group }) => group)) };
      this.#waiting.push({ statement: { ...statement, changed }, at });
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
    if (statement.type === "hello") this.#revision = statement.holdingsRev;
    if (statement.type !== "holdings") return next;
    if (statement.changed === this.#open?.changed) this.#open = undefined;
    return { ...next, statement: { ...statement, rev: ++this.#revision } };
  }

  /** Two changes of one group stay two messages: what happened in between may have been acknowledged in between. */
  #merge(changed: readonly HoldingChange[]): boolean {
    const open = this.#open;
    if (!open || open.changed.length + changed.length > LARGEST_HOLDINGS) return false;
    if (changed.some(({ group }) => open.groups.has(group))) return false;
    for (const change of changed) {
      open.changed.push(change);
      open.groups.add(change.group);
    }
    return true;
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
