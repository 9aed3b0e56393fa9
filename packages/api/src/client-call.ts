import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, sensitiveHeaders } from "node:http2";
import { connect as connectTcp, isIP, isIPv6, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, type TLSSocket } from "node:tls";
import { type DialPhase, explainDial } from "./dial-error.ts";
import { ConnectRequest, ConnectResponse } from "./gen/herald/v1/speaker.gen.ts";
import { CONNECT_PATH, FramingError, frameMessage, MessageSplitter, readStatus, STATUS, type Status } from "./grpc.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import { offerDescriptor } from "./listener.ts";
import type { ClientSecurity, ClientTls } from "./security.ts";
import type { DialError } from "./stream-error.ts";

/** Where a call goes. */
export interface CallTarget {
  readonly address: string;
  readonly port: number;
  readonly security: ClientSecurity;
  readonly serverName?: string | undefined;
  readonly onSocket?: ((fd: number) => void) | undefined;
}

/** What happens to a call, in this order. Nothing happens after `destroy`. */
export interface CallEvents {
  /** TCP is connected. */
  onConnect(): void;
  /** TLS and HTTP/2 stand: what is written leaves at once. */
  onReady(): void;
  onMessage(message: ConnectResponse): void;
  /** Every message was handed over, and nothing more comes. The last event of a call that was ready. */
  onEnd(status: Status): void;
  /** The last event of a call that was not. */
  onFailure(error: DialError): void;
}

/** A call with a connection of its own. */
export interface ClientCall {
  write(message: ConnectRequest): void;
  pause(): void;
  resume(): void;
  /** Says that nothing more is sent; the other end can go on. */
  end(): void;
  /** Closes the call and its connection, whatever state they are in. */
  destroy(): void;
}

/**
 * Starts to connect, and to call: one attempt, to one address.
 *
 * A call is a request of HTTP/2 with a body that goes on in both directions, and one call is all that a speaker makes; so
 * it is made here, with the socket at hand, rather than by a gRPC library.
 */
export function openCall(target: CallTarget, events: CallEvents): ClientCall {
  return new Call(target, events);
}

class Call implements ClientCall {
  readonly #target: CallTarget;
  readonly #events: CallEvents;
  readonly #splitter = new MessageSplitter(MAX_MESSAGE_BYTES);
  readonly #socket: Socket;
  #tls: TLSSocket | undefined;
  #session: ClientHttp2Session | undefined;
  #stream: ClientHttp2Stream | undefined;
  #phase: DialPhase = "tcp";
  #status: Status | undefined;
  #isOver = false;

  constructor(target: CallTarget, events: CallEvents) {
    this.#target = target;
    this.#events = events;
    this.#socket = connectTcp({ host: target.address, port: target.port, noDelay: true });
    this.#socket.once("connect", () => this.#connected());
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.once("close", () => this.#fail());
  }

  write(message: ConnectRequest): void {
    if (this.#stream?.writable) this.#stream.write(frameMessage(ConnectRequest.encode(message).finish()));
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  end(): void {
    this.#stream?.end();
  }

  destroy(): void {
    this.#isOver = true;
    this.#session?.destroy();
    this.#tls?.destroy();
    this.#socket.destroy();
  }

  #connected(): void {
    if (this.#isOver) return;
    const { security, onSocket } = this.#target;
    offerDescriptor(this.#socket, onSocket);
    this.#events.onConnect();
    if (this.#isOver) return;
    if (security === "insecure") this.#beginHttp2(this.#socket);
    else this.#secure(security);
  }

  #secure({ cert, key, ca }: ClientTls): void {
    const { address, serverName = address } = this.#target;
    this.#phase = "tls";
    const tls = connectTls({
      socket: this.#socket,
      ...{ cert, key, ca, minVersion: "TLSv1.3", ALPNProtocols: ["h2"] },
      // TLS has no way to ask for an IP address by name (RFC 6066 section 3).
      ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
      checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    });
    this.#tls = tls;
    tls.on("error", (error) => this.#fail(error));
    tls.once("close", () => this.#fail());
    tls.once("secureConnect", () => {
      if (!this.#isOver) this.#beginHttp2(tls);
    });
  }

  /** The request waits for the other end's settings: whatever else it may be, it speaks HTTP/2 then, and accepts us. */
  #beginHttp2(connection: Socket): void {
    const { address, port, serverName = address, security } = this.#target;
    this.#phase = "http2";
    const authority = `${isIPv6(serverName) ? `[${serverName}]` : serverName}:${port}`;
    const session = connectHttp2(`${security === "insecure" ? "http" : "https"}://${authority}`, {
      createConnection: () => connection,
      settings: { enablePush: false },
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    this.#session = session;
    session.on("error", (error) => this.#fail(error));
    session.once("close", () => this.#fail());
    session.once("remoteSettings", () => {
      if (!this.#isOver) this.#request(session);
    });
  }

  #request(session: ClientHttp2Session): void {
    const { security } = this.#target;
    const token = security === "insecure" ? undefined : security.token;
    const stream = session.request(
      {
        ":method": "POST",
        ":path": CONNECT_PATH,
        "content-type": "application/grpc",
        te: "trailers",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}`, [sensitiveHeaders]: ["authorization"] }),
      },
      { endStream: false },
    );
    this.#stream = stream;
    stream.once("response", (headers) => {
      const isGrpc = headers[":status"] === 200 && headers["content-type"]?.startsWith("application/grpc");
      this.#status ??= readStatus(headers);
      if (!isGrpc) this.#end({ code: STATUS.internal, details: `no gRPC, but HTTP status ${headers[":status"]}` });
    });
    stream.on("data", (chunk: Uint8Array) => this.#received(chunk));
    stream.once("trailers", (trailers) => {
      this.#status ??= readStatus(trailers);
    });
    stream.once("end", () => {
      if (this.#status) this.#end(this.#status);
    });
    // What it says is said by the connection, or as the status.
    stream.on("error", () => {});
    stream.once("close", () => this.#lost());
    this.#events.onReady();
  }

  #received(chunk: Uint8Array): void {
    try {
      for (const message of this.#splitter.push(chunk)) {
        if (this.#isOver) return;
        this.#events.onMessage(ConnectResponse.decode(message));
      }
    } catch (error) {
      if (error instanceof FramingError) this.#end(error.status);
      else this.#end({ code: STATUS.internal, details: `a message that cannot be decoded: ${error}` });
    }
  }

  #lost(): void {
    this.#end(this.#status ?? { code: STATUS.unavailable, details: "connection lost" });
  }

  #end(status: Status): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#events.onEnd(status);
  }

  #fail(cause?: Error): void {
    if (this.#isOver) return;
    // The call's own end comes after what was received before.
    if (this.#stream) return;
    this.#isOver = true;
    const { address, port, security } = this.#target;
    const showsCertificate = security !== "insecure" && security.cert !== undefined;
    const [phase, socket, tls] = [this.#phase, this.#socket, this.#tls];
    this.#events.onFailure(
      explainDial({ phase, peer: `${address} port ${port}`, socket, tls, showsCertificate, cause }),
    );
  }
}
