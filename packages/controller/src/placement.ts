import { hash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { type Layer2Candidate, Layer2Planner, mergeCandidates } from "@heraldlb/announce";
import type { Candidate, GroupSpec } from "@heraldlb/election";
import { type Family, familyOf } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import type { Interfaces, Reach } from "./definitions.ts";
import type { AddressGroup } from "./groups.ts";
import { announcedService, layer2World } from "./translate.ts";
import type { World } from "./world.ts";

/** Where a group may be announced. */
export interface Placed {
  readonly spec: Omit<GroupSpec, "fresh">;
  readonly reach: Reach;
}

/** What placing depends on. */
export interface PlacementOptions {
  readonly world: World;
  readonly log: Logger;
  readonly ignoreExcludeLabel: boolean;
  /** The pool of a Service's addresses. */
  poolOf(service: string): string | undefined;
}

// Enough to tell any number of nodes apart.
const SCORE_DIGITS = 16;

/** Says which nodes may announce which group. */
export class Placement {
  readonly #options: PlacementOptions;
  #planner: Layer2Planner;
  readonly #warnings = new Map<string, string>();
  readonly #scores = new Map<string, Map<string, string>>();
  #reaches = new WeakMap<readonly Layer2Candidate[], Reach>();

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.#planner = new Layer2Planner(layer2World(options.world, options.ignoreExcludeLabel));
  }

  /** Advertisements, pools' labels or nodes have changed: every group is to be placed again. */
  refresh(): void {
    const { world, ignoreExcludeLabel } = this.#options;
    this.#planner = new Layer2Planner(layer2World(world, ignoreExcludeLabel));
    this.#reaches = new WeakMap();
  }

  /** Work in proportion to the group and the nodes. */
  place({ id, addresses, services }: AddressGroup): Placed {
    const plans = services.flatMap((key) => {
      const service = announcedService(this.#options.world, key, this.#options.poolOf(key) ?? "");
      if (!service) return [];
      const plan = this.#planner.plan(service);
      this.#warn(key, plan.warning);
      return [plan];
    });
    const families = [...new Set(addresses.map(familyOf))];
    const candidates = mergeCandidates(plans);
    const first = addresses[0] ?? id;
    return {
      spec: { id, families, candidates: candidates.map((each) => this.#candidate(each, families, first)) },
      reach: this.#reach(candidates),
    };
  }

  /** The group is gone. */
  forget({ addresses }: AddressGroup): void {
    for (const address of addresses) this.#scores.delete(address);
  }

  /** The Service has no addresses any more. */
  forgetService(key: string): void {
    this.#warnings.delete(key);
  }

  #candidate({ node, preference, interfaces }: Layer2Candidate, families: readonly Family[], first: string): Candidate {
    const where = Object.fromEntries(families.map((family) => [family, interfaces]));
    return { node, preference, interfaces: where, score: this.#score(node, first) };
  }

  /** `sha256(node + "#" + address)`, as upstream breaks its ties. */
  #score(node: string, address: string): string {
    const scores = this.#scores.get(address) ?? new Map<string, string>();
    if (scores.size === 0) this.#scores.set(address, scores);
    const known = scores.get(node);
    if (known !== undefined) return known;
    const score = hash("sha256", `${node}#${address}`, "hex").slice(0, SCORE_DIGITS);
    scores.set(node, score);
    return score;
  }

  #reach(candidates: readonly Layer2Candidate[]): Reach {
    const known = this.#reaches.get(candidates);
    if (known) return known;
    const reach = new Map<string, Interfaces>(candidates.map(({ node, interfaces }) => [node, interfaces]));
    this.#reaches.set(candidates, reach);
    return reach;
  }

  #warn(service: string, warning: { readonly reason: string; readonly message: string } | undefined): void {
    const text = warning ? `${warning.reason} ${warning.message}` : "";
    if ((this.#warnings.get(service) ?? "") === text) return;
    this.#warnings.set(service, text);
    if (warning) {
      this.#options.log.warn("nobody may announce", { service, reason: warning.reason, detail: warning.message });
    } else {
      this.#options.log.info("may be announced again", { service });
    }
  }
}

/** Whether two say the same of a group. */
export function isSameSpec(a: GroupSpec, b: Placed["spec"]): boolean {
  return (
    a.families.join() === b.families.join() &&
    a.candidates.length === b.candidates.length &&
    a.candidates.every((candidate, index) => {
      const other = b.candidates[index];
      return (
        other !== undefined &&
        candidate.node === other.node &&
        candidate.preference === other.preference &&
        candidate.score === other.score &&
        b.families.every((family) => isDeepStrictEqual(candidate.interfaces[family], other.interfaces[family]))
      );
    })
  );
}
