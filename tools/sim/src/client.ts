import { type Mac, parseMac } from "@heraldlb/net";
import type { Cluster } from "./cluster.ts";
import { addressOf } from "./group.ts";
import type { Port } from "./segment.ts";

const ASK_MS = 50;

/** A client on the segment, which asks for one address after the other. What comes back is the watch's to judge. */
export class Client implements Port {
  readonly name = "client";
  readonly mac: Mac = parseMac("02:00:00:00:ff:01") as Mac;
  readonly hasCarrier = true;
  readonly #cluster: Cluster;
  #turn = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    cluster.segment.attach(this);
  }

  begin(): void {
    const { clock, groupIds, segment } = this.#cluster;
    const group = groupIds[this.#turn++ % groupIds.length];
    if (group !== undefined) segment.transmit(this, { kind: "request", group, address: addressOf(group) });
    clock.after(ASK_MS, () => this.begin());
  }

  arrive(): void {}
}
