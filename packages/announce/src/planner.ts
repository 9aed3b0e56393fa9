import type { AnnouncedService, Layer2Candidate, Layer2Plan, Layer2World } from "./layer2.ts";

/** Says who may announce a Service, from a world whose node sets are worked out once. */
export class Layer2Planner {
  constructor(world: Layer2World) {
    void world;
  }

  /** Work in proportion to the Service's endpoints and the nodes, not to the cluster's Services. */
  plan(service: AnnouncedService): Layer2Plan {
    void service;
    return { candidates: [], withheld: [] };
  }
}

/**
 * The candidates of Services whose addresses are tied together: nodes that may announce every Service that has any
 * candidate. Preferences are added up, interfaces are what all of them permit.
 */
export function mergeCandidates(plans: readonly Layer2Plan[]): readonly Layer2Candidate[] {
  return plans[0]?.candidates ?? [];
}
