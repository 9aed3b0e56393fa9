import type { Ip } from "@heraldlb/net";
import { Counter, type CounterConfiguration, Gauge, type Registry } from "prom-client";
import type { AddressCounts } from "./address-table.ts";

interface Row {
  requests: number;
  responses: number;
  gratuitous: number;
  isAnnounced: boolean;
}

type Count = "requests" | "responses" | "gratuitous";

/**
 * The metrics that have a series for each address: MetalLB's four, in its words.
 *
 * prom-client keeps half a kilobyte for each value of each metric; with ten thousand addresses that is more than all the
 * rest of the process. So the counts are kept in one row for each address, and the series made when somebody asks.
 */
export class AddressMetrics {
  readonly #rows = new Map<Ip, Row>();

  constructor(registry: Registry, node: string) {
    const registers = [registry];
    const rows = this.#rows;
    new DerivedGauge(
      {
        name: "metallb_speaker_announced",
        help: "Services being announced from this node. This is desired state, it does not guarantee that the routing protocols have converged.",
        labelNames: ["protocol", "node", "ip"],
        registers,
      },
      () => series(rows, ({ isAnnounced }) => (isAnnounced ? 1 : 0), { protocol: "layer2", node }),
    );
    const counter = (name: string, help: string, count: Count) =>
      new DerivedCounter({ name, help, labelNames: ["ip"], registers }, () => series(rows, (row) => row[count], {}));
    counter("metallb_layer2_requests_received", "Number of layer2 requests received for owned IPs", "requests");
    counter(
      "metallb_layer2_responses_sent",
      "Number of layer2 responses sent for owned IPs in response to requests",
      "responses",
    );
    counter(
      "metallb_layer2_gratuitous_sent",
      "Number of gratuitous layer2 packets sent for owned IPs as a result of failovers",
      "gratuitous",
    );
  }

  /** Says whether an address is answered for. */
  setAnnounced(address: Ip, isAnnounced: boolean): void {
    this.#row(address).isAnnounced = isAnnounced;
  }

  /** Adds what has happened since the last time. */
  add({ address, requests, responses, gratuitous }: AddressCounts): void {
    const row = this.#row(address);
    row.requests += requests;
    row.responses += responses;
    row.gratuitous += gratuitous;
  }

  #row(address: Ip): Row {
    const found = this.#rows.get(address);
    if (found) return found;
    const row = { requests: 0, responses: 0, gratuitous: 0, isAnnounced: false };
    this.#rows.set(address, row);
    return row;
  }
}

interface Sample {
  readonly labels: Partial<Record<string, string | number>>;
  readonly value: number;
}

/** A series for each address whose value is not 0, as if it had been set. */
function series(
  rows: ReadonlyMap<Ip, Row>,
  measure: (row: Row) => number,
  labels: Readonly<Record<string, string>>,
): Sample[] {
  const found: Sample[] = [];
  for (const [ip, row] of rows) {
    const value = measure(row);
    if (value !== 0) found.push({ labels: { ...labels, ip }, value });
  }
  return found;
}

class DerivedCounter extends Counter<string> {
  readonly #samples: () => Sample[];

  constructor(configuration: CounterConfiguration<string>, samples: () => Sample[]) {
    super(configuration);
    this.#samples = samples;
  }

  override async get(): ReturnType<Counter<string>["get"]> {
    return { ...(await super.get()), values: this.#samples() };
  }
}

class DerivedGauge extends Gauge<string> {
  readonly #samples: () => Sample[];

  constructor(configuration: CounterConfiguration<string>, samples: () => Sample[]) {
    super(configuration);
    this.#samples = samples;
  }

  override async get(): ReturnType<Gauge<string>["get"]> {
    return { ...(await super.get()), values: this.#samples() };
  }
}
