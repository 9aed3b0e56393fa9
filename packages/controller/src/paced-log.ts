import type { Clock, LogFields, Logger } from "@heraldlb/runtime";

interface Line {
  readonly message: string;
  readonly fields: LogFields;
}

const LINES_AT_A_TIME = 250;

/** Logs lines in the order they come, but no more than some in a turn: thousands would hold up what is urgent. */
export class PacedLog {
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: Line[] = [];
  #room = LINES_AT_A_TIME;
  #timer: Disposable | undefined;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  info(message: string, fields: LogFields): void {
    if (this.#room > 0) {
      this.#room--;
      this.#log.info(message, fields);
    } else this.#waiting.push({ message, fields });
    this.#timer ??= this.#clock.timer(0, () => this.#nextTurn());
  }

  /** Logs everything that waits. */
  flush(): void {
    const lines = this.#waiting;
    this.#waiting = [];
    for (const { message, fields } of lines) this.#log.info(message, fields);
  }

  #nextTurn(): void {
    this.#timer = undefined;
    const lines = this.#waiting.slice(0, LINES_AT_A_TIME);
    this.#waiting = this.#waiting.slice(LINES_AT_A_TIME);
    this.#room = LINES_AT_A_TIME - lines.length;
    for (const { message, fields } of lines) this.#log.info(message, fields);
    if (lines.length > 0) this.#timer = this.#clock.timer(0, () => this.#nextTurn());
  }
}
