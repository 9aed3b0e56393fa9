import type { ConnectRequest, ConnectResponse } from "@heraldlb/api";
import type { Health } from "@heraldlb/daemon";
import type { DialId, GroupId, ReplicaId, Reply } from "@heraldlb/election";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { BgpLoader } from "./bgp-loader.ts";
import { type ControllerAddresses, formatKnownAddresses } from "./controller-addresses.ts";
import {
  type DefinitionChange,
  type DefinitionChunk,
  type DefinitionDelta,
  type Definitions,
  SnapshotAssembly,
} from "./definitions.ts";
import { countStateChange, recordStatistics, type SpeakerMetrics } from "./metrics.ts";
import type { Outgoing } from "./outgoing.ts";
import type { OwnershipRecord } from "./ownership-record.ts";
import type { Reporter } from "./report.ts";
import type { StateFolder } from "./state-folder.ts";
import type { Streams } from "./streams.ts";
import { encodeDefinitions, fromResponse, toRequest } from "./translate.ts";
import type { FromWorker, OrderError, ToWorker } from "./worker-messages.ts";

/** What a {@link Speaker} works with. */
export interface SpeakerParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: SpeakerMetrics;
  readonly health: Health;
  readonly folder: StateFolder;
  readonly definitions: Definitions;
  readonly ownership: OwnershipRecord;
  readonly controllers: ControllerAddresses;
  readonly streams: Streams;
  readonly bgp: BgpLoader;
  readonly reports: Reporter;
  /** Tells the answering thread. */
  tell(message: ToWorker): void;
  /** The time in milliseconds, as the answering thread says it too. */
  now(): number;
}

/** What is known of an open stream. */
interface Stream {
  readonly replica: ReplicaId;
  readonly assembly: SnapshotAssembly;
  /** Whose definitions its deltas follow on. */
  origin: string;
  reply: Reply | undefined;
}

const ORDER_ERRORS: Readonly<Record<OrderError["reason"], string>> = {
  unknownGroup: "an order names a group that is not defined",
  noInterface: "no interface is there that can announce it",
  wire: "the kernel refused to send its announcement",
};

const DEFAULT_DETECTION_MS = 300;
// The thread's promise is to yield every 50 ms; a slice this large takes a fraction of that.
const SLICE_GROUPS = 500;

/**
 * The main thread's half of a speaker: carries messages between the answering thread and the streams, applies
 * definitions, and keeps the state folder and the metrics. It decides nothing about ownership.
 */
export class Speaker {
  readonly #parts: SpeakerParts;
  readonly #streams = new Map<DialId, Stream>();
  readonly #exit = Promise.withResolvers<Extract<FromWorker, { type: "exit" }>>();
  #detectionMs = DEFAULT_DETECTION_MS;

  constructor(parts: SpeakerParts) {
    this.#parts = parts;
  }

  /** Resolves when the ownership machine says that the process is to end. */
  get exit(): Promise<Extract<FromWorker, { type: "exit" }>> {
    return this.#exit.promise;
  }

  /** Tells the answering thread what is known before any controller is heard. */
  start(): void {
    const { definitions, controllers, health, tell } = this.#parts;
    health.unready("definitions", "no controller has sent any");
    tell({ type: "define", changed: [...definitions.groups], removed: [] });
    const peers = definitions.bgp.peers.map((peer) => ({ type: "peer", peer }) as const);
    if (peers.length > 0) this.#parts.bgp.apply(peers, () => definitions.bgp);
    this.#showDefinitions();
    this.replicasChanged();
    controllers.refresh();
  }

  /** The controllers' addresses have changed. */
  replicasChanged(): void {
    const { controllers, folder, tell } = this.#parts;
    tell({ type: "replicas", replicas: controllers.replicas.map(({ id }) => id) });
    if (Object.keys(controllers.known).length > 0) {
      folder.write("controllers.json", () => formatKnownAddresses(controllers.known));
    }
  }

  connected(dial: DialId): void {
    this.#parts.tell({ type: "connected", dial });
  }

  opened(dial: DialId, replica: ReplicaId): void {
    const { metrics, tell, definitions } = this.#parts;
    const origin = definitions.position.holder;
    this.#streams.set(dial, { replica, assembly: new SnapshotAssembly(), origin, reply: undefined });
    metrics.streamOpen.set({ replica }, 1);
    tell({ type: "opened", dial });
  }

  closed(dial: DialId, replaced: boolean): void {
    this.#forget(dial);
    this.#parts.tell({ type: "closed", dial, replaced });
  }

  /** Deals with a message of a controller. Rejects if the stream must be begun anew. */
  async received(dial: DialId, response: ConnectResponse): Promise<void> {
    const stream = this.#streams.get(dial);
    const received = stream && fromResponse(response);
    if (!received) return;
    if (received.type === "orders") {
      for (const message of received.messages) {
        if (message.type === "reply") this.#noteReply(dial, stream, message);
        this.#parts.tell({ type: "received", dial, message });
      }
    } else if (received.type === "peers") {
      this.#parts.tell({ type: "peers", macs: received.macs });
    } else if (!this.#isOvertaken(stream)) {
      const change =
        received.type === "chunk" ? this.#chunk(stream, received.chunk) : this.#delta(stream, received.delta);
      if (change) await this.#apply(dial, change);
    }
  }

