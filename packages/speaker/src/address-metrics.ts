import type { Ip } from "@heraldlb/net";
import type { Registry } from "prom-client";
import type { AddressCounts } from "./address-table.ts";
import { DerivedCounter, type Sample } from "./derived-metrics.ts";

interface Row {
  requests: number;
  responses: number;
  gratuitous: number;
  isAnswered: boolean;
}

type Count = "requests" | "responses" | "gratuitous";

/** What happens on the wire for each address: MetalLB's three counters, in its words, and which are answered for. */
export class AddressMetrics {
  readonly #rows = new Map<Ip, Row>();

  constructor(registry: Registry) {
    const counter = (name: string, help: string, count: Count) =>
      new DerivedCounter({ name, help, labelNames: ["ip"], registers: [registry] }, () => this.#series(count));
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

  /** The addresses that are answered for. */
  *answered(): Generator<Ip, void, undefined> {
    for (const [address, { isAnswered }] of this.#rows) if (isAnswered) yield address;
  }

  /** Says whether an address is answered for. */
  setAnswered(address: Ip, isAnswered: boolean): void {
    this.#row(address).isAnswered = isAnswered;
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
    const row = { requests: 0, responses: 0, gratuitous: 0, isAnswered: false };
    this.#rows.set(address, row);
    return row;
  }

  /** A series for each address whose count is not 0, as if it had been counted. */
  #series(count: Count): Sample[] {
    const found: Sample[] = [];
    for (const [ip, { [count]: value }] of this.#rows) if (value !== 0) found.push({ labels: { ip }, value });
    return found;
  }
}
