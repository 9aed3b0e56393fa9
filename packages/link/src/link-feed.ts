import { LinkError } from "./link-error.ts";
import { errnoError } from "./native.ts";
import { openRouteSocket, ROUTE_GROUP, type RouteSocket } from "./route-socket.ts";
import { encodeLinkRequest, type LinkState, type RouteMessage } from "./rtnetlink.ts";

/** Told of one link's state: once soon after following begins, then at every change. */
export interface LinkListener {
  onLink(link: LinkState): void;
  /** The link does not exist (any more). Nothing comes after this. */
  onGone(): void;
}

/** An interest in a link. */
export interface Following {
  /** The listener is not called any more. Resolves when what it needed is closed. */
  stop(): Promise<void>;
}

const RECEIVE_BUFFER_BYTES = 1 << 20;

/**
 * One subscription for all frame sockets of a thread.
 *
 * They need it because a packet socket does not hear of its interface's deletion: the kernel only says that it went
 * down, which comes first.
 */
class LinkFeed {
  readonly #followers = new Map<number, Set<LinkListener>>();
  #socket: RouteSocket | undefined;

  follow(index: number, listener: LinkListener): Following {
    this.#socket ??= this.#open();
    const listeners = this.#followers.get(index) ?? new Set();
    this.#followers.set(index, listeners.add(listener));
    this.#socket.send(encodeLinkRequest(index, index));
    return { stop: () => this.#unfollow(index, listener) };
  }

  #open(): RouteSocket {
    return openRouteSocket(ROUTE_GROUP.link, RECEIVE_BUFFER_BYTES, {
      onMessages: (messages) => {
        for (const message of messages) this.#take(message);
      },
      onLost: () => {
        for (const index of this.#followers.keys()) this.#socket?.send(encodeLinkRequest(index, index));
      },
    });
  }

  #take(message: RouteMessage): void {
    if (message.type === "link") this.#tell(message.link.index, (listener) => listener.onLink(message.link));
    if (message.type === "linkRemoved") this.#tell(message.index, (listener) => listener.onGone());
    if (message.type === "error" && message.errno !== 0) {
      const error = errnoError(message.errno, "ask for a link");
      if (error.code !== "gone") throw error;
      this.#tell(message.sequence, (listener) => listener.onGone());
    }
  }

  #tell(index: number, tell: (listener: LinkListener) => void): void {
    for (const listener of [...(this.#followers.get(index) ?? [])]) tell(listener);
  }

  async #unfollow(index: number, listener: LinkListener): Promise<void> {
    const listeners = this.#followers.get(index);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.#followers.delete(index);
    if (this.#followers.size > 0) return;
    const socket = this.#socket;
    this.#socket = undefined;
    await socket?.close();
  }
}

const feed = new LinkFeed();

/** Follows the link with this index until stopped. Throws a {@link LinkError}. */
export const followLink = (index: number, listener: LinkListener): Following => feed.follow(index, listener);

/** That the interface does not exist. */
export const goneError = (name: string): LinkError =>
  new LinkError("gone", `there is no interface ${name}`, { errno: "ENODEV" });

/** That the interface was taken down. */
export const downError = (name: string): LinkError =>
  new LinkError("down", `interface ${name} is down`, { errno: "ENETDOWN" });