  /** Carries out what the answering thread says. */
  handle(message: FromWorker): void {
    const { streams, log, metrics, controllers, ownership, folder } = this.#parts;
    switch (message.type) {
      case "send":
        streams.send(message.dial, message.message, message.at);
        break;
      case "dial":
        streams.dial(message);
        controllers.refresh();
        break;
      case "close":
        streams.close(message.dial);
        this.#forget(message.dial);
        break;
      case "answer":
        this.#answer(message.group, message.mode !== "none");
        break;
      case "links":
        this.#parts.reports.linksChanged(message.links);
        break;
      case "orderErrors":
        this.#orderErrors(message.replica, message.errors);
        break;
      case "persist":
        ownership.apply(message);
        folder.write("ownership.json", () => ownership.format());
        break;
      case "log":
        log[message.level](message.message, message.fields);
        countStateChange(metrics, message);
        break;
      case "counts":
        for (const counts of message.counts) metrics.addresses.add(counts);
        break;
      case "statistics":
        recordStatistics(metrics, message.statistics);
        break;
      case "bfdReport":
        this.#parts.bgp.loaded?.bfdChanged(message.report);
        break;
      case "bfdStatistics":
        this.#parts.bgp.loaded?.bfdCounted(message.statistics);
        break;
      case "exit":
        this.#exit.resolve(message);
        break;
    }
  }

  /** What leaves on a stream, at the moment that it does. A heartbeat that waited too long proves nothing but that. */
  encode({ statement, at }: Outgoing, replica: ReplicaId): ConnectRequest | undefined {
    const { definitions, metrics, now } = this.#parts;
    const ageMs = Math.max(0, now() - at);
    if (statement.type === "heartbeat") {
      if (statement.workerAge + ageMs >= this.#detectionMs) return undefined;
      metrics.heartbeatsSent.inc({ replica });
    }
    return toRequest(statement, { applied: definitions.position, ageMs });
  }

  #noteReply(dial: DialId, stream: Stream, reply: Reply): void {
    const { metrics, definitions, reports } = this.#parts;
    if (!stream.reply) reports.begin(dial);
    stream.reply = reply;
    metrics.repliesReceived.inc({ replica: stream.replica });
    if (reply.role !== "leader") return;
    this.#detectionMs = reply.detectionMs;
    // It knows what is applied already, from the Hello, and sends what is lacking.
    if (definitions.position.revision > 0n && definitions.position.holder === reply.holder) this.#ready();
  }

  /** Whether a stream's leader has a successor: what it still sends is of the past. */
  #isOvertaken({ reply }: Stream): boolean {
    if (reply?.role !== "leader") return false;
    for (const { reply: other } of this.#streams.values()) {
      if (other?.role === "leader" && other.term > reply.term) return true;
    }
    return false;
  }

  #chunk(stream: Stream, chunk: DefinitionChunk): DefinitionChange | undefined {
    const snapshot = stream.assembly.add(chunk);
    if (!snapshot) return undefined;
    const { revision, holder } = chunk;
    stream.origin = holder;
    return this.#parts.definitions.replace({ revision, holder }, snapshot);
  }

  #delta({ origin }: Stream, delta: DefinitionDelta): DefinitionChange | undefined {
    const { definitions } = this.#parts;
    if (origin !== definitions.position.holder) return undefined;
    const change = definitions.update(delta);
    if (change) return change;
    definitions.distrust();
    throw new Error("a delta that does not follow on what is applied");
  }

  /** The answering thread gets definitions before the orders that come after them on the stream. */
  async #apply(dial: DialId, { changed, removed, errors, bgp = [] }: DefinitionChange): Promise<void> {
    const { definitions, folder, log, streams, tell, clock, now, reports } = this.#parts;
    const { position } = definitions;
    if (bgp.length > 0) this.#parts.bgp.apply(bgp, () => definitions.bgp);
    tell({ type: "define", changed: [], removed });
    for (let at = 0; at < changed.length; at += SLICE_GROUPS) {
      tell({ type: "define", changed: changed.slice(at, at + SLICE_GROUPS), removed: [] });
      if (changed.length > SLICE_GROUPS) await clock.sleep(0);
    }
    reports.redefine(changed);
    streams.send(dial, { type: "applied", position, errors }, now());
    folder.write("desired.bin", () =>
      encodeDefinitions({
        ...{ position: definitions.savedPosition, groups: [...definitions.groups] },
        ...{ bgp: definitions.bgp, services: definitions.services.all },
      }),
    );
    log.info("definitions applied", {
      revision: Number(position.revision),
      holder: position.holder,
      changed: changed.length,
      removed: removed.length,
      bgp: bgp.length,
      errors,
    });
    this.#showDefinitions();
    this.#ready();
  }

  #orderErrors(replica: ReplicaId, orders: readonly OrderError[]): void {
    const { streams, definitions, now } = this.#parts;
    const dial = streams.find(replica);
    if (dial === undefined) return;
    const errors = orders.map(({ group, reason }) => ({ group, reason, message: ORDER_ERRORS[reason] }));
    streams.send(dial, { type: "applied", position: definitions.position, errors }, now());
  }

  #ready(): void {
    this.#parts.health.ready("definitions");
  }

  #showDefinitions(): void {
    const { definitions, metrics } = this.#parts;
    metrics.revision.set(Number(definitions.position.revision));
    metrics.definitions.set(definitions.size);
  }

  #answer(id: GroupId, isAnswered: boolean): void {
    const { definitions, ownership, reports } = this.#parts;
    reports.answer(id, isAnswered ? (definitions.find(id) ?? ownership.find(id)) : undefined);
  }

  #forget(dial: DialId): void {
    const stream = this.#streams.get(dial);
    if (!stream) return;
    this.#streams.delete(dial);
    this.#parts.reports.end(dial);
    this.#parts.metrics.streamOpen.set({ replica: stream.replica }, 0);
  }
}
