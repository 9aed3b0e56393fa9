import type { Clock } from "@heraldlb/runtime";

// More would only grow old in memory, which costs the garbage collector more than a message costs.
const LARGEST_BATCH = 256;

/**
 * Collects items and hands them on together once the current turn of the event loop has dealt with its input.
 *
 * A message between threads costs as much as what it takes to carry out an order, so thousands of orders that arrive at
 * once travel in few messages.
 */
export function batched<T>(send: (items: readonly T[]) => void): (item: T) => void {
  let waiting: T[] = [];
  let isScheduled = false;

  function flush(): void {
    const items = waiting;
    waiting = [];
    if (items.length > 0) send(items);
  }

  return (item) => {
    if (waiting.push(item) >= LARGEST_BATCH) flush();
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      flush();
    });
  };
}

/**
 * Deals with items in the order they come, but for no longer than `sliceMs` at a time: whatever else the thread has to
 * do comes in between.
 */
export function sliced<T>(
  clock: Pick<Clock, "now">,
  sliceMs: number,
  handle: (item: T) => void,
): (items: readonly T[]) => void {
  const queue: (readonly T[])[] = [];
  let at = 0;
  let isScheduled = false;

  function run(): void {
    isScheduled = false;
    const end = clock.now() + sliceMs;
    for (let items = queue[0]; items; items = queue[0]) {
      while (at < items.length) {
        if (clock.now() >= end) {
          isScheduled = true;
          setImmediate(run);
          return;
        }
        handle(items[at++] as T);
      }
      queue.shift();
      at = 0;
    }
  }

  return (items) => {
    queue.push(items);
    if (!isScheduled) run();
  };
}
