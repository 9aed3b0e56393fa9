import type { GroupId } from "@heraldlb/election";
import { type Mac, parseMac } from "@heraldlb/net";
import type { Cluster } from "./cluster.ts";
import { addressOf } from "./group.ts";
import type { Frame, Port } from "./segment.ts";

/** A host that is none of Herald's and says that it has addresses of Herald's. */
export class ForeignHost implements Port {
  readonly name: string;
  readonly mac: Mac;
  readonly hasCarrier = true;
  readonly #cluster: Cluster;
  readonly #claimed = new Set<GroupId>();

  /** With a MAC below or above those of all nodes. */
  constructor(cluster: Cluster, rank: "lower" | "higher") {
    this.#cluster = cluster;
    this.name = `foreign-${rank}`;
    this.mac = parseMac(rank === "lower" ? "02:00:00:00:00:00" : "02:00:00:00:ff:02") as Mac;
    cluster.segment.attach(this);
  }

  /** Claims an address again and again, and answers probes for it, until {@link release}. */
  claim(group: GroupId, everyMs: number): void {
    this.#claimed.add(group);
    const repeat = () => {
      if (!this.#claimed.has(group)) return;
      this.#say(group);
      this.#cluster.clock.after(everyMs, repeat);
    };
    repeat();
  }

  release(): void {
    this.#claimed.clear();
  }

  arrive({ kind, group, mac }: Frame): void {
    if (kind !== "claim" && this.#claimed.has(group)) this.#say(group, mac);
  }

  #say(group: GroupId, to?: Mac): void {
    this.#cluster.segment.transmit(this, { kind: "claim", group, address: addressOf(group) }, to);
  }
}
