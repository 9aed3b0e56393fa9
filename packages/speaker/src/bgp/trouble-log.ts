import type { Logger } from "@heraldlb/runtime";

/** Why there is no session: logs each message again only when its reason is another one than the last time. */
export class TroubleLog {
  readonly #log: Logger;
  readonly #told = new Map<string, string>();
  #last: string | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** The reason that was noted last; undefined: all is well. */
  get last(): string | undefined {
    return this.#last;
  }

  note(message: string, reason: string, fields: Readonly<Record<string, unknown>>): void {
    if (reason !== this.#told.get(message)) this.#log.warn(message, { ...fields, reason });
    this.#told.set(message, reason);
    this.#last = reason;
  }

  /** Tells everything again, if it is still so: whoever has changed something wants to know whether it was any good. */
  repeat(): void {
    this.#told.clear();
  }

  /** All is well. */
  over(): void {
    this.repeat();
    this.#last = undefined;
  }
}
