import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from "node:tls";
import type { Clock, Logger } from "@heraldlb/runtime";
import { RepeatedWarning } from "./repeated-warning.ts";
import { type ClientCertificates, certificateNames, type Peer, type Security, type TlsMaterial } from "./security.ts";

export interface ListenerOptions {
  /** IP address to listen on; "::" takes IPv4 too, and IPv4 alone if there is no IPv6. */
  readonly address: string;
  /** 0: the kernel chooses. */
  readonly port: number;
  readonly security: Security;
  /** Whether TLS takes clients without a certificate, too; it does not unless told. */
  readonly clientCertificates?: ClientCertificates | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called with the descriptor of every accepted socket, before a byte is read, to set options on it. */
  readonly onSocket?: ((fd: number) => void) | undefined;
}

/** A connection over which HTTP/2 can begin, and who has made it. */
export interface Connection {
  readonly socket: Socket;
  readonly peer: Omit<Peer, "token">;
}

/** Accepts connections. */
export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Uses this material for connections from now on; those that stand are left alone. */
  setTls(material: TlsMaterial): void;
  /** Accepts no more, and resolves when all connections are closed. */
  close(): Promise<void>;
}

// A handshake takes two round trips; whoever needs longer keeps a socket for nothing.
const HANDSHAKE_TIMEOUT_MS = 5000;

/** Listens, and hands over each connection once it is authenticated. Rejects with the error of `listen`. */
export async function listen(options: ListenerOptions, onConnection: (c: Connection) => void): Promise<Listener> {
  /** Those whose handshake is not over, by address and port. */
  const strangers = new Map<string, Socket>();
  const server =
    options.security === "insecure"
      ? plainServer(options, onConnection)
      : tlsServer(options.security, options, onConnection, strangers);
  const { address: host, port } = options;
  // Without "::", Node listens to the same, or to IPv4 where the kernel has no IPv6.
  server.listen(host === "::" ? { port } : { host, port });
  await once(server, "listening");
  // Not a pipe, and it listens.
  const bound = server.address() as AddressInfo;

  return {
    address: bound.address,
    port: bound.port,
    setTls(material) {
      if (!("setSecureContext" in server)) throw new TypeError("the listener was opened without TLS");
      server.setSecureContext(context(material));
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of strangers.values()) socket.destroy();
      await closed;
    },
  };
}

function plainServer({ onSocket }: ListenerOptions, onConnection: (c: Connection) => void): Server {
  return createServer({ noDelay: true }, (socket) => {
    offerDescriptor(socket, onSocket);
    onConnection({ socket, peer: peerOf(socket, undefined) });
  });
}

function tlsServer(
  tls: TlsMaterial,
  options: ListenerOptions,
  onConnection: (c: Connection) => void,
  strangers: Map<string, Socket>,
): TlsServer {
  const { onSocket, clientCertificates } = options;
  const warning = new RepeatedWarning("TLS handshake failed", options);
  const server = createTlsServer({
    ...context(tls),
    ALPNProtocols: ["h2"],
    requestCert: true,
    rejectUnauthorized: clientCertificates !== "optional",
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    noDelay: true,
  });
  const addresses = new WeakMap<object, string>();
  server.on("connection", (socket: Socket) => {
    addresses.set(socket, plain(socket.remoteAddress));
    const key = keyOf(socket);
    strangers.set(key, socket);
    socket.once("close", () => strangers.delete(key));
    offerDescriptor(socket, onSocket);
  });
  server.on("tlsClientError", (error: TlsError, socket: TLSSocket & { readonly _parent?: Socket }) => {
    // Once it has failed, the socket no longer knows whose it was; the one that it wraps is not documented.
    const peer = addresses.get(socket._parent ?? socket) ?? "";
    warning.note({ peer, reason: error.reason ?? error.message });
  });
  server.on("secureConnection", (socket: TLSSocket) => {
    // A reset connection is the stream's end, which is reported there.
    socket.on("error", () => {});
    strangers.delete(keyOf(socket));
    // A certificate that is none is not as good as no certificate.
    if (!socket.authorized && socket.getPeerX509Certificate()) {
      warning.note({ peer: plain(socket.remoteAddress), reason: String(socket.authorizationError) });
      socket.destroy();
      return;
    }
    onConnection({ socket, peer: peerOf(socket, certificateNames(socket)) });
  });
  return server;
}

/** Node's errors from OpenSSL carry its words apart from the place in its sources. */
interface TlsError extends Error {
  readonly reason?: string;
}

const context = ({ cert, key, ca }: TlsMaterial) => ({ cert, key, ca, minVersion: "TLSv1.3" }) as const;

const peerOf = (socket: Socket, names: readonly string[] | undefined): Connection["peer"] => ({
  address: plain(socket.remoteAddress),
  port: socket.remotePort ?? 0,
  certificateNames: names,
});

/** Names a connection as long as it is open. */
export const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress}:${remotePort}`;

/** A socket that listens on "::" sees IPv4 peers as IPv4-mapped addresses. */
const plain = (address: string | undefined): string => (address ?? "").replace(/^::ffff:(?=[\d.]+$)/, "");

/** Calls the hook with a connected socket's descriptor, to which Node has no documented way. */
export function offerDescriptor(socket: Socket, onSocket: ((fd: number) => void) | undefined): void {
  const { fd } = (socket as { readonly _handle?: { readonly fd?: number } | null })._handle ?? {};
  if (fd !== undefined && fd >= 0) onSocket?.(fd);
}
