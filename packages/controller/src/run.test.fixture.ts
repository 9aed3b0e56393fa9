import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  AckKind,
  ByeReason,
  type ConnectRequest,
  type ConnectResponse,
  type ControllerStream,
  connectSpeaker,
  type Holding,
  HoldingState,
  type Security,
} from "@heraldlb/api";
import { type Endpoint, Health, MetricsAccess } from "@heraldlb/daemon";
import { DEFAULT_CONTROLLER_TIMERS } from "@heraldlb/election";
import { systemClock } from "@heraldlb/runtime";
import { type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { Registry } from "prom-client";
import { singly } from "./order.test.fixture.ts";
import { type RunOptions, runController } from "./run.ts";
import type { ControllerSecurity } from "./settings.ts";

const cleanups: (() => Promise<unknown>)[] = [];

/** Undoes what a test has begun, the last first. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** A folder with these files; text is written as it is, anything else as JSON, which is YAML too. */
export async function makeFolder(files: Readonly<Record<string, unknown>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "herald-controller-"));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) await put(folder, name, content);
  return folder;
}

/** Writes one file of a folder. */
export async function put(folder: string, name: string, content: unknown): Promise<void> {
  await mkdir(dirname(join(folder, name)), { recursive: true });
  await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
}

/** A controller that runs in this process. */
export interface Running {
  readonly endpoint: Endpoint;
  readonly log: RecordingLogger;
  readonly registry: Registry;
  readonly health: Health;
  /** Settles when the process would end. */
  readonly ended: Promise<void>;
  /** Ends it as SIGTERM does, and waits. */
  stop(): Promise<void>;
}

/** Starts a controller on a port of loopback that the kernel chooses. */
export async function startProcess(
  folder: string,
  changed: Partial<RunOptions> & { readonly security?: ControllerSecurity } = {},
): Promise<Running> {
  const ending = new AbortController();
  const log = recordingLogger();
  const registry = new Registry();
  const health = new Health();
  const listening = Promise.withResolvers<Endpoint>();
  const { security = "insecure", ...options } = changed;
  const ended = runController(
    {
      ...{
        source: { type: "files", folder },
        listen: { host: "127.0.0.1", port: 0 },
        namespace: undefined,
        loadBalancerClass: undefined,
      },
      ...{ ignoreExcludeLabel: false, onStranded: "keep" },
      timers: { ...DEFAULT_CONTROLLER_TIMERS, startHoldMs: 400, unknownStartHoldMs: 400 },
      services: { tokenAudience: "herald", speakerAccount: "herald-speaker", webhook: undefined },
      ...options,
    },
    {
      ...{ log, registry, health, security, signal: ending.signal, clock: systemClock },
      metrics: new MetricsAccess({ name: "herald-controller", clock: systemClock, log }),
      wallClock: () => Date.now(),
      onListening: listening.resolve,
    },
  );
  ended.catch(listening.reject);
  const stop = () => {
    ending.abort();
    return ended;
  };
  cleanups.push(() => stop().catch(() => {}));
  return { endpoint: await listening.promise, log, registry, health, ended, stop };
}

/** A speaker over real gRPC that obeys, and says what it was told. */
export class TestSpeaker {
  readonly node: string;
  readonly owned: Map<string, number> = new Map();
  readonly defined: Set<string> = new Set();
  replies = 0;
  lastReply: { readonly role: string; readonly firm: boolean; readonly term: number } | undefined;
  readonly ended: Promise<unknown>;
  readonly #stream: ControllerStream;
  readonly #abort: AbortController;
  #nextBeat: Disposable | undefined;
  #revision = 1n;

