import type { Clock } from "./clock.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly at: number;
}

const LINES_AT_A_TIME = 50;
// Whatever makes thousands of lines at once has more to do first; then they take some tenth of the processor.
const PAUSE_MS = 500;
const EVERY_MS = 10;

/**
 * Logs lines in the order they come, but no more than some at a time, and after a pause: thousands would hold up what is
 * urgent. A line that had to wait says for how long, in the field `lateMs`.
 */
export class PacedLog {
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: Line[] = [];
  #room = LINES_AT_A_TIME;
  #timer: Disposable | undefined;
  #hasPaused = false;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Logs a line, soon. */
  write(level: LogLevel, message: string, fields: LogFields): void {
    if (this.#room > 0) {
      this.#room--;
      this.#log[level](message, fields);
    } else this.#waiting.push({ level, message, fields, at: this.#clock.now() });
    this.#timer ??= this.#clock.timer(EVERY_MS, () => this.#goOn());
  }

  /** Logs everything that waits. */
  flush(): void {
    this.#write(this.#waiting.length);
  }

  #goOn(): void {
    if (this.#waiting.length > 0 && !this.#hasPaused) {
      this.#hasPaused = true;
      this.#timer = this.#clock.timer(PAUSE_MS, () => this.#goOn());
      return;
    }
    this.#room = LINES_AT_A_TIME - this.#write(LINES_AT_A_TIME);
    const isOver = this.#room === LINES_AT_A_TIME;
    if (isOver) this.#hasPaused = false;
    this.#timer = isOver ? undefined : this.#clock.timer(EVERY_MS, () => this.#goOn());
  }

  /** Returns how many lines it was. */
  #write(most: number): number {
    const lines = this.#waiting.slice(0, most);
    this.#waiting = this.#waiting.slice(most);
    const now = this.#clock.now();
    for (const { level, message, fields, at } of lines) {
      this.#log[level](message, { ...fields, lateMs: Math.round(now - at) });
    }
    return lines.length;
  }
}
