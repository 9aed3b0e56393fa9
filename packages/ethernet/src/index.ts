export { ETHER_TYPE } from "./ether-type.ts";
export { decodeEthernet, type EthernetFrame, encodeEthernet, type VlanTag } from "./frame.ts";
