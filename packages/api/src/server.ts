import { Buffer } from "node:buffer";
import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  setLogVerbosity,
} from "@grpc/grpc-js";
import { type Clock, type Logger, silentLogger } from "@heraldlb/runtime";
import type { Encoded } from "./encoded.ts";
import { ConnectRequest } from "./gen/herald/v1/speaker.gen.ts";
import { CONNECT_PATH } from "./grpc.ts";
import { Inbox } from "./inbox.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import { type Connection, keyOf, listen } from "./listener.ts";
import { Outbox } from "./outbox.ts";
import { bearerToken, type ClientCertificates, type Peer, type Security, type TlsMaterial } from "./security.ts";
import { addStandardServices } from "./standard-services.ts";
import { StreamError, toStatus } from "./stream-error.ts";

/** A speaker's stream, as the controller has it. */
export interface SpeakerStream {
  readonly peer: Peer;
  /** What the speaker says, in order, to be read once; ends when it hangs up or the connection is lost. */
  readonly requests: AsyncIterable<ConnectRequest>;
  /** Aborts when nothing can be sent any more. */
  readonly signal: AbortSignal;
  /** Bytes that were sent and have not left for the kernel yet. */
  readonly buffered: number;
  /** Sends a message behind those that are buffered. Never waits; without effect once the stream is gone. */
  send(message: Encoded): void;
  /** Resolves when everything sent has left for the kernel, or never will. Whoever has much to send waits for it after
   * each piece, so that replies to heartbeats wait for one piece at most. */
  flushed(): Promise<void>;
}

/**
 * Serves one stream. The stream is closed when it returns; what was sent before still arrives. A StreamError that it
 * throws tells the speaker why; anything else is logged and reaches it as `internal`.
 */
export type SpeakerHandler = (stream: SpeakerStream) => Promise<void>;

export interface ServeOptions {
  /** IP address to listen on; "::" takes IPv4 too. */
  readonly address: string;
  /** 0: the kernel chooses. */
  readonly port: number;
  readonly security: Security;
  /** Whether TLS takes clients without a certificate, too: `required` unless given. A certificate that is shown must be
   * right in any case. */
  readonly clientCertificates?: ClientCertificates | undefined;
  readonly clock: Clock;
  readonly log?: Logger | undefined;
  /** Called with the descriptor of every accepted socket, to set options on it. */
  readonly onSocket?: ((fd: number) => void) | undefined;
  /** How long a speaker may take to read what it was sent before its connection is cut, when a stream is closed; in ms,
   * 1000 unless given. */
  readonly closeTimeoutMs?: number | undefined;
}

/** A server that is listening. */
export interface SpeakerServer {
  readonly address: string;
  readonly port: number;
  /** Uses new certificates for connections from now on; live streams go on. */
  setTls(material: TlsMaterial): void;
  /** Resolves when, after the signal's abort, every stream has ended and every connection is closed. */
  readonly closed: Promise<void>;
}

const CLOSE_TIMEOUT_MS = 1000;
const IDLE_CONNECTION_MS = 30_000;
const FIRST_MESSAGE_MS = 10_000;

