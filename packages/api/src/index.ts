export { type ControllerStream, connectSpeaker, type DialOptions } from "./client.ts";
export { type Encoded, encodeResponse } from "./encoded.ts";
export {
  Ack,
  AckKind,
  Acks,
  Applied,
  Assign,
  Bye,
  ByeReason,
  Conflict,
  ConnectRequest,
  ConnectResponse,
  Delta,
  Drain,
  Drained,
  Epoch,
  Group,
  GroupAddress,
  GroupReport,
  Heartbeat,
  Hello,
  Holding,
  HoldingState,
  Holdings,
  ItemError,
  ItemErrorReason,
  Leave,
  Link,
  Links,
  type MessageFns,
  Order,
  Orders,
  Peers,
  Reply,
  Report,
  Revoke,
  Role,
  SnapshotChunk,
} from "./gen/herald/v1/speaker.gen.ts";
export { CHUNK_BYTES, MAX_MESSAGE_BYTES } from "./limits.ts";
export { assertPeerIsNode, type Peer, type Security, type TlsMaterial } from "./security.ts";
export {
  type ServeOptions,
  type SpeakerHandler,
  type SpeakerServer,
  type SpeakerStream,
  serveSpeakers,
} from "./server.ts";
export { descriptors } from "./standard-services.ts";
export { DialError, type DialErrorCode, StreamError, type StreamErrorCode } from "./stream-error.ts";
