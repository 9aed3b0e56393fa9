import type { Duplex } from "node:stream";
import {
  type BgpMessage,
  decodeMessage,
  encodeMessage,
  INITIAL_CODEC_OPTIONS,
  MessageSplitter,
  type NegotiatedSession,
  negotiate,
  type Open,
  type ReceivedMessage,
} from "@heraldlb/bgp";
import type { Ipv4 } from "@heraldlb/net";

/** The router's identifier. */
export const ROUTER: Ipv4 = "192.0.2.2" as Ipv4;

/** A router that has connected to the session. */
export class Router {
  readonly heard: ReceivedMessage[] = [];
  readonly #stream: Duplex;
  readonly #splitter = new MessageSplitter(65_535);
  readonly #open: Open;
  #options: NegotiatedSession | undefined;
  #until: ReceivedMessage["type"] | undefined;
  isClosed = false;

  constructor(stream: Duplex, open: Partial<Open>) {
    this.#stream = stream;
    const capabilities = [
      { type: "multiprotocol", family: "ipv4" },
      { type: "fourByteAs" },
      { type: "routeRefresh" },
    ] as const;
    this.#open = { type: "open", asn: 64513, holdSeconds: 90, identifier: ROUTER, capabilities, ...open };
    stream.on("end", () => {
      this.isClosed = true;
    });
  }

  say(message: BgpMessage): void {
    this.#stream.write(encodeMessage(message, this.#options ?? INITIAL_CODEC_OPTIONS));
  }

  /** Reads from now on, for ever or up to a message of a kind, and answers an OPEN. */
  listen({ until }: { readonly until?: ReceivedMessage["type"] } = {}): void {
    this.#until = until;
    if (this.#stream.listenerCount("data") === 0) this.#stream.on("data", (chunk: Uint8Array) => this.#read(chunk));
    this.#stream.resume();
  }

  /** The prefixes that are announced, with their MED, or withdrawn, in order. */
  get routes(): string[] {
    return this.heard.flatMap((message) => {
      if (message.type !== "update") return [];
      const med = message.attributes.find(({ type }) => type === "med");
      return [
        ...message.withdrawn.map(({ prefix }) => `-${prefix}`),
        ...message.announced.map(({ prefix }) => `${prefix} ${med?.type === "med" ? med.value : ""}`),
      ];
    });
  }

  get last(): ReceivedMessage | undefined {
    return this.heard.at(-1);
  }

  #read(chunk: Uint8Array): void {
    this.#splitter.push(chunk);
    for (let bytes = this.#splitter.next(); bytes; bytes = this.#splitter.next()) {
      const message = decodeMessage(bytes, this.#options ?? INITIAL_CODEC_OPTIONS);
      this.heard.push(message);
      if (message.type === this.#until) this.#stream.pause();
      if (message.type !== "open") continue;
      this.say(this.#open);
      this.#options = negotiate(this.#open, message);
      this.say({ type: "keepalive" });
    }
  }
}
