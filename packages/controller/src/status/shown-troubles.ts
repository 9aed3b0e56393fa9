import { notAnnounced } from "./announcement-events.ts";
import type { DesiredCondition } from "./desired-status.ts";
import type { ObjectEvent } from "./object-event.ts";
import {
  NOT_ANNOUNCED,
  SERVICE_CONDITION_TYPES,
  type ServiceTroubles,
  serviceConditions,
  silenceMessage,
} from "./service-conditions.ts";
import { serviceKey, serviceTarget } from "./status-kind.ts";
import type { StatusObject } from "./status-write.ts";
import type { StatusWriter } from "./status-writer.ts";

/** What {@link ShownTroubles} works with. */
export interface ShownTroublesDependencies {
  readonly writer: Pick<StatusWriter, "set" | "has">;
  /** Whether no load balancer serves the Service, Herald or another. */
  isUnserved(service: string): boolean;
  tell(event: ObjectEvent): void;
}

/** The conditions of Services, and Events about those that nobody announces. */
export class ShownTroubles {
  readonly #dependencies: ShownTroublesDependencies;
  /** Services with conditions of Herald's; those that nobody announces with what that says. */
  readonly #observed = new Map<string, string>();
  /** Why nobody announces them, as was said last. */
  readonly #silences = new Map<string, string>();

  constructor(dependencies: ShownTroublesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Services that have conditions of Herald's. */
  get services(): Iterable<string> {
    return this.#observed.keys();
  }

  /** Takes in a Service as it is. */
  observe({ metadata, status }: StatusObject): void {
    const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly Partial<DesiredCondition>[] };
    const own = conditions.filter(({ type = "" }) => SERVICE_CONDITION_TYPES.includes(type));
    const { message = "" } = own.find(({ type }) => type === NOT_ANNOUNCED) ?? {};
    if (own.length > 0) this.#observed.set(serviceKey(metadata), message);
    else this.#observed.delete(serviceKey(metadata));
  }

  /** There is no such Service any more. */
  forget({ metadata }: StatusObject): void {
    this.#dependencies.writer.set(serviceTarget(serviceKey(metadata)), undefined);
    this.#observed.delete(serviceKey(metadata));
  }

  /** Shows what is amiss with the Service; undefined: it is not served. */
  publish(service: string, troubles: ServiceTroubles | undefined): void {
    const { writer, isUnserved } = this.#dependencies;
    const target = serviceTarget(service);
    // Others may be another Herald, of another class, with conditions of its own.
    const isOurs = troubles !== undefined || (writer.has(target) && isUnserved(service));
    writer.set(target, isOurs ? serviceConditions(troubles ?? NO_TROUBLES) : undefined);
    this.#tell(service, (troubles ?? NO_TROUBLES).silences);
  }

  #tell(service: string, silences: ServiceTroubles["silences"]): void {
    if (!silences) return;
    const before = this.#silences.get(service);
    const text = JSON.stringify(silences);
    if ((before ?? "[]") === text) return;
    if (silences.length > 0) this.#silences.set(service, text);
    else this.#silences.delete(service);
    // What its condition says already an earlier leader has told.
    if (before === undefined && this.#observed.get(service) === silenceMessage(silences)) return;
    for (const silence of silences) this.#dependencies.tell(notAnnounced(service, silence));
  }
}

const NO_TROUBLES: ServiceTroubles = { refusal: undefined, silences: [] };
