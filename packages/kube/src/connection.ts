import type { Socket } from "node:net";
import { buildConnector, Client, type Dispatcher } from "undici";

/** A request that is told on which connection it will leave. */
export interface Passenger extends Dispatcher.DispatchOptions {
  /** Told before the request leaves; through a proxy never. */
  readonly onConnection: (connection: Connection) => void;
}

/** One connection, which takes one request at a time. */
export class Connection extends Client {
  #socket: Socket | undefined;
  #isOpen = false;
  /** Requests that it has taken. */
  #taken = 0;

  constructor(origin: URL, { connect, ...options }: Client.Options) {
    const connector = typeof connect === "function" ? connect : buildConnector(connect ?? {});
    super(origin, {
      ...options,
      connect: (target, callback) => {
        this.#isOpen = false;
        // It gives the socket at once, which its type keeps to itself: to be closed while it is not open yet.
        this.#socket = (connector as unknown as (...parameters: Parameters<typeof connector>) => Socket | undefined)(
          target,
          (...[error, socket]) => {
            if (error) return callback(error, null);
            this.#isOpen = true;
            this.#socket = socket;
            callback(null, socket);
          },
        );
      },
    });
  }

  /** Whether it was open before the request that it has now: the server may have closed it just then. */
  get isReused(): boolean {
    return this.#taken > 1;
  }

  /** Its descriptor, while it is open. */
  get descriptor(): number | undefined {
    // Node has no documented way to it.
    const { fd = -1 } = (this.#socket as { readonly _handle?: { readonly fd?: number } | null })?._handle ?? {};
    return fd >= 0 ? fd : undefined;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#taken += 1;
    (options as Partial<Passenger>).onConnection?.(this);
    return super.dispatch(options, handler);
  }

  /** Closes it if it is not open yet: another attempt may be luckier than waiting for this one. */
  giveUp(reason: Error): void {
    if (!this.#isOpen) this.#socket?.destroy(reason);
  }
}
