import { hash } from "node:crypto";
import {
  type Layer2Advertisement,
  type Layer2Candidate,
  type Layer2Plan,
  Layer2Planner,
  type Layer2World,
  mergeCandidates,
} from "@heraldlb/announce";
import type { Candidate, GroupSpec, InterfaceSet } from "@heraldlb/election";
import type { Holding } from "@heraldlb/ipam";
import { type Family, familyOf } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import type { Reach } from "./definitions.ts";
import { FormerAdvertisements } from "./former-advertisements.ts";
import type { AddressGroup } from "./groups.ts";
import { announcedService, layer2World } from "./translate.ts";
import type { Layer2Silence, Unannounced } from "./unannounced.ts";
import type { World } from "./world.ts";

/** Where a group may be announced. */
export interface Placed {
  readonly spec: Omit<GroupSpec, "fresh">;
  readonly reach: Reach;
  /** The first address, which breaks ties. */
  readonly first: string;
  /** The nodes, apart from what the group itself adds: one object for all groups that are alike. */
  readonly outlook: Outlook;
}

/** The nodes that may announce, for all groups that are alike in what announcing looks at. */
interface Outlook {
  readonly candidates: readonly Layer2Candidate[];
  readonly reach: Reach;
}

/** What placing depends on. */
export interface PlacementOptions {
  readonly world: World;
  readonly log: Logger;
  readonly ignoreExcludeLabel: boolean;
  /** What is remembered of stranded Services: the advertisements that announced them last. */
  readonly former: ReadonlyMap<string, readonly Layer2Advertisement[]>;
  /** What nobody may announce over layer 2. */
  readonly unannounced: Unannounced;
  /** Where a Service's addresses come from. */
  holdingOf(service: string): Pick<Holding, "pool" | "stranded"> | undefined;
}

/** The plan of a Service. */
interface Look {
  readonly service: string;
  /** The same for Services that look alike. */
  readonly key: string;
  readonly plan: Layer2Plan;
  readonly warning: Layer2Plan["warning"];
}

type Where = Candidate["interfaces"];

// Enough to tell any number of nodes apart.
const SCORE_DIGITS = 16;
// With endpoints that come and go there is no end of them.
const MOST_OUTLOOKS = 20_000;
const MOST_NAMED = 3;
const NOWHERE: Outlook = { candidates: [], reach: new Map() };

const plannerOf = (facts: Layer2World, advertisements: readonly Layer2Advertisement[]): Layer2Planner =>
  new Layer2Planner({ ...facts, advertisements });

/** Each of these Services may be announced by some node, and no node may announce all of them. */
function noCommonNode(look: Look, apart: ReadonlySet<Look>): NonNullable<Layer2Silence> {
  const others = apart.values().filter((other) => other !== look);
  const names = Array.from(others.take(MOST_NAMED), ({ service }) => service);
  const all = apart.size > 2 ? "all of them" : "both";
  const why = `it shares an address with ${names.join(", ")}, and no node may announce ${all}`;
  return { reason: "noCommonNode", message: `no node may announce ${JSON.stringify(look.service)}: ${why}` };
}

const selectsServices = ({ serviceSelectors }: { readonly serviceSelectors: readonly unknown[] }): boolean =>
  serviceSelectors.length > 0;

/** Says which nodes may announce which group. What is alike is worked out once. */
export class Placement {
  readonly #options: PlacementOptions;
  #planner: Layer2Planner;
  #looksAtLabels: boolean;
  readonly #former: FormerAdvertisements<Layer2Advertisement, Layer2World, Layer2Planner>;
  #isToldOfNoNodes = false;
  /** By address, then by node. */
  readonly #scores = new Map<string, Map<string, string>>();
  readonly #plans = new Map<string, Layer2Plan>();
  readonly #outlooks = new Map<string, Outlook>();
  readonly #wheres = new Map<InterfaceSet, Map<string, Where>>();

  constructor(options: PlacementOptions) {
    const { world, ignoreExcludeLabel } = options;
    this.#options = options;
    const facts = layer2World(world, ignoreExcludeLabel);
    this.#former = new FormerAdvertisements(facts, { remembered: options.former, plannerOf });
    this.#looksAtLabels = options.former.values().some((last) => last.some(selectsServices));
    this.#planner = this.#newPlanner();
  }

  /** Advertisements, pools' labels or nodes have changed: every group is to be placed again. */
  refresh(): void {
    this.#planner = this.#newPlanner();
    this.#isToldOfNoNodes = false;
    this.#forgetOutlooks();
  }

