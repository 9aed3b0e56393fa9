import { writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import type { Logger } from "@heraldlb/runtime";

// Ahead of all that runs at the usual 0, and of what is merely preferred.
const THREAD_NICE = -20;
// On Linux, the thread that asks.
const THIS_THREAD = 0;
// Outside of containers Linux shares the processors out among sessions first (sched(7), autogroup); a thread's own
// value counts only within its session.
const SESSION_FILE = "/proc/self/autogroup";
const SESSION_NICE = "-10";

/**
 * Has the kernel prefer this thread to others, so that BFD packets leave in time on a busy machine. Needs CAP_SYS_NICE;
 * without it all goes on as before. Returns whether it was granted.
 */
export function preferThisThread(log: Logger): boolean {
  try {
    setPriority(THIS_THREAD, THREAD_NICE);
  } catch (error) {
    log.debug("thread not preferred", { error });
    return false;
  }
  try {
    writeFileSync(SESSION_FILE, SESSION_NICE);
  } catch (error) {
    // A kernel without autogroups, or a read-only /proc in a container, where the file has no effect either.
    log.debug("session not preferred", { error });
  }
  return true;
}
