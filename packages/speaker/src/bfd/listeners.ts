import type { UdpSender } from "@heraldlb/link";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { BfdNetwork, BfdReceiver, Listening, Origin } from "./network.ts";

/** What {@link Listeners} need of the outside. */
export interface ListenersDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly network: BfdNetwork;
  /** A datagram has arrived. `reply` sends one back. */
  onDatagram(datagram: Uint8Array, origin: Origin, on: Listening, reply: (datagram: Uint8Array) => void): void;
  /** Packets can, or cannot, be received there; `problem` is the kernel's name of the error. */
  onProblem(on: Listening, problem: string | undefined): void;
}

interface Listener {
  readonly on: Listening;
  readonly senders: Map<string, UdpSender>;
  receiver: BfdReceiver | undefined;
  problem: string | undefined;
}

const RETRY_MS = 1_000;

/** The sockets that sessions are received on, as many as there are addresses and ports; several sessions may share one. */
export class Listeners {
  readonly #dependencies: ListenersDependencies;
  readonly #listeners = new Map<string, Listener>();
  #check: Disposable | undefined;

  constructor(dependencies: ListenersDependencies) {
    this.#dependencies = dependencies;
  }

  /** Receives from a sender there, on behalf of `owner`. A port that is taken is reported, and tried again. */
  add(on: Listening, owner: string, sender: UdpSender): void {
    const key = keyOf(on);
    let listener = this.#listeners.get(key);
    if (!listener) {
      listener = { on, senders: new Map(), receiver: undefined, problem: undefined };
      this.#listeners.set(key, listener);
    }
    listener.senders.set(owner, sender);
    if (listener.receiver) listener.receiver.setSenders([...listener.senders.values()]);
    else this.#open(listener);
    this.#check ??= this.#dependencies.clock.timer(RETRY_MS, () => this.#recheck());
  }

  /** No longer receives for an owner; the last one of a socket closes it. */
  remove(on: Listening, owner: string): void {
    const listener = this.#listeners.get(keyOf(on));
    if (!listener?.senders.delete(owner)) return;
    if (listener.senders.size > 0) {
      listener.receiver?.setSenders([...listener.senders.values()]);
      return;
    }
    listener.receiver?.close();
    this.#listeners.delete(keyOf(on));
  }

  /** What keeps packets from being received there. */
  problemOf(on: Listening): string | undefined {
    return this.#listeners.get(keyOf(on))?.problem;
  }

  /** Closes all sockets. */
  close(): void {
    this.#check?.[Symbol.dispose]();
    for (const { receiver } of this.#listeners.values()) receiver?.close();
    this.#listeners.clear();
  }

  #recheck(): void {
    this.#check = undefined;
    if (this.#listeners.size === 0) return;
    for (const listener of this.#listeners.values()) {
      if (listener.receiver?.isStale()) {
        listener.receiver.close();
        listener.receiver = undefined;
      }
      if (!listener.receiver) this.#open(listener);
    }
    this.#check = this.#dependencies.clock.timer(RETRY_MS, () => this.#recheck());
  }

  #open(listener: Listener): void {
    const { network, onDatagram } = this.#dependencies;
    const { on } = listener;
    try {
      const receiver = network.listen(on, (datagram, origin) =>
        onDatagram(datagram, origin, on, (answer) => receiver.reply(answer, origin)),
      );
      receiver.setSenders([...listener.senders.values()]);
      listener.receiver = receiver;
      this.#report(listener, undefined);
    } catch (error) {
      this.#report(listener, problemOf(error));
    }
  }

  #report(listener: Listener, problem: string | undefined): void {
    if (listener.problem === problem) return;
    listener.problem = problem;
    const { log, onProblem } = this.#dependencies;
    const { local, port, device } = listener.on;
    if (problem === undefined) log.info("BFD port opened after all", { local, port, device });
    else log.error("cannot open a BFD port; trying again", { local, port, device, problem });
    onProblem(listener.on, problem);
  }
}

/** The kernel's name of an error, such as `EADDRINUSE`. What is no system error is a bug, and thrown on. */
export function problemOf(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  const { errno, code } = error as { readonly errno?: unknown; readonly code?: unknown };
  const name = [errno, code].find((candidate) => typeof candidate === "string" && /^E[A-Z0-9]+$/.test(candidate));
  if (typeof name !== "string") throw error;
  return name;
}

function keyOf({ local, port, device = "" }: Listening): string {
  return `${local} ${port} ${device}`;
}
