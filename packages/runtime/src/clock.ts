/** The only source of time in this repository. Everything that waits takes one. */
export interface Clock {
  /** Milliseconds on a clock that never goes back. */
  now(): number;
  /** Calls `onExpiry` after `ms`, unless disposed of first. */
  timer(ms: number, onExpiry: () => void): Disposable;
  /** Resolves after `ms`; rejects with the signal's reason if that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

// Node turns a longer delay into 1 ms.
const LONGEST_MS = 0x7fff_ffff;

/** The machine's monotonic clock. A timer never expires before `now()` has reached its time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  timer: startTimer,
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};

function startTimer(ms: number, onExpiry: () => void): Disposable {
  if (Number.isNaN(ms)) throw new RangeError("a timer of NaN ms");
  const due = performance.now() + ms;
  let handle = arm(ms);

  function arm(left: number): NodeJS.Timeout {
    return setTimeout(expire, Math.min(Math.ceil(left), LONGEST_MS));
  }

  /** Node measures from the start of the event loop's turn, so it may call early. */
  function expire(): void {
    const left = due - performance.now();
    if (left > 0) handle = arm(left);
    else onExpiry();
  }

  return { [Symbol.dispose]: () => clearTimeout(handle) };
}

/** `Clock.sleep` in terms of `Clock.timer`. */
export function sleepOn(clock: Pick<Clock, "timer">, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const timer = clock.timer(ms, () => {
      signal?.removeEventListener("abort", abort);
      resolve();
    });
    const abort = () => {
      timer[Symbol.dispose]();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}
