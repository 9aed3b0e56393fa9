export type { BpfInstruction } from "./bpf.ts";
export { lockFile, unlockFile } from "./file-lock.ts";
export { arpAndNdpFilter, arpFilter, type FilterProgram, type FrameFilter, ndpFilter } from "./filter.ts";
export {
  type FrameBackend,
  type FrameHandlers,
  type FrameSocket,
  type FrameSocketOptions,
  type FrameStatistics,
  openFrameSocket,
} from "./frame-socket.ts";
export { type Interface, type InterfaceAddress, type InterfaceEvent, watchInterfaces } from "./interfaces.ts";
export { LinkError, type LinkErrorCode, type LinkErrorOptions } from "./link-error.ts";
export { type MulticastGroups, openMulticastGroups } from "./multicast.ts";
export {
  bindSocket,
  bindToDevice,
  closeSocket,
  type LocalAddress,
  openTcpSocket,
  setHopLimit,
  setMd5Key,
  setMinimumHopLimit,
  setRtoMin,
} from "./socket-option.ts";
