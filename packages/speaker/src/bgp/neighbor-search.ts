import type { Interface } from "@heraldlb/link";
import type { NdpPacket } from "@heraldlb/ndp";
import { type Ipv6, isMulticast, type Mac } from "@heraldlb/net";
import { Advertiser } from "./neighbor-advertiser.ts";
import { findLink, isSameLink, type NeighborLink } from "./neighbor-link.ts";
import { NeighborPort, type NeighborPortEnvironment, type Station } from "./neighbor-port.ts";
import { Solicitor } from "./neighbor-solicitor.ts";

/** What looking for neighbors needs of the outside. */
export interface NeighborEnvironment extends NeighborPortEnvironment {
  /** The node's interfaces as they are now. */
  interfaces(): readonly Interface[];
}

// Many routers advertise only every ten minutes, but all answer a solicitation.
const QUIET_MS = 60_000;

/**
 * Looks for the router at the other end of one interface.
 *
 * Whoever advertises itself is a router; who only solicits may be any host. A neighbor stays one until it has been asked
 * in vain, though others are heard and though the interface goes down and up: a session with it may be alive.
 */
export class NeighborSearch {
  readonly #name: string;
  readonly #env: NeighborEnvironment;
  readonly #onNeighbor: (address: Ipv6 | undefined) => void;
  readonly #advertiser: Advertiser<Station>;
  readonly #solicitor: Solicitor;
  #link: NeighborLink | string | undefined;
  #port: NeighborPort | undefined;
  #neighbor: Ipv6 | undefined;
  /** Another router that has been heard since the neighbor was; it is the neighbor if that does not answer. */
  #rival: Station | undefined;
  /** A rival in whose presence the neighbor has answered. */
  #rejected: Ipv6 | undefined;
  #quiet: Disposable | undefined;

  constructor(name: string, env: NeighborEnvironment, onNeighbor: (address: Ipv6 | undefined) => void) {
    this.#name = name;
    this.#env = env;
    this.#onNeighbor = onNeighbor;
    this.#advertiser = new Advertiser(env, (to) => this.#port?.advertise(to));
    this.#solicitor = new Solicitor(env, {
      solicit: () => this.#port?.solicit(),
      onSilence: () => (this.#rival ? this.#become(this.#rival) : this.#lose()),
    });
    this.interfacesChanged();
  }

  /** Begins again if the interface, or one of its addresses, is another one than it was. */
  interfacesChanged(): void {
    const before = this.#link;
    const link = findLink(this.#name, this.#env.interfaces());
    this.#link = link;
    if (typeof link === "string") {
      if (link === before) return;
      this.#stop();
      this.#env.log.warn("cannot look for a BGP neighbor", { interface: this.#name, reason: link });
    } else if (typeof before !== "object" || !isSameLink(before, link)) {
      this.#stop();
      this.#start(link);
    }
  }

  /** Ends it. Nothing is reported any more. */
  close(): void {
    this.#stop();
    this.#quiet?.[Symbol.dispose]();
  }

  #start(link: NeighborLink): void {
    this.#env.log.info("looking for a BGP neighbor", { interface: this.#name, from: link.linkLocal });
    this.#port = new NeighborPort(link, this.#env, {
      opened: () => {
        this.#advertiser.start();
        this.#solicitor.start();
      },
      received: (packet, mac) => {
        if (packet.source !== link.linkLocal) this.#receive(packet, mac);
      },
    });
  }

  #stop(): void {
    this.#advertiser.stop();
    this.#solicitor.stop();
    this.#port?.close();
    this.#port = undefined;
    this.#rival = undefined;
  }

  #receive({ source, destination, message }: NdpPacket, mac: Mac): void {
    if (message.type === "routerSolicitation") this.#advertiser.solicited();
    if (message.type !== "routerAdvertisement") return;
    const station = { address: source, mac };
    if (this.#neighbor === undefined) this.#become(station);
    else if (this.#neighbor !== source) this.#doubt(station);
    else {
      this.#confirm();
      // It may have been restarted, and does not take connections before it has heard this side. This ends: an answer
      // goes to one station, and is not answered.
      if (isMulticast(destination)) this.#advertiser.answer(station);
    }
  }

  /** Asks for the neighbor when another router is heard, once for each. */
  #doubt(rival: Station): void {
    if (!this.#solicitor.isAsking && rival.address === this.#rejected) return;
    this.#rival = rival;
    this.#solicitor.start();
  }

  #become(station: Station): void {
    const { address } = station;
    this.#env.log.info("BGP neighbor found", { interface: this.#name, address, before: this.#neighbor });
    this.#neighbor = address;
    this.#rival = undefined;
    this.#confirm();
    this.#advertiser.answer(station);
    this.#onNeighbor(address);
  }

  /** The neighbor has been heard. */
  #confirm(): void {
    this.#solicitor.stop();
    if (this.#rival) {
      const { address } = this.#rival;
      this.#env.log.warn("several routers on an interface that is to have one neighbor", {
        interface: this.#name,
        neighbor: this.#neighbor,
        other: address,
      });
      this.#rejected = address;
      this.#rival = undefined;
    }
    this.#quiet?.[Symbol.dispose]();
    this.#quiet = this.#env.clock.timer(QUIET_MS, () => this.#check());
  }

  /** It has not been heard for long. */
  #check(): void {
    if (this.#port) this.#solicitor.start();
    else this.#lose();
  }

  #lose(): void {
    if (this.#neighbor === undefined) return;
    this.#env.log.warn("BGP neighbor not heard any more", { interface: this.#name, address: this.#neighbor });
    this.#neighbor = undefined;
    this.#onNeighbor(undefined);
  }
}
