import { isDeepStrictEqual } from "node:util";
import type { Configuration, Resource } from "@heraldlb/config";
import type { Logger } from "@heraldlb/runtime";
import { CONFIGURATION_KINDS } from "./configuration-kinds.ts";

/** Tells of each object of `metallb.io` that came into force, holds in another form, or does no more. */
export class ConfigurationLog {
  readonly #log: Logger;
  #known: ReadonlyMap<string, Resource> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Takes what is in force now. Of what is there at first only the number is told. */
  tell(inForce: Configuration["inForce"]): void {
    const before = this.#known;
    const now = new Map<string, Resource>();
    for (const [id, { resource }] of inForce) if (CONFIGURATION_KINDS.has(resource.kind)) now.set(id, resource);
    this.#known = now;
    if (!before) {
      this.#log.info("configuration read", { objects: now.size });
      return;
    }
    for (const [object, resource] of now) {
      const former = before.get(object);
      if (former !== resource && !isDeepStrictEqual(former, resource))
        this.#changed(object, former ? "changed" : "new");
    }
    for (const object of before.keys()) if (!now.has(object)) this.#changed(object, "gone");
  }

  #changed(object: string, reason: "new" | "changed" | "gone"): void {
    this.#log.info("configuration changed", { object, reason });
  }
}
