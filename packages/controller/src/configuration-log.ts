import { isDeepStrictEqual } from "node:util";
import {
  type Candidate,
  type CandidateChange,
  type Configuration,
  formatObjectId,
  type InForce,
  type ObjectId,
  objectId,
  type Resource,
} from "@heraldlb/config";
import type { Logger } from "@heraldlb/runtime";
import { CONFIGURATION_KINDS } from "./configuration-kinds.ts";

/** Tells of each object of `metallb.io` that came into force, holds in another form, or does no more. */
export class ConfigurationLog {
  readonly #log: Logger;
  /** What came and did not go, in force or not. */
  readonly #there = new Set<string>();
  #known: ReadonlyMap<string, Resource> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Takes what is in force now. Of what is there at first only the number is told. */
  tell(inForce: Configuration["inForce"]): void {
    this.#compare(inForce.entries().filter(([, { resource }]) => CONFIGURATION_KINDS.has(resource.kind)));
  }

  /** The same, of whoever is told of each change, beginning with what is there at first. */
  follow(inForce: Configuration["inForce"], { gone, come }: CandidateChange): void {
    const [went, came] = [gone.map(idOf), come.map(idOf)];
    for (const id of went.filter(isConfiguration)) this.#there.delete(formatObjectId(id));
    for (const id of came.filter(isConfiguration)) this.#there.add(formatObjectId(id));
    if (![went, came].some((ids) => ids.some(mayDecide))) return;
    this.#compare(Iterator.from(this.#there).map((id) => [id, inForce.get(id)]));
  }

  #compare(forms: Iterable<readonly [id: string, form: InForce | undefined]>): void {
    const before = this.#known;
    const now = new Map<string, Resource>();
    for (const [id, form] of forms) if (form) now.set(id, form.resource);
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

const idOf = ({ outcome }: Candidate): ObjectId | undefined =>
  outcome.type === "resource" ? objectId(outcome.resource) : outcome.id;

const isConfiguration = (id: ObjectId | undefined): id is ObjectId =>
  id !== undefined && CONFIGURATION_KINDS.has(id.kind);

/** Most changes are of objects that decide about no other one, among thousands of their kind. */
const mayDecide = (id: ObjectId | undefined): boolean => id?.kind !== "Service" && id?.kind !== "EndpointSlice";
