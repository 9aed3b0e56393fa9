import { Counter, type CounterConfiguration, Gauge, type GaugeConfiguration } from "prom-client";

/** One series. */
export interface Sample {
  readonly labels: Partial<Record<string, string | number>>;
  readonly value: number;
}

// prom-client keeps half a kilobyte for each value of each metric; with ten thousand addresses that is more than all the
// rest of the process.

/** A counter whose series are made when somebody asks, and not kept. */
export class DerivedCounter extends Counter<string> {
  readonly #samples: () => Sample[];

  constructor(configuration: CounterConfiguration<string>, samples: () => Sample[]) {
    super(configuration);
    this.#samples = samples;
  }

  override async get(): ReturnType<Counter<string>["get"]> {
    return { ...(await super.get()), values: this.#samples() };
  }
}

/** A gauge whose series are made when somebody asks, and not kept. */
export class DerivedGauge extends Gauge<string> {
  readonly #samples: () => Sample[];

  constructor(configuration: GaugeConfiguration<string>, samples: () => Sample[]) {
    super(configuration);
    this.#samples = samples;
  }

  override async get(): ReturnType<Gauge<string>["get"]> {
    return { ...(await super.get()), values: this.#samples() };
  }
}
