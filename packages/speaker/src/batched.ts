/**
 * Collects items and hands them on together once the current turn of the event loop has dealt with its input.
 *
 * A message between threads costs as much as what it takes to carry out an order, so thousands of orders that arrive at
 * once travel in a few messages.
 */
export function batched<T>(send: (items: readonly T[]) => void): (item: T) => void {
  let waiting: T[] = [];
  return (item) => {
    if (waiting.push(item) > 1) return;
    setImmediate(() => {
      const items = waiting;
      waiting = [];
      send(items);
    });
  };
}
