import { notAnnounced, type Silence } from "./announcement-events.ts";
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
  readonly #observed = new Map<string, Silence | undefined>();
  /** Why nobody announces them, as was said last, by this process or by an earlier leader; none while another leads. */
  readonly #said = new Map<string, Silence>();

  constructor(dependencies: ShownTroublesDependencies) {
    this.#dependencies = dependencies;
  }

  /** Services that have conditions of Herald's. */
  get services(): Iterable<string> {
    return this.#observed.keys();
  }

  /** For each Service that nobody announces, what its condition says. */
  get silences(): Iterable<Silence> {
    return this.#said.values();
  }

  /** This process leads: what an earlier leader said stays until it is known to be otherwise. */
  begin(): void {
    for (const [service, said] of this.#observed) if (said) this.#said.set(service, said);
  }

  /** Another process leads. */
  end(): void {
    this.#said.clear();
  }

  /** Takes in a Service as it is. */
  observe({ metadata, status }: StatusObject): void {
    const { conditions = [] } = (status ?? {}) as { readonly conditions?: readonly Partial<DesiredCondition>[] };
    const own = conditions.filter(({ type = "" }) => SERVICE_CONDITION_TYPES.includes(type));
    const silence = own.find(({ type }) => type === NOT_ANNOUNCED);
    const said = silence && { reason: silence.reason ?? "", message: silence.message ?? "" };
    if (own.length > 0) this.#observed.set(serviceKey(metadata), said);
    else this.#observed.delete(serviceKey(metadata));
  }

  /** There is no such Service any more. */
  forget({ metadata }: StatusObject): void {
    const service = serviceKey(metadata);
    this.#dependencies.writer.set(serviceTarget(service), undefined);
    this.#observed.delete(service);
    this.#said.delete(service);
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
    const before = this.#said.get(service);
    const [first] = silences;
    if (!first) {
      this.#said.delete(service);
      return;
    }
    const said = { reason: first.reason, message: silenceMessage(silences) };
    this.#said.set(service, said);
    // What its condition says already was told.
    if (before?.message === said.message) return;
    for (const silence of silences) this.#dependencies.tell(notAnnounced(service, silence));
  }
}

const NO_TROUBLES: ServiceTroubles = { refusal: undefined, silences: [] };
