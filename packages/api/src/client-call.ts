import { AsyncLocalStorage } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { isIP, isIPv6, type Socket } from "node:net";
import { checkServerIdentity, createSecureContext } from "node:tls";
import { ChannelCredentials, type ChannelInterface, connectivityState, type StatusObject } from "@grpc/grpc-js";
import { type ConnectRequest, type ConnectResponse, SpeakerServiceClient } from "./gen/herald/v1/speaker.gen.ts";
import { MAX_MESSAGE_BYTES } from "./limits.ts";
import { offerDescriptor } from "./listener.ts";
import type { Security } from "./security.ts";

/** Where a call goes. */
export interface CallTarget {
  readonly address: string;
  readonly port: number;
  readonly security: Security;
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
  /** Every message was handed over, and nothing more comes. Always the last event, and sometimes the only one. */
  onEnd(status: StatusObject): void;
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

// One dial is one attempt: no second one behind the caller's back, no proxy, no connection shared with another dial.
const OPTIONS = {
  "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
  "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  "grpc.enable_http_proxy": 0,
  "grpc.enable_retries": 0,
  "grpc.enable_channelz": 0,
  "grpc.service_config_disable_resolution": 1,
  "grpc.use_local_subchannel_pool": 1,
} as const;

// TLS has no way to ask for an IP address by name (RFC 6066 section 3), and grpc-js no way to ask for none.
const NO_NAME = "herald.invalid";

/** Starts to connect, and to call. */
export function openCall(target: CallTarget, events: CallEvents): ClientCall {
  const { address, port, serverName = address, onSocket } = target;
  let socket: Socket | undefined;
  let status: StatusObject | undefined;
  let hasEnded = false;
  let isDestroyed = false;

  const watch = watchSocket((created) => {
    socket = created;
    if (isDestroyed) created.destroy();
    created.once("connect", () => {
      if (isDestroyed) return;
      offerDescriptor(created, onSocket);
      events.onConnect();
    });
  });
  const client = new SpeakerServiceClient(
    isIPv6(address) ? `ipv6:[${address}]:${port}` : `ipv4:${address}:${port}`,
    credentials(target),
    { ...OPTIONS, "grpc.ssl_target_name_override": isIP(serverName) === 0 ? serverName : NO_NAME },
  );
  const call = watch.run(() => client.connect());
  whenReady(client.getChannel(), () => {
    if (!isDestroyed) events.onReady();
  });
  call.on("data", (message: ConnectResponse) => {
    if (!isDestroyed) events.onMessage(message);
  });
  // The status tells the same, and comes for every end.
  call.on("error", () => {});
  call.on("status", (received) => {
    status = received;
    endIfOver();
  });
  call.on("end", () => {
    hasEnded = true;
    endIfOver();
  });

  /** The status can overtake messages that wait in the call's buffer; "end" comes after them. */
  function endIfOver(): void {
    if (status && hasEnded && !isDestroyed) events.onEnd(status);
  }

  return {
    write: (message) => void call.write(message),
    pause: () => void call.pause(),
    resume: () => void call.resume(),
    end: () => void call.end(),
    destroy() {
      isDestroyed = true;
      watch.stop();
      call.cancel();
      client.close();
      // The channel closes in good order, which can take for ever when the other end is silent.
      socket?.destroy();
    },
  };
}

/** Unlike `Client.waitForReady` this does not make a closed channel dial again. */
function whenReady(channel: ChannelInterface, onReady: () => void): void {
  const state = channel.getConnectivityState(false);
  if (state === connectivityState.READY) onReady();
  else if (state !== connectivityState.SHUTDOWN) {
    channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => whenReady(channel, onReady));
  }
}

function credentials({ address, security, serverName = address }: CallTarget): ChannelCredentials {
  if (security === "insecure") return ChannelCredentials.createInsecure();
  const { cert, key, ca } = security;
  return ChannelCredentials.createFromSecureContext(createSecureContext({ cert, key, ca, minVersion: "TLSv1.3" }), {
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
  });
}

interface SocketWatch {
  /** Calls a function that leads to a new TCP socket. */
  run<T>(connect: () => T): T;
  stop(): void;
}

const watches = new AsyncLocalStorage<symbol>();

/**
 * Tells of the TCP socket that `run` leads to, sooner or later, as soon as it exists.
 *
 * grpc-js hands out no sockets, but Node publishes each new one in the asynchronous context of whoever asked for it.
 */
function watchSocket(onSocket: (socket: Socket) => void): SocketWatch {
  const id = Symbol("dial");
  const sockets = channel("net.client.socket");
  const listener = (message: unknown) => {
    if (watches.getStore() !== id) return;
    sockets.unsubscribe(listener);
    // Documented with the channel.
    onSocket((message as { readonly socket: Socket }).socket);
  };
  sockets.subscribe(listener);
  return {
    run: (connect) => watches.run(id, connect),
    stop: () => void sockets.unsubscribe(listener),
  };
}
