import { type ChildProcessByStdio, spawn } from "node:child_process";
import { extname } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { LinkError } from "./link-error.ts";
import {
  type CaptureCounters,
  type CaptureFailure,
  type CaptureSettings,
  decodeCounters,
  decodeJson,
  encodeJson,
  encodeMessage,
  FROM_HELPER,
  MessageSplitter,
  type PipeMessage,
  TO_HELPER,
} from "./pcap-wire.ts";

/** Told by a {@link PcapProcess}, until it is stopped. */
export interface PcapProcessHandlers {
  onReady(): void;
  /** Views that are valid during the call only. */
  onFrames(frames: readonly Uint8Array[]): void;
  /** It ended by itself. Nothing comes after this. */
  onEnd(error: LinkError): void;
}

// Beyond this the helper is not reading, as while it is flooded.
const MAX_UNSENT_BYTES = 1 << 20;

/** One helper process: one pcap session on one interface that is up. */
export class PcapProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #handlers: PcapProcessHandlers;
  readonly #splitter = new MessageSplitter();
  readonly #exited: Promise<void>;
  #counters: CaptureCounters = { dropped: 0, oversized: 0, unsent: 0 };
  #waiting: (() => void)[] = [];
  #failure: CaptureFailure | undefined;
  #stopped = false;

  constructor(settings: CaptureSettings, handlers: PcapProcessHandlers) {
    this.#handlers = handlers;
    const helper = new URL(`./pcap-helper${extname(import.meta.url)}`, import.meta.url);
    const child = spawn(process.execPath, [fileURLToPath(helper)], { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#exited = promise;
    child.on("error", (cause) => {
      this.#failure ??= { code: "system", message: String(cause) };
      if (child.pid === undefined) this.#end(resolve);
    });
    // "close" rather than "exit": the pipes are gone too.
    child.on("close", () => this.#end(resolve));
    child.stdout.on("data", (piece: Uint8Array) => this.#take(this.#splitter.push(piece)));
    // Writing to a process that died says so here, and its end says it again.
    child.stdin.on("error", () => {});
    child.stdin.write(encodeJson(TO_HELPER.configure, settings));
  }

  /** Counters as last reported. */
  get counters(): CaptureCounters {
    return this.#counters;
  }

  /** Hands a frame over; false if the process does not keep up. */
  send(frame: Uint8Array): boolean {
    if (this.#stopped || this.#child.stdin.writableLength > MAX_UNSENT_BYTES) return false;
    this.#child.stdin.write(encodeMessage(TO_HELPER.frame, frame));
    return true;
  }

  /** Counters as of now; as last reported if the process ends meanwhile. */
  async count(): Promise<CaptureCounters> {
    if (!this.#stopped) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        this.#child.stdin.write(encodeMessage(TO_HELPER.count));
      });
    }
    return this.#counters;
  }

  /** Ends the process; no handler is called any more. Resolves when it is gone. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#child.kill("SIGKILL");
    return this.#exited;
  }

  #take(messages: readonly PipeMessage[]): void {
    if (this.#stopped) return;
    const frames: Uint8Array[] = [];
    for (const { type, payload } of messages) {
      if (type === FROM_HELPER.frame) frames.push(payload);
      else if (type === FROM_HELPER.ready) this.#handlers.onReady();
      else if (type === FROM_HELPER.counters) this.#count(decodeCounters(payload));
      else if (type === FROM_HELPER.failure) this.#failure = decodeJson<CaptureFailure>(payload);
    }
    if (frames.length > 0) this.#handlers.onFrames(frames);
  }

  #count(counters: CaptureCounters): void {
    this.#counters = counters;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #end(resolve: () => void): void {
    resolve();
    this.#count(this.#counters);
    if (this.#stopped) return;
    this.#stopped = true;
    const { code, message } = this.#failure ?? { code: "interrupted" as const, message: "the capture process died" };
    this.#handlers.onEnd(new LinkError(code, message));
  }
}
