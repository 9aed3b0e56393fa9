import {
  type ControllerConfig,
  type ControllerEffect,
  type ControllerEvent,
  type ControllerState,
  type GroupSpec,
  initialController,
  nextTerm,
  type SpeakerMessage,
  type StreamId,
  stepController,
} from "@heraldlb/election";
import type { Cluster } from "./cluster.ts";
import { groupSpec } from "./group.ts";
import { LeaseClient } from "./lease-client.ts";
import { Process } from "./process.ts";
import { logStory, ownerStory } from "./story.ts";
import type { Stream, StreamEnd } from "./stream.ts";

/** How often a standby tries the lock of the folder. */
const LOCK_RETRY_MS = 100;

/** The shell of a controller's machine, with a Lease, or with a term file under a lock. */
export class ControllerHost extends Process implements StreamEnd {
  readonly index: number;
  state!: ControllerState;
  #config!: ControllerConfig;
  readonly #streams = new Map<StreamId, Stream>();
  readonly #ids = new Map<Stream, StreamId>();
  #nextStream = 1;
  #lease: LeaseClient | undefined;
  #lockAt = 0;

  constructor(cluster: Cluster, index: number, host: string) {
    super(cluster, `c${index}`, host);
    this.index = index;
  }

  get identity(): string {
    return this.#config.identity;
  }

  get streams(): Iterable<Stream> {
    return this.#streams.values();
  }

  protected boot(): void {
    const { cluster } = this;
    const identity = `${this.name}/${this.life}`;
    this.#config = { identity, timers: cluster.controllerTimers, without: cluster.without.controller };
    this.#streams.clear();
    this.#ids.clear();
    this.state = initialController(this.#config);
    this.#lockAt = this.now;
    this.#lease = cluster.options.file
      ? undefined
      : new LeaseClient(this, { identity, without: cluster.without.lease });
    this.step({ type: "expect", nodes: cluster.nodes, now: this.now });
    for (const id of cluster.groupIds) {
      this.step({ type: "group", group: groupSpec(id, cluster.nodes, cluster.preferred.get(id)), now: this.now });
    }
    this.step({ type: "synced", now: this.now });
  }

  /** The source says something else about a group. */
  upsert(group: GroupSpec): void {
    if (this.isUp) this.deliver(this.life, "message", () => this.step({ type: "group", group, now: this.now }));
  }

  protected tick(): void {
    if (this.#lease) this.#lease.step({ type: "tick", highestTerm: nextTerm(this.state, 0) - 1, now: this.now });
    else this.#tryLock();
    this.step({ type: "tick", now: this.now });
  }

  protected hangUpAll(says: boolean): void {
    for (const stream of this.#streams.values()) stream.close(this, says ? "fin" : undefined);
  }

  onStreamMessage(stream: Stream, message: unknown): void {
    let id = this.#ids.get(stream);
    if (id === undefined) {
      id = this.#nextStream++;
      this.#ids.set(stream, id);
      this.#streams.set(id, stream);
    }
    // A stream carries what its other end sends: a SpeakerHost.
    this.step({ type: "received", stream: id, message: message as SpeakerMessage, now: this.now });
  }

  onStreamEnd(stream: Stream): void {
    const id = this.#ids.get(stream);
    if (id === undefined) return;
    this.#streams.delete(id);
    this.step({ type: "closed", stream: id, now: this.now });
  }

  /** Steps the machine, and carries out what it says. */
  step(event: ControllerEvent): void {
    const { state, effects } = stepController(this.state, event, this.#config);
    this.state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ControllerEffect): void {
    const { cluster } = this;
    switch (effect.type) {
      case "log":
        cluster.tell(this.name, () => logStory(effect));
        return;
      case "send":
        this.#streams.get(effect.stream)?.send(this, effect.message);
        return;
      case "close": {
        const isReplaced = effect.reason === "replaced" || effect.reason === "refused";
        this.#streams.get(effect.stream)?.close(this, isReplaced ? "replaced" : "fin");
        this.#streams.delete(effect.stream);
        return;
      }
      case "owner":
        cluster.tell(this.name, () => ownerStory(effect));
        cluster.watch.onOwner(this, effect);
        return;
      case "stepDown":
        if (this.#lease) this.#lease.step({ type: "stepDown", above: effect.above, now: this.now });
        else this.#leadByFile();
        return;
    }
  }

  #tryLock(): void {
    const { cluster } = this;
    if (this.state.role === "leader" || this.now < this.#lockAt) return;
    this.#lockAt = this.now + LOCK_RETRY_MS;
    if (cluster.takeLock(this)) this.#leadByFile();
  }

  #leadByFile(): void {
    const { cluster } = this;
    cluster.fileTerm = nextTerm(this.state, cluster.fileTerm);
    this.step({ type: "lead", term: cluster.fileTerm, now: this.now });
  }
}
