import { systemClock } from "@heraldlb/runtime";
import {
  ByeReason,
  type ConnectRequest,
  type ConnectResponse,
  type ControllerStream,
  connectSpeaker,
  type DialOptions,
  type Encoded,
  encodeResponse,
  type ServeOptions,
  type SpeakerHandler,
  type SpeakerServer,
  serveSpeakers,
} from "./index.ts";

const cleanups: (() => Promise<unknown>)[] = [];

/** Closes what a test has opened. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** Has something undone after the test. */
export const afterwards = (cleanup: () => Promise<unknown>): void => void cleanups.push(cleanup);

export interface Serving extends SpeakerServer {
  readonly stop: () => void;
}

/** A server on loopback. */
export async function serve(handler: SpeakerHandler, options: Partial<ServeOptions> = {}): Promise<Serving> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const server = await serveSpeakers(
    { address: "127.0.0.1", port: 0, security: "insecure", clock: systemClock, ...options },
    handler,
    stopping.signal,
  );
  afterwards(() => {
    stop();
    return server.closed;
  });
  return { ...server, stop };
}

/** A stream to it. */
export async function dial(
  { port }: { readonly port: number },
  options: Partial<DialOptions> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<ControllerStream> {
  const stream = await connectSpeaker(
    {
      address: "127.0.0.1",
      port,
      security: "insecure",
      clock: systemClock,
      connectTimeoutMs: 5000,
      setupTimeoutMs: 5000,
      ...options,
    },
    signal,
  );
  afterwards(() => stream.close());
  return stream;
}

export const heartbeat = (stamp: number): ConnectRequest => ({
  message: {
    $case: "heartbeat",
    value: { stamp: BigInt(stamp), maxTerm: 0n, termHolder: "", holdingsRevision: 0n, workerAgeMs: 0 },
  },
});

export const bye: ConnectRequest = { message: { $case: "bye", value: { reason: ByeReason.SHUTDOWN } } };

export const revoke = (group: string): Encoded =>
  encodeResponse({ message: { $case: "revoke", value: { group, epoch: { term: 1n, counter: 2n } } } });

/** Answers each heartbeat with a Revoke of the group that is called as its stamp. */
export const echo: SpeakerHandler = async ({ requests, send }) => {
  for await (const { message } of requests) {
    if (message?.$case === "heartbeat") send(revoke(`${message.value.stamp}`));
  }
};

/** The group of the next Revoke, or undefined at the stream's end. */
export async function nextGroup(messages: AsyncIterator<ConnectResponse>): Promise<string | undefined> {
  const { done, value } = await messages.next();
  return !done && value.message?.$case === "revoke" ? value.message.value.group : undefined;
}

/** Reads to the end. */
export const all = <T>(messages: AsyncIterable<T>): Promise<T[]> => Array.fromAsync(messages);
