import type { ServiceInput } from "./service.ts";

interface Entry {
  readonly service: ServiceInput;
  readonly line: string;
}

/**
 * Services that wait, in lines: whoever stands behind one who cannot be served, in the same line, cannot be either. So
 * not everybody needs to be asked when an address is given back.
 */
export class Lines {
  readonly #compare: (a: ServiceInput, b: ServiceInput) => number;
  readonly #entries = new Map<string, Entry>();
  readonly #lines = new Map<string, ServiceInput[]>();

  constructor(compare: (a: ServiceInput, b: ServiceInput) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** All lines, each in the order of its turns. */
  all(): Iterable<readonly ServiceInput[]> {
    return this.#lines.values();
  }

  /** Every Service in a line of its own. */
  singly(): Iterable<readonly ServiceInput[]> {
    return this.#entries.values().map(({ service }) => [service]);
  }

  /** These Services, each in a line of its own, as far as they wait. */
  among(keys: Iterable<string>): Iterable<readonly ServiceInput[]> {
    return Iterator.from(keys)
      .map((key) => this.#entries.get(key))
      .filter((entry) => entry !== undefined)
      .map(({ service }) => [service]);
  }

  /** The Service waits in this line from now on; undefined: in none. */
  put(service: ServiceInput, line: string | undefined): void {
    const before = this.#entries.get(service.key);
    if (before?.service === service && before.line === line) return;
    if (before) this.#leave(before);
    if (line === undefined) return;
    const others = this.#lines.get(line) ?? [];
    others.splice(this.#turn(others, service), 0, service);
    this.#lines.set(line, others);
    this.#entries.set(service.key, { service, line });
  }

  /** The Service waits no longer. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) this.#leave(entry);
  }

  /** Puts everybody into the line that is theirs now. */
  reorder(lineOf: (service: ServiceInput) => string | undefined): void {
    for (const { service } of Array.from(this.#entries.values())) this.put(service, lineOf(service));
  }

  #leave({ service, line }: Entry): void {
    this.#entries.delete(service.key);
    const others = this.#lines.get(line) ?? [];
    others.splice(this.#turn(others, service), 1);
    if (others.length === 0) this.#lines.delete(line);
  }

  /** How many of them come before the Service. */
  #turn(line: readonly ServiceInput[], service: ServiceInput): number {
    let [low, high] = [0, line.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(line[middle] as ServiceInput, service) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
