import { StreamError } from "@heraldlb/api";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { ServedStream } from "./controller-ports.ts";
import type { Hub } from "./hub.ts";
import { fromRequest, type Greeting, type Request } from "./messages.ts";
import { assertNodeName } from "./node-name.ts";
import { Refusals } from "./refusals.ts";
import type { Session } from "./session.ts";
import type { Authenticator } from "./tokens/authenticator.ts";
import { credentialRequest } from "./tokens/credential-messages.ts";
import type { StreamCredentials } from "./tokens/stream-credentials.ts";

/** What the serving of streams needs. */
export interface SpeakerStreamsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly hub: Hub;
  readonly authenticator: Pick<Authenticator, "check">;
  /** Answers what speakers ask about credentials; undefined: nobody does. */
  readonly credentials: Pick<StreamCredentials, "hear"> | undefined;
  /** A message of a speaker that has proved who it is. */
  onRequest(session: Session, request: Request): void;
  /** A stream has ended; `byHub`: the hub has closed it already. */
  onEnd(session: Session, byHub: boolean): void;
}

/** Serves speakers' streams: nothing is heard of a speaker before it has proved who it is. */
export class SpeakerStreams {
  readonly #options: SpeakerStreamsOptions;
  readonly #refusals: Refusals;

  constructor(options: SpeakerStreamsOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.clock, options.log);
  }

  /** Serves one speaker until its stream ends. Rejects with a StreamError that the speaker is to be told. */
  async serve(stream: ServedStream): Promise<void> {
    const { hub, onEnd } = this.#options;
    const session = hub.connect(stream);
    try {
      await Promise.race([this.#listen(session, stream), session.ended]);
    } finally {
      const byHub = session.phase === "gone";
      if (!byHub) hub.disconnect(session);
      onEnd(session, byHub);
    }
  }

  async #listen(session: Session, stream: ServedStream): Promise<void> {
    for await (const message of stream.requests) {
      if (isGone(session)) return;
      const asked = credentialRequest(message);
      const request = asked ? undefined : fromRequest(message);
      if (request?.type === "greeting") await this.#check(session, stream, request);
      else if (session.node === undefined && (asked || request))
        throw new StreamError("invalidArgument", "the first message must be Hello");
      if (asked && session.node !== undefined) {
        // An API server may take its time to answer; heartbeats do not wait for it. It never rejects.
        void this.#options.credentials?.hear(asked, { ...stream, node: session.node });
      }
      if (request && !isGone(session)) this.#options.onRequest(session, request);
    }
  }

  async #check({ node }: Session, { peer }: ServedStream, { hello }: Greeting): Promise<void> {
    try {
      assertNodeName(hello.node);
      if (node !== undefined) throw new StreamError("invalidArgument", "a second Hello");
      await this.#options.authenticator.check(peer, hello.node);
    } catch (error) {
      this.#refusals.note({ node: hello.node, address: peer.address, reason: (error as StreamError).message });
      throw error;
    }
  }
}

const isGone = ({ phase }: Session): boolean => phase === "gone";