  /** Work in proportion to the group and the nodes; gives `before` back if nothing is different. */
  place({ id, addresses, services }: AddressGroup, before: Placed | undefined): Placed {
    const outlook = this.#outlook(services);
    const first = addresses[0] ?? id;
    const families = [...new Set(addresses.map(familyOf))];
    if (before?.outlook === outlook && before.first === first && `${before.spec.families}` === `${families}`) {
      return before;
    }
    const candidates = outlook.candidates.map(({ node, preference, interfaces }): Candidate => {
      return { node, preference, interfaces: this.#where(interfaces, families), score: this.#score(node, first) };
    });
    return { spec: { id, families, candidates }, reach: outlook.reach, first, outlook };
  }

  /** The group is gone. */
  forget({ addresses }: AddressGroup): void {
    for (const address of addresses) this.#scores.delete(address);
  }

  /** The Service has no addresses any more. */
  forgetService(key: string): void {
    this.#options.unannounced.forget(key);
    this.#former.forget(key);
  }

  /** Services that are announced by advertisements that are gone, since this was last asked; none: not any more. */
  takeNews(): ReadonlyMap<string, readonly Layer2Advertisement[]> {
    return this.#former.takeNews();
  }

  #newPlanner(): Layer2Planner {
    const { world, ignoreExcludeLabel } = this.#options;
    // Once some advertisement did, a stranded address may still be announced by it.
    this.#looksAtLabels ||= [...world.advertisements].some(({ spec }) => selectsServices(spec));
    const facts = layer2World(world, ignoreExcludeLabel);
    this.#former.refresh(facts);
    return new Layer2Planner(facts);
  }

  #forgetOutlooks(): void {
    this.#plans.clear();
    this.#outlooks.clear();
    this.#wheres.clear();
  }

  #outlook(services: readonly string[]): Outlook {
    const looks = services.flatMap((key) => this.#look(key) ?? []);
    const outlook = this.#merged(looks);
    const apart = new Set(outlook === NOWHERE ? looks.filter(({ plan }) => plan.candidates.length > 0) : []);
    for (const look of looks) this.#warn(look.service, apart.has(look) ? noCommonNode(look, apart) : look.warning);
    return outlook;
  }

  #merged(looks: readonly Look[]): Outlook {
    const key = looks.map((look) => look.key).join("\n");
    const known = this.#outlooks.get(key);
    if (known) return known;
    if (this.#outlooks.size >= MOST_OUTLOOKS) this.#forgetOutlooks();
    const candidates = mergeCandidates(looks.map(({ plan }) => plan));
    const reach: Reach = new Map(candidates.map((candidate) => [candidate.node, candidate]));
    const outlook = candidates.length > 0 ? { candidates, reach } : NOWHERE;
    this.#outlooks.set(key, outlook);
    return outlook;
  }

  #look(key: string): Look | undefined {
    const { world, holdingOf } = this.#options;
    const { pool = "", stranded } = holdingOf(key) ?? {};
    const service = announcedService(world, key, { pool, looksAtLabels: this.#looksAtLabels });
    if (!service) return undefined;
    const former = this.#former.note(key, { pool, isStranded: stranded !== undefined });
    if (former) {
      const plan = former.plan(service);
      return { service: key, key: JSON.stringify(plan.candidates), plan, warning: plan.warning };
    }
    const shape = JSON.stringify({ ...service, key: "" });
    const known = this.#plans.get(shape) ?? this.#planner.plan(service);
    this.#plans.set(shape, known);
    // Its text names the Service, so it is worked out anew.
    const warning = known.warning && this.#planner.plan(service).warning;
    return { service: key, key: shape, plan: known, warning };
  }

  #where(interfaces: InterfaceSet, families: readonly Family[]): Where {
    const byFamilies = this.#wheres.get(interfaces) ?? new Map<string, Where>();
    this.#wheres.set(interfaces, byFamilies);
    const key = families.join();
    const where = byFamilies.get(key) ?? Object.fromEntries(families.map((family) => [family, interfaces]));
    byFamilies.set(key, where);
    return where;
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

  #warn(service: string, warning: Layer2Silence): void {
    const { log } = this.#options;
    if (warning?.reason === "noNodes") {
      // It is so for all Services alike.
      if (!this.#isToldOfNoNodes) log.warn("nobody may announce anything", { reason: warning.reason });
      this.#isToldOfNoNodes = true;
      return;
    }
    this.#options.unannounced.noteLayer2(service, warning);
  }
}
