import type { Clock } from "./clock.ts";
import type { LogFields, Logger, LogLevel } from "./logger.ts";
import { PacedLog } from "./paced-log.ts";

/** What stalls of a busy machine bring about every second or so, on the whole or for each controller. */
const RECURRENT: ReadonlySet<string> = new Set(["authority changed", "controller stream ended", "process was stalled"]);
const EVERY_MS = 10_000;

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly at: number;
}

/** What has come since the last line of its kind that was not for debugging. */
interface Spell {
  count: number;
  /** The last, or, of stalls, the longest. */
  shown?: Line | undefined;
}

/**
 * A paced log that tells at once that something has begun to come and go, and then sums it up every ten seconds: the last
 * of its kind (of stalls the longest), how many there were (`count`) and how long ago it was (`lateMs`). Each one is
 * there at debug.
 */
export class RecurrentLog {
  readonly #clock: Clock;
  readonly #log: PacedLog;
  readonly #spells = new Map<string, Spell>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = new PacedLog(clock, log);
  }

  /** Logs a line, soon. */
  write(level: LogLevel, message: string, fields: LogFields): void {
    const { replica, stalledMs } = fields;
    const key = RECURRENT.has(message) ? `${message} ${replica}` : undefined;
    const spell = key && this.#spells.get(key);
    if (spell) {
      spell.count++;
      const { stalledMs: longestMs } = spell.shown?.fields ?? {};
      if (!(Number(stalledMs) < Number(longestMs))) spell.shown = { level, message, fields, at: this.#clock.now() };
    } else if (key) this.#begin(key);
    this.#log.write(spell ? "debug" : level, message, fields);
  }

  /** Logs everything that waits. */
  flush(): void {
    for (const spell of this.#spells.values()) this.#sumUp(spell);
    this.#log.flush();
  }

  #begin(key: string): void {
    const spell = { count: 0 };
    this.#spells.set(key, spell);
    this.#clock.timer(EVERY_MS, () => {
      this.#spells.delete(key);
      if (this.#sumUp(spell)) this.#begin(key);
    });
  }

  #sumUp({ count, shown }: Spell): boolean {
    if (!shown) return false;
    const lateMs = Math.round(this.#clock.now() - shown.at);
    this.#log.write(shown.level, shown.message, { ...shown.fields, count, lateMs });
    return true;
  }
}
