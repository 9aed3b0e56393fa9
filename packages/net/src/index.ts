export { internetChecksum, onesComplementSum } from "./checksum.ts";
export { DecodeError, type DecodeErrorCode } from "./decode-error.ts";
export {
  compareIps,
  type Family,
  familyBits,
  familyOf,
  IPV4_LENGTH,
  IPV6_LENGTH,
  type Ip,
  type Ipv4,
  type Ipv6,
  ipFromBigInt,
  ipFromBytes,
  ipToBigInt,
  ipToBytes,
  ipv4FromBytes,
  ipv6FromBytes,
  isIpv4,
  isIpv6,
  parseIp,
  parseIpv4,
  parseIpv6,
  parseUnmappedIp,
} from "./ip.ts";
export {
  isLinkLocal,
  isLoopback,
  isMulticast,
  isUnspecified,
  multicastMac,
  solicitedNodeMulticast,
} from "./ip-kind.ts";
export {
  BROADCAST_MAC,
  compareMacs,
  isGroupMac,
  MAC_LENGTH,
  type Mac,
  macFromBytes,
  macToBytes,
  parseMac,
  ZERO_MAC,
} from "./mac.ts";
export {
  type Prefix,
  parsePrefix,
  prefixAddress,
  prefixContains,
  prefixLength,
  prefixOf,
  prefixToRange,
  rangeToPrefixes,
} from "./prefix.ts";
export {
  type IpRange,
  parseRange,
  rangeContains,
  rangeFirst,
  rangeLast,
  rangeOf,
  rangeSize,
  rangesOverlap,
} from "./range.ts";
export { Reader } from "./reader.ts";
export { Writer } from "./writer.ts";
