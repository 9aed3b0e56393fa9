export type { BpfInstruction } from "./bpf.ts";
export { exitNow } from "./exit-now.ts";
export { lockFile, unlockFile } from "./file-lock.ts";
export {
  arpAndNdpFilter,
  arpFilter,
  type FilterProgram,
  type FrameFilter,
  ndpFilter,
  routerDiscoveryFilter,
  udpFilter,
} from "./filter.ts";
export type { FrameBackend, FrameHandlers, FrameSocket, FrameSocketOptions, FrameStatistics } from "./frame-socket.ts";
export type { Interface, InterfaceAddress, InterfaceEvent } from "./interface.ts";
export { type WatchOptions, watchInterfaces } from "./interface-watch.ts";
export { LinkError, type LinkErrorCode, type LinkErrorOptions } from "./link-error.ts";
export { trimMemory } from "./memory.ts";
export { type MulticastGroups, openMulticastGroups } from "./multicast.ts";
export { openFrameSocket } from "./open-frame-socket.ts";
export {
  bindSocket,
  bindToDevice,
  closeSocket,
  type LocalAddress,
  openTcpSocket,
  setHopLimit,
  setMd5Key,
  setMinimumHopLimit,
  setReceiveBuffer,
  setReuseAddress,
  setRtoMin,
  setUserTimeout,
} from "./socket-option.ts";
export { interfaceIndex, openUdpSocket, receiveOnlyFrom, setTrafficClass, type UdpSender } from "./udp-socket.ts";