  constructor(node: string, stream: ControllerStream, abort: AbortController, hello: Hello) {
    this.node = node;
    this.#stream = stream;
    this.#abort = abort;
    this.#say({
      $case: "hello",
      value: {
        ...{ node, instance: `${node}-${Math.random()}`, bootId: "boot", startedAtMs: BigInt(Math.round(now())) },
        ...{ maxTerm: 0n, termHolder: "", holdingsRevision: this.#revision, holdings: [], appliedRevision: 0n },
        ...{ revisionHolder: "", stamp: BigInt(Math.round(now())) },
        links: [
          {
            ...{ name: "eth0", ifindex: 2, present: true, up: true, carrier: true, arp: true, ndp: true },
            mac: `02:00:00:00:00:0${node.at(-1)}`,
          },
        ],
        ...hello,
      },
    });
    this.#beat();
    this.ended = this.#listen().catch((error: unknown) => error);
    void this.ended.then(() => this.#nextBeat?.[Symbol.dispose]());
  }

  /** The process dies: the connection is cut. */
  kill(): void {
    this.#abort.abort();
  }

  /** Ends in good order. */
  async leave(): Promise<void> {
    this.#say({ $case: "bye", value: { reason: ByeReason.SHUTDOWN } });
    await this.#stream.close();
  }

  async #listen(): Promise<undefined> {
    for await (const { message } of this.#stream.messages) for (const each of singly(message)) this.#obey(each);
    return undefined;
  }

  #obey(message: ConnectResponse["message"]): void {
    switch (message?.$case) {
      case "reply": {
        const { role, firm, term } = message.value;
        this.replies++;
        this.lastReply = { role, firm, term: Number(term) };
        break;
      }
      case "snapshotChunk": {
        for (const { id } of message.value.groups) this.defined.add(id);
        if (message.value.last) this.#applied(message.value.revision);
        break;
      }
      case "delta":
        for (const { id } of message.value.changed) this.defined.add(id);
        for (const id of message.value.removed) this.defined.delete(id);
        this.#applied(message.value.revision);
        break;
      case "assign":
        if (this.defined.has(message.value.group)) {
          this.owned.set(message.value.group, Number(message.value.epoch?.counter));
          this.#hold(message.value, HoldingState.OWNER);
        }
        this.#say({ $case: "ack", value: { kind: AckKind.ASSIGN, ...message.value } });
        break;
      case "revoke":
        this.owned.delete(message.value.group);
        this.#hold(message.value, HoldingState.UNSPECIFIED);
        this.#say({ $case: "ack", value: { kind: AckKind.REVOKE, ...message.value } });
        break;
      default:
    }
  }

  #hold({ group, epoch }: Pick<Holding, "group" | "epoch">, state: HoldingState): void {
    this.#say({ $case: "holdings", value: { revision: ++this.#revision, changed: [{ group, epoch, state }] } });
  }

  #applied(revision: bigint): void {
    this.#say({ $case: "applied", value: { revision, errors: [] } });
  }

  #beat(): void {
    const value = { stamp: BigInt(Math.round(now())), maxTerm: 0n, termHolder: "", holdingsRevision: this.#revision };
    this.#say({ $case: "heartbeat", value: { ...value, workerAgeMs: 0 } });
    this.#nextBeat = systemClock.timer(100, () => this.#beat());
  }

  #say(message: NonNullable<ConnectRequest["message"]>): void {
    this.#stream.send({ message });
  }
}

type Hello = Partial<Extract<NonNullable<ConnectRequest["message"]>, { $case: "hello" }>["value"]>;

/** Dials as a node's speaker. */
export async function dial(
  { endpoint }: Pick<Running, "endpoint">,
  node: string,
  { security = "insecure", ...hello }: Hello & { readonly security?: Security } = {},
): Promise<TestSpeaker> {
  const abort = new AbortController();
  const stream = await connectSpeaker(
    {
      ...{ address: endpoint.host, port: endpoint.port, security, clock: systemClock },
      ...{ connectTimeoutMs: 5_000, setupTimeoutMs: 5_000 },
    },
    abort.signal,
  );
  const speaker = new TestSpeaker(node, stream, abort, hello);
  cleanups.push(async () => {
    speaker.kill();
    await speaker.ended;
  });
  return speaker;
}

const now = () => systemClock.now();
