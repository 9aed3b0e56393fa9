interface Entry<T> {
  readonly at: number;
  readonly order: number;
  readonly item: T;
}

/** What is to be done when: a binary heap, first come first served among equal times. */
export class Schedule<T> {
  readonly #heap: Entry<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  add(at: number, item: T): void {
    const heap = this.#heap;
    const entry: Entry<T> = { at, order: this.#order++, item };
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Entry<T>;
      if (!isEarlier(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  /** Takes out the earliest item that is due at `now`; undefined when none is. */
  take(now: number): T | undefined {
    return this.takeBefore(now)?.item;
  }

  /** The same, with the time at which it was due. */
  takeBefore(now: number): { readonly at: number; readonly item: T } | undefined {
    const first = this.#heap[0];
    if (!first || first.at > now) return undefined;
    const last = this.#heap.pop() as Entry<T>;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(entry: Entry<T>): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= heap.length) break;
      const right = left + 1;
      const least = right < heap.length && isEarlier(heap[right] as Entry<T>, heap[left] as Entry<T>) ? right : left;
      const below = heap[least] as Entry<T>;
      if (!isEarlier(below, entry)) break;
      heap[index] = below;
      index = least;
    }
    heap[index] = entry;
  }
}

const isEarlier = <T>(a: Entry<T>, b: Entry<T>): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
