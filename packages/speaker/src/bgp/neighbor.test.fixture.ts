import { decodeEthernet, ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import type { Interface } from "@heraldlb/link";
import {
  ALL_NODES,
  decodeNdpPacket,
  encodeNdpPacket,
  type NdpPacket,
  type NdpSender,
  presenceAdvertisement,
} from "@heraldlb/ndp";
import type { Ipv6, Mac } from "@heraldlb/net";
import type { LogFields } from "@heraldlb/runtime";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { eth, type FakeNetwork, type FakeSocket, fakeNetwork, MAC } from "../layer2.test.fixture.ts";
import { NeighborDiscovery } from "./neighbor-discovery.ts";

/** The address of this side's interface. */
export const OWN: Ipv6 = "fe80::2" as Ipv6;

/** Two routers. */
export const A: NdpSender = { mac: "02:00:00:00:00:0a" as Mac, source: "fe80::a" as Ipv6 };
export const B: NdpSender = { mac: "02:00:00:00:00:0b" as Mac, source: "fe80::b" as Ipv6 };

// What goes out, as `sent` shows it.
export const SOLICITATION = "routerSolicitation ff02::2 33:33:00:00:00:02";
export const TO_ALL = "routerAdvertisement ff02::1 33:33:00:00:00:01";
export const toOne = ({ source, mac }: NdpSender): string => `routerAdvertisement ${source} ${mac}`;

/** How many of what was sent are solicitations. */
export const solicitations = (sent: readonly string[]): number => sent.filter((line) => line === SOLICITATION).length;

/** The frame that brings a packet to this side. */
export const frameOf = (packet: NdpPacket, source: Mac): Uint8Array =>
  encodeEthernet({ destination: MAC, source, etherType: ETHER_TYPE.ipv6, payload: encodeNdpPacket(packet) });

/** Discovery in virtual time on interfaces in memory. Each random number is 0 unless told otherwise. */
export class NeighborScene {
  readonly clock: FakeClock = new FakeClock();
  readonly network: FakeNetwork = fakeNetwork();
  /** What was reported: interface and neighbor. */
  readonly reports: string[] = [];
  readonly discovery: NeighborDiscovery;
  readonly #log: RecordingLogger = recordingLogger();
  #links: readonly Interface[];

  constructor(links: readonly Interface[] = [eth()], random: () => number = () => 0) {
    this.#links = links;
    const { clock } = this;
    const { openSocket, openGroups } = this.network;
    this.discovery = new NeighborDiscovery(
      { clock, log: this.#log, random, openSocket, openGroups, interfaces: () => this.#links },
      (name, address) => void this.reports.push(`${name} ${address}`),
    );
  }

  /** A scene in which eth0 has been given a neighbor to look for. */
  static async looking(random?: () => number): Promise<NeighborScene> {
    const scene = new NeighborScene([eth()], random);
    scene.discovery.apply(["eth0"]);
    await scene.clock.advance(0);
    return scene;
  }

  /** The newest socket. */
  get socket(): FakeSocket {
    return this.network.sockets.at(-1) as FakeSocket;
  }

  /** What the log warns of, without words. */
  get warnings(): readonly LogFields[] {
    return this.#log.entries.flatMap(({ level, fields }) => (level === "warn" ? [fields] : []));
  }

  /** The interfaces are these from now on. */
  async become(...links: readonly Interface[]): Promise<void> {
    this.#links = links;
    this.discovery.interfacesChanged();
    await this.clock.advance(0);
  }

  hear(packet: NdpPacket, { mac }: NdpSender, on: FakeSocket = this.socket): void {
    on.handlers.onFrames([frameOf(packet, mac)]);
  }

  advertises(who: NdpSender, to: Ipv6 = ALL_NODES, on: FakeSocket = this.socket): void {
    this.hear(presenceAdvertisement(who, to), who, on);
  }

  /** What has gone out by the newest socket since the last call. */
  sent(): string[] {
    return this.socket.sent.splice(0).map((bytes) => {
      const { destination, source, payload } = decodeEthernet(bytes);
      const packet = decodeNdpPacket(payload);
      if (source !== MAC || packet.source !== OWN) throw new Error(`sent from ${source}, ${packet.source}`);
      return `${packet.message.type} ${packet.destination} ${destination}`;
    });
  }
}
