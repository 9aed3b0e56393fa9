export {
  ALL_NODES,
  ALL_ROUTERS,
  isNeighborProbe,
  type NdpSender,
  neighborProbe,
  neighborReply,
  neighborSolicitation,
  presenceAdvertisement,
  routerSolicitation,
  unsolicitedAdvertisement,
} from "./forms.ts";
export type {
  NdpMessage,
  NeighborAdvertisement,
  NeighborSolicitation,
  RouterAdvertisement,
  RouterSolicitation,
} from "./message.ts";
export type { NdpOption, PrefixInformation } from "./option.ts";
export { decodeNdpPacket, encodeNdpPacket, type NdpPacket } from "./packet.ts";
