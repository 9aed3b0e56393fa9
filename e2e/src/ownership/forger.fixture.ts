// Claims addresses that are not its own, every 20 ms until it is killed: `forger INTERFACE MAC LINK-LOCAL ADDRESS…`, in a
// host's namespace.
import { arpAnnouncement, encodeArp, gratuitousReply } from "@heraldlb/arp";
import { ETHER_TYPE, encodeEthernet } from "@heraldlb/ethernet";
import { arpFilter, openFrameSocket } from "@heraldlb/link";
import { encodeNdpPacket, unsolicitedAdvertisement } from "@heraldlb/ndp";
import { BROADCAST_MAC, familyOf, type Ipv4, type Ipv6, type Mac, multicastMac } from "@heraldlb/net";
import { systemClock } from "@heraldlb/runtime";

const EVERY_MS = 20;

const [device = "", mac, source, ...addresses] = process.argv.slice(2) as [string, Mac, Ipv6, ...string[]];

const frames = addresses.flatMap((address): Uint8Array[] => {
  if (familyOf(address as Ipv4 | Ipv6) === "ipv4") {
    return [arpAnnouncement(mac, address as Ipv4), gratuitousReply(mac, address as Ipv4)].map((packet) =>
      encodeEthernet({
        destination: BROADCAST_MAC,
        source: mac,
        etherType: ETHER_TYPE.arp,
        payload: encodeArp(packet),
      }),
    );
  }
  const packet = unsolicitedAdvertisement({ mac, source }, address as Ipv6);
  const destination = multicastMac(packet.destination);
  return [encodeEthernet({ destination, source: mac, etherType: ETHER_TYPE.ipv6, payload: encodeNdpPacket(packet) })];
});

await using socket = await openFrameSocket(
  { interface: device, filter: arpFilter() },
  {
    onFrames() {},
    onError(error) {
      throw error;
    },
  },
);
for (;;) {
  socket.sendAll(frames);
  await systemClock.sleep(EVERY_MS);
}
