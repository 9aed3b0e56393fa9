import type { Dispatcher } from "undici";
import { Answer } from "./answer.ts";
import type { Connection, Passenger } from "./connection.ts";

/** Whom an exchange asks and tells. */
export interface ExchangeHooks {
  /** Asked in the moment in which the request would leave: false, and it is not sent. */
  readonly admit?: (() => boolean) | undefined;
  /** Told just before that. */
  readonly onLeaving?: ((connection: Connection) => void) | undefined;
}

/** What broke a request before its answer began. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  /** It was sent on a connection that the server may have closed in the same moment. */
  readonly isReused: boolean;

  constructor(cause: Error, isReused: boolean) {
    super(messageOf(cause), { cause });
    this.isReused = isReused;
  }
}

/**
 * Sends a request, and resolves when the head of its answer is there. Whatever the signal's reason, it ends the
 * exchange even later.
 *
 * @throws ExchangeError
 */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  { admit, onLeaving }: ExchangeHooks,
  signal: AbortSignal,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let controller: Dispatcher.DispatchController | undefined;
  let connection: Connection | undefined;
  let answer: Answer | undefined;
  const abort = () => {
    const reason = asError(signal.reason);
    if (controller) controller.abort(reason);
    else connection?.giveUp(reason);
    reject(reason);
  };
  const release = () => signal.removeEventListener("abort", abort);
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart: (started) => {
      controller = started;
      if (signal.aborted) return started.abort(asError(signal.reason));
      if (connection) onLeaving?.(connection);
      if (admit && !admit()) started.abort(new Error("not sent: it is not wanted any more"));
    },
    onResponseStart: (started, status, headers) => {
      // 103 and the like come before the answer.
      if (status < 200) return;
      answer = new Answer(started, status, headers);
      resolve(answer);
    },
    onResponseData: (_, chunk) => answer?.push(chunk),
    onResponseEnd: () => {
      release();
      answer?.end();
    },
    onResponseError: (_, error) => {
      release();
      answer?.end(error);
      reject(new ExchangeError(error, connection?.isReused ?? false));
    },
  };
  signal.addEventListener("abort", abort, { once: true });
  const passenger: Passenger = {
    ...request,
    onConnection: (taken) => {
      connection = taken;
    },
  };
  dispatcher.dispatch(passenger, handler);
  return promise;
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** Of a connection to several addresses that failed, all messages. */
function messageOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((each) => messageOf(each as Error)).join("; ");
  return error.message;
}