// A generated definition would encode each message for each stream; this one takes what is encoded. grpc-js wants Buffers.
const toBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array) => Buffer.from(buffer, byteOffset, byteLength);
const SERVICE = {
  connect: {
    path: CONNECT_PATH,
    requestStream: true,
    responseStream: true,
    requestSerialize: (message: ConnectRequest) => toBuffer(ConnectRequest.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => ConnectRequest.decode(bytes),
    responseSerialize: (message: Encoded) => toBuffer(message),
    responseDeserialize: (bytes: Buffer) => bytes as Uint8Array as Encoded,
  },
} satisfies ServiceDefinition;

/**
 * Serves herald.v1.SpeakerService, with health and reflection, until the signal aborts. Then every stream ends with
 * `unavailable`; whoever wants to say more first does so, and aborts later.
 *
 * @throws the error of `listen`, for instance EADDRINUSE
 */
export async function serveSpeakers(
  options: ServeOptions,
  handler: SpeakerHandler,
  signal: AbortSignal,
): Promise<SpeakerServer> {
  signal.throwIfAborted();
  // It would print fields that it cannot read, a token for instance.
  setLogVerbosity(logVerbosity.NONE);
  const { clock, security, log = silentLogger, closeTimeoutMs = CLOSE_TIMEOUT_MS } = options;
  const connections = new Map<string, Connection>();
  const calls = new Map<Call, () => void>();

  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_connection_idle_ms": IDLE_CONNECTION_MS,
    "grpc.enable_channelz": 0,
  });
  server.addService(SERVICE, { connect: (call: Call) => void serve(call) });
  const health = addStandardServices(server);

  // grpc-js neither hands out its sockets nor says why a handshake failed, so listening is ours.
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = await listen({ ...options, log }, accept);

  function accept(connection: Connection): void {
    const { socket } = connection;
    const key = keyOf(socket);
    connections.set(key, connection);
    socket.once("close", () => connections.delete(key));
    injector.injectConnection(socket);
  }

  /** Carries one call from its first to its last event. Never rejects. */
  async function serve(call: Call): Promise<void> {
    const connection = connections.get(call.getPeer());
    if (!connection || signal.aborted) {
      fail(call, new StreamError("unavailable", "the controller ends"));
      return;
    }
    const token = security === "insecure" ? undefined : bearerToken(call.metadata.get("authorization"));
    const gone = new AbortController();
    // Who is there is known by the first message: until then nobody makes this process keep more than that.
    const inbox = new Inbox<ConnectRequest>(call, 1);
    const outbox = new Outbox<Encoded>(call, (message) => message.length);
    const lose = () => {
      inbox.finish();
      outbox.close();
      gone.abort();
    };
    const limit = clock.timer(FIRST_MESSAGE_MS, () => {
      fail(call, new StreamError("timeout", `no message within ${FIRST_MESSAGE_MS} ms`));
      lose();
    });
    call.on("data", (message: ConnectRequest) => {
      limit[Symbol.dispose]();
      inbox.put(message);
    });
    call.on("end", () => inbox.finish());
    // The event comes with every loss: reset, closed connection, killed process.
    call.once("cancelled", lose);
    calls.set(call, lose);

    try {
      await handler(streamOf({ ...connection.peer, token }, inbox, outbox, gone.signal));
      call.end();
    } catch (error) {
      if (!(error instanceof StreamError)) log.error("stream handler failed", { peer: connection.peer.address, error });
      fail(call, error instanceof StreamError ? error : new StreamError("internal", "internal error"));
    }
    limit[Symbol.dispose]();
    outbox.close();
    calls.delete(call);
    if (gone.signal.aborted) return;
    const cut = clock.timer(closeTimeoutMs, () => connection.socket.destroy());
    call.once("close", () => cut[Symbol.dispose]());
  }

  async function shutDown(): Promise<void> {
    health.shutDown();
    const closed = listener.close();
    for (const [call, lose] of calls) {
      lose();
      fail(call, new StreamError("unavailable", "the controller ends"));
    }
    const cut = clock.timer(closeTimeoutMs, () => {
      for (const { socket } of connections.values()) socket.destroy();
    });
    server.tryShutdown(() => {});
    await closed;
    cut[Symbol.dispose]();
    server.forceShutdown();
  }

  const closed = new Promise<void>((resolve, reject) => {
    const end = () => void shutDown().then(resolve, reject);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
  const { address, port, setTls } = listener;
  return { address, port, setTls, closed };
}

type Call = ServerDuplexStream<ConnectRequest, Encoded>;

/** Ends a call with a status. grpc-js takes it from an "error" event. */
function fail(call: Call, error: StreamError): void {
  call.emit("error", toStatus(error));
}

function streamOf(
  peer: Peer,
  inbox: Inbox<ConnectRequest>,
  outbox: Outbox<Encoded>,
  signal: AbortSignal,
): SpeakerStream {
  return {
    peer,
    requests: inbox,
    signal,
    get buffered() {
      return outbox.buffered;
    },
    send: (message) => outbox.send(message),
    flushed: () => outbox.flushed(),
  };
}
