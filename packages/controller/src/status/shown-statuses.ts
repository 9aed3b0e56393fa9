import { type ServiceStatusKind, serviceStatusName } from "./service-statuses.ts";
import { type StatusTarget, targetKey } from "./status-kind.ts";
import type { StatusObject } from "./status-write.ts";

/** An object that says what a node does for a Service. */
export interface ShownStatus {
  readonly target: StatusTarget;
  /** As far as a label can say it, where no status does. */
  readonly node: string;
  /** Herald has made it, or will; else it is what MetalLB has left. */
  readonly isOwn: boolean;
}

/** The statuses of Services that there are, or will be, by Service. */
export class ShownStatuses {
  readonly #byService = new Map<string, Map<string, ShownStatus>>();
  readonly #services = new Map<string, string>();

  /** All Services of which there are any. */
  get services(): Iterable<string> {
    return this.#byService.keys();
  }

  /** Those of the Service. */
  of(service: string): readonly ShownStatus[] {
    return [...(this.#byService.get(service)?.values() ?? [])];
  }

  /** The Service is to have this one. False: it was to already. */
  add(service: string, target: StatusTarget, node: string): boolean {
    return this.#put(service, { target, node, isOwn: true });
  }

  /** Takes in an object as it is. Returns the Service that it is about, if it says so. */
  observe(kind: ServiceStatusKind, { metadata, status }: StatusObject): string | undefined {
    const { name, namespace = "", labels = {} } = metadata;
    const said = (status ?? {}) as Readonly<Record<string, unknown>>;
    const read = (field: string, label: string) => String(said[field] ?? labels[`metallb.io/${label}`] ?? "");
    const service = `${read("serviceNamespace", "service-namespace")}/${read("serviceName", "service-name")}`;
    if (service.startsWith("/") || service.endsWith("/")) return undefined;
    const target = { kind, namespace, name };
    // A status may be missing yet; by a shortened label its name cannot be told, but then the object is known already.
    const node = read("node", "node");
    const isOwn = name === serviceStatusName(kind, service, node);
    if (!this.#services.has(targetKey(target))) this.#put(service, { target, node, isOwn });
    return service;
  }

  /** There is no such object, and none is to be. */
  delete(target: StatusTarget): void {
    const key = targetKey(target);
    const service = this.#services.get(key);
    if (service === undefined) return;
    this.#services.delete(key);
    const shown = this.#byService.get(service);
    shown?.delete(key);
    if (shown?.size === 0) this.#byService.delete(service);
  }

  #put(service: string, status: ShownStatus): boolean {
    const key = targetKey(status.target);
    const shown = this.#byService.get(service) ?? new Map<string, ShownStatus>();
    this.#byService.set(service, shown);
    this.#services.set(key, service);
    const isNew = !shown.has(key);
    shown.set(key, status);
    return isNew;
  }
}
