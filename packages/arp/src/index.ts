export {
  type ArpSender,
  arpAnnouncement,
  arpProbe,
  arpReply,
  arpRequest,
  gratuitousReply,
  gratuitousRequest,
  isArpProbe,
  isGratuitous,
} from "./forms.ts";
export { type ArpOperation, type ArpPacket, decodeArp, encodeArp } from "./packet.ts";
