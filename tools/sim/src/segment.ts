import type { GroupId } from "@heraldlb/election";
import type { Ip, Mac } from "@heraldlb/net";
import type { VirtualClock } from "./clock.ts";
import { Cuts, type Ways } from "./cuts.ts";
import type { Random } from "./random.ts";

/**
 * What a frame says of an address: "I have it" (gratuitous ARP, an answer to a probe, NA), "is it in use?" (ARP probe,
 * NS from `::`), or a client's "who has it?".
 */
export interface Frame {
  readonly kind: "claim" | "probe" | "request";
  readonly group: GroupId;
  readonly address: Ip;
  readonly mac: Mac;
  readonly sentAt: number;
}

/** Something with a MAC on the segment. Several processes of one node have the same. */
export interface Port {
  readonly name: string;
  readonly mac: Mac;
  readonly hasCarrier: boolean;
  arrive(frame: Frame): void;
}

/** The service network: one broadcast domain, with delay, loss and cuts between any two ports. */
export class Segment {
  readonly #clock: VirtualClock;
  readonly #random: Random;
  readonly #delayMs: number;
  readonly #ports: Port[] = [];
  readonly cuts: Cuts = new Cuts();
  /** Share of frames that are lost. */
  loss = 0;

  constructor(clock: VirtualClock, random: Random, delayMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#delayMs = delayMs;
  }

  attach(port: Port): void {
    this.#ports.push(port);
  }

  /** Sends to everybody, or to one MAC. A node does not hear itself. */
  transmit(from: Port, frame: Omit<Frame, "mac" | "sentAt">, to?: Mac): void {
    for (const port of this.#ports) {
      if (port.mac === from.mac || (to !== undefined && port.mac !== to)) continue;
      if (!this.hears(from, port) || (this.loss > 0 && this.#random.next() < this.loss)) continue;
      const sent: Frame = { ...frame, mac: from.mac, sentAt: this.#clock.now };
      this.#clock.after(this.#random.between(0.1, this.#delayMs), () => port.arrive(sent));
    }
  }

  /** Whether frames get from one to the other. */
  hears(from: Port, to: Port): boolean {
    return from.hasCarrier && to.hasCarrier && !this.cuts.has(from.name, to.name);
  }

  /** Cuts (or mends) the segment around a port, with carrier kept. */
  cutOff(port: Port, isCut: boolean, ways: Ways = "both"): void {
    for (const other of this.#ports) if (other.mac !== port.mac) this.cuts.set(port.name, other.name, isCut, ways);
  }
}
