import { randomInt } from "node:crypto";
import { openFrameSocket } from "@heraldlb/link";
import { type Logger, systemClock } from "@heraldlb/runtime";
import { BfdSessions } from "./bfd/bfd-sessions.ts";
import type { DesiredSession } from "./bfd/desired-session.ts";
import { preferThisThread } from "./bfd/thread-priority.ts";
import { udpNetwork } from "./bfd/udp-network.ts";
import type { FromWorker } from "./worker-messages.ts";

const STATISTICS_MS = 1_000;
// `randomInt` takes no more.
const RANDOM_RANGE = 2 ** 47;

/** BFD in the answering thread. Loaded when there is the first session. */
export class BfdWorker {
  readonly #sessions: BfdSessions;
  readonly #post: (message: FromWorker) => void;
  #hasTold = false;

  constructor(log: Logger, post: (message: FromWorker) => void) {
    this.#post = post;
    preferThisThread(log);
    this.#sessions = new BfdSessions({
      clock: systemClock,
      log,
      network: udpNetwork,
      openFrames: openFrameSocket,
      random: () => randomInt(RANDOM_RANGE) / RANDOM_RANGE,
      onReport: (report) => post({ type: "bfdReport", report }),
    });
    this.#tellStatistics();
  }

  /** Makes the sessions these, which are all. */
  apply(desired: readonly DesiredSession[]): void {
    this.#sessions.apply(desired);
  }

  #tellStatistics(): void {
    systemClock.timer(STATISTICS_MS, () => {
      const statistics = this.#sessions.statistics();
      // That there are none any more is news once.
      if (statistics.length > 0 || this.#hasTold) this.#post({ type: "bfdStatistics", statistics });
      this.#hasTold = statistics.length > 0;
      this.#tellStatistics();
    });
  }
}
