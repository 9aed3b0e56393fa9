import { type Configuration, formatObjectId, type InForce, objectId, readResource } from "@heraldlb/config";
import type { AdmissionRequest } from "./review.ts";

interface Recent {
  readonly form: InForce;
  readonly until: number;
}

// A watch tells of an object long before.
const KEPT_MS = 1000;

/**
 * Objects that were allowed a moment ago and that no watch has told of yet, so that of two that contradict each other
 * and come at once the second is seen to.
 */
export class RecentForms {
  readonly #forms = new Map<string, Recent>();

  /** What will be in force if everything that was allowed is stored. */
  over(configuration: Configuration, now: number): Configuration {
    for (const [key, { until }] of this.#forms) if (until <= now) this.#forms.delete(key);
    if (this.#forms.size === 0) return configuration;
    const inForce = new Map(configuration.inForce);
    for (const [key, { form }] of this.#forms) inForce.set(key, form);
    return { ...configuration, inForce };
  }

  /** A request was allowed. */
  note({ operation, object, namespace, isDryRun }: AdmissionRequest, now: number): void {
    if (isDryRun || operation === "DELETE") return;
    const outcome = readResource(object, { defaultNamespace: namespace });
    if (outcome.type !== "resource") return;
    const { resource } = outcome;
    const form = { resource, origin: {}, outdated: false };
    this.#forms.set(formatObjectId(objectId(resource)), { form, until: now + KEPT_MS });
  }
}
