/**
 * Calls one after the other, and none any more once the signal aborts; of several that came meanwhile only the last one
 * counts. `act` must not reject.
 */
export function oneAtATime<T>(act: (item: T) => Promise<void>, signal: AbortSignal): (item: T) => void {
  let next: { readonly item: T } | undefined;
  let isBusy = false;
  const work = async () => {
    isBusy = true;
    for (let job = next; job && !signal.aborted; job = next) {
      next = undefined;
      await act(job.item);
    }
    isBusy = false;
  };
  return (item) => {
    next = { item };
    if (!isBusy) void work();
  };
}
