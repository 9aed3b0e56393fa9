import { arpRequest, encodeArp } from "@heraldlb/arp";
import type { GroupDefinition } from "@heraldlb/election";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import type { Interface } from "@heraldlb/link";
import { BROADCAST_MAC, type Ipv4, type Ipv6, type Mac } from "@heraldlb/net";
import { FakeClock, type RecordingLogger, recordingLogger } from "@heraldlb/runtime/testing";
import { changed, eth, type FakeNetwork, fakeNetwork, MAC } from "./layer2.test.fixture.ts";
import { type AnnounceOrder, Layer2 } from "./layer2.ts";

/** Another host's. */
export const OTHER: Mac = "02:00:00:00:00:99" as Mac;
/** The group's addresses. */
export const V4: Ipv4 = "192.0.2.1" as Ipv4;
export const V6: Ipv6 = "2001:db8::1:1" as Ipv6;
/** This node, on eth0. */
export const SPEAKER: { readonly mac: Mac; readonly linkLocal: Ipv6 } = { mac: MAC, linkLocal: "fe80::2" as Ipv6 };
/** The group: its IPv6 address on eth0 only. */
export const both: GroupDefinition = {
  id: V4,
  addresses: [
    { address: V4, interfaces: "all" },
    { address: V6, interfaces: ["eth0"] },
  ],
};
/** An order to announce the group, and to say so. */
export const round: AnnounceOrder = { group: V4, epoch: { term: 1, counter: 1 }, interfaces: "all", confirm: true };
/** Another host asks for the group's IPv4 address. */
export const request: Uint8Array = encodeEthernet({
  destination: BROADCAST_MAC,
  source: OTHER,
  etherType: ETHER_TYPE.arp,
  payload: encodeArp(arpRequest({ mac: OTHER, ip: "192.0.2.9" as Ipv4 }, V4)),
});

/** A node's layer 2 over a network in memory. */
export interface Layer2Bench {
  readonly clock: FakeClock;
  readonly log: RecordingLogger;
  readonly network: FakeNetwork;
  /** What it tells, in order. */
  readonly told: string[];
  /** Whether frames are let in. */
  readonly gate: { admit: boolean };
  readonly layer2: Layer2;
  /** Interfaces that are there from the start, with open sockets. */
  up(...links: readonly Interface[]): Promise<void>;
  /** A frame arrives at one of the sockets, in the order of their opening. */
  hear(frame: Uint8Array, socket?: number): void;
}

/** Without any interface. */
export function start(): Layer2Bench {
  const clock = new FakeClock();
  const log = recordingLogger();
  const network = fakeNetwork();
  const told: string[] = [];
  const gate = { admit: true };
  const layer2 = new Layer2(
    {
      ...{ clock, log, backend: "packet", rules: { allowed: /./, excluded: /^lo$/ } },
      openSocket: network.openSocket,
      openGroups: network.openGroups,
      admit: () => gate.admit,
    },
    {
      links: (links) => told.push(`links ${links.map(({ name, carrier, ndp }) => `${name} ${carrier} ${ndp}`)}`),
      networkUp: () => told.push("network up"),
      heard: (kind, address, mac, name) => told.push(`${kind} ${address} ${mac} ${name}`),
      announced: (group, { term, counter }) => told.push(`announced ${group} ${term}.${counter}`),
      notSent: (group, { term, counter }) => told.push(`not sent ${group} ${term}.${counter}`),
    },
  );
  async function up(...links: readonly Interface[]): Promise<void> {
    for (const link of links) layer2.interfaceEvent(changed(link));
    layer2.interfaceEvent({ type: "synced" });
    await clock.advance(0);
    told.length = 0;
  }
  const hear = (frame: Uint8Array, socket = 0): void => network.sockets[socket]?.handlers.onFrames([frame]);
  return { clock, log, network, told, gate, layer2, up, hear };
}

/** Answers for both addresses on eth0. */
export async function serving(): Promise<Layer2Bench> {
  const started = start();
  await started.up(eth());
  started.layer2.define(both);
  started.layer2.answer(V4, "all");
  return started;
}
