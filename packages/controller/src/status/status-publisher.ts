import type { ObjectProblem } from "@heraldlb/config";
import type { Clock } from "@heraldlb/runtime";
import type { PoolUsage } from "../usage.ts";
import { nodeAssigned, type Silence } from "./announcement-events.ts";
import type { LabelledNode, WrittenConfiguration } from "./configuration-problem.ts";
import { configurationStates } from "./configuration-states.ts";
import type { TargetedStatus } from "./desired-status.ts";
import type { ObjectEvent } from "./object-event.ts";
import { poolStatus } from "./pool-status.ts";
import { problemEvents } from "./problem-events.ts";
import type { ServiceTroubles } from "./service-conditions.ts";
import { type BgpAnnouncer, bgpStatuses, type Layer2Announcer, layer2Statuses } from "./service-statuses.ts";
import { ShownStatuses } from "./shown-statuses.ts";
import { ShownTroubles } from "./shown-troubles.ts";
import { type StatusKind, type StatusTarget, serviceKey, targetKey } from "./status-kind.ts";
import type { StatusObject } from "./status-write.ts";
import type { StatusChanges, StatusWriter } from "./status-writer.ts";

/** What is the case: asked whenever something of it has changed. */
export interface StatusModel {
  /** Usage of all pools in force. */
  pools(): readonly PoolUsage[];
  configuration(): WrittenConfiguration;
  /** Nodes with a speaker, heard or remembered, that there are. */
  nodes(): readonly LabelledNode[];
  /** Keys of all Services that are served. */
  services(): Iterable<string>;
  /** Undefined: there is no such Service, or it is not served. */
  service(key: string): ServiceFacts | undefined;
  /** Who serves the Service, going by its class; nobody if it is gone or no load balancer. */
  servedBy(key: string): "herald" | "others" | "nobody";
  /**
   * Whether it is known what the node announces: its speaker has told all, or has been away for longer than speakers
   * take to return. Until then what is shown of the node stays.
   */
  isKnown(node: string): boolean;
  /**
   * Whether there is such a node, and no speaker of Herald ever ran on it: it may have one of MetalLB, which would put
   * back whatever is taken from it.
   */
  isForeign(node: string): boolean;
}

/** A Service, as it is. */
export interface ServiceFacts extends ServiceTroubles {
  readonly layer2: readonly Layer2Announcer[];
  readonly bgp: readonly BgpAnnouncer[];
}

/** What has changed. */
export interface ModelChanges {
  readonly services?: Iterable<string>;
  /** Nodes of which it is known now what they announce. */
  readonly nodes?: readonly string[] | ReadonlySet<string> | "all";
  /** How much of the pools is in use, or which there are. */
  readonly pools?: true;
  /** Problems, or nodes with a speaker. */
  readonly configuration?: true;
}

/** What a publisher needs. */
export interface StatusPublisherDependencies {
  /** Herald's own. */
  readonly namespace: string;
  readonly model: StatusModel;
  readonly writer: Pick<StatusWriter, "set" | "has" | "synced" | "observe" | "rest">;
  readonly clock: Clock;
  /** Tells whoever looks at an object. */
  tell(event: ObjectEvent): void;
}

// Reports of a burst come in one after the other.
const GATHER_MS = 50;
// Some 10 ms of work: heartbeats are answered in between.
const SERVICES_AT_A_TIME = 500;
// How names of speakers' ConfigurationStates begin; the node's name follows.
const SPEAKER = "speaker-";
const SERVICE_STATUS_KINDS = ["ServiceL2Status", "ServiceBGPStatus"] as const;

/**
 * Puts into Kubernetes what there is to see beside a Service's addresses: usage of pools, ConfigurationStates, who
 * announces what, conditions of Services, and Events about changes of it.
 *
 * Statuses of Services are shown once both kinds of them are synced, for what is there already is not announced anew.
 */
export class StatusPublisher {
  readonly #dependencies: StatusPublisherDependencies;
  readonly #shown = new ShownStatuses();
  readonly #synced = new Set<StatusKind>();
  #services = new Set<string>();
  #arePoolsStale = false;
  #isConfigurationStale = false;
  #hasBegun = false;
  #timer: Disposable | undefined;
  #pools = new Set<string>();
  readonly #states = new Set<string>();
  #problems = new Set<string>();
  readonly #troubles: ShownTroubles;

  constructor(dependencies: StatusPublisherDependencies) {
    this.#dependencies = dependencies;
    const { writer, model, tell } = dependencies;
    const isUnserved = (service: string) => model.servedBy(service) === "nobody";
    this.#troubles = new ShownTroubles({ writer, tell, isUnserved });
  }

  /** The model is complete, and this process leads: everything is published. */
  begin(): void {
    this.#hasBegun = true;
    this.#troubles.begin();
    this.changed({ services: this.#dependencies.model.services(), pools: true, configuration: true });
    // Of some the Services may be gone, or be served no more.
    this.changed({ services: this.#shown.services });
    this.changed({ services: this.#troubles.services });
  }

  /** Publishes nothing more, until it begins again. */
  end(): void {
    this.#hasBegun = false;
    this.#troubles.end();
    this.#dependencies.writer.rest();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** For each Service that nobody announces, what its condition says; none before this process leads. */
  get silences(): Iterable<Silence> {
    return this.#troubles.silences;
  }

  changed({ services = [], nodes, pools, configuration }: ModelChanges): void {
    for (const service of services) this.#services.add(service);
    if (nodes) this.#revisit(nodes === "all" ? nodes : new Set(nodes));
    this.#arePoolsStale ||= pools ?? false;
    this.#isConfigurationStale ||= configuration ?? false;
    this.#arm(GATHER_MS);
  }

  /** All objects of the kind there are, told once. */
  synced(kind: StatusKind, objects: readonly StatusObject[]): void {
    this.#synced.add(kind);
    this.#dependencies.writer.synced(kind, objects);
    for (const object of objects) this.#learn(kind, object);
    this.#arm(GATHER_MS);
  }

  /** What has become of objects of the kind since. */
  observe(kind: StatusKind, changes: StatusChanges): void {
    const { writer } = this.#dependencies;
    writer.observe(kind, changes);
    for (const object of [...changes.changed, ...changes.removed]) this.#learn(kind, object);
    if (kind === "Service") for (const object of changes.removed) this.#troubles.forget(object);
    this.#arm(GATHER_MS);
  }

  /** What Herald has made needs to be looked at only if it should not be there; the writer keeps the rest. */
  #learn(kind: StatusKind, object: StatusObject): void {
    if (kind === "ConfigurationState" && !this.#states.has(object.metadata.name)) {
      this.#states.add(object.metadata.name);
      this.#isConfigurationStale = true;
    }
    if (kind === "Service") this.#troubles.observe(object);
    if (kind !== "ServiceL2Status" && kind !== "ServiceBGPStatus") return;
    const service = this.#shown.observe(kind, object);
    if (service !== undefined) this.#services.add(service);
  }

  #revisit(nodes: ReadonlySet<string> | "all"): void {
    // Most reports are about addresses alone.
    for (const service of nodes === "all" || nodes.size > 0 ? this.#shown.services : []) {
      const isMeant = nodes === "all" || this.#shown.of(service).some(({ node }) => nodes.has(node));
      if (isMeant) this.#services.add(service);
    }
  }

  get #mayShowServices(): boolean {
    return SERVICE_STATUS_KINDS.every((kind) => this.#synced.has(kind));
  }

  #arm(ms: number): void {
    if (!this.#hasBegun || this.#timer) return;
    const hasWork = this.#arePoolsStale || this.#isConfigurationStale;
    if (!hasWork && !(this.#services.size > 0 && this.#mayShowServices)) return;
    this.#timer = this.#dependencies.clock.timer(ms, () => {
      this.#timer = undefined;
      this.#work();
      this.#arm(0);
    });
  }

  #work(): void {
    if (this.#arePoolsStale) this.#publishPools();
    if (this.#isConfigurationStale) this.#publishConfiguration();
    if (!this.#mayShowServices) return;
    for (const service of this.#services.values().take(SERVICES_AT_A_TIME)) {
      this.#services.delete(service);
      this.#publishService(service);
    }
  }

  #publishPools(): void {
    this.#arePoolsStale = false;
    const { model, writer, namespace } = this.#dependencies;
    const target = (name: string): StatusTarget => ({ kind: "IPAddressPool", namespace, name });
    const usages = model.pools();
    const now = new Set(usages.map(({ pool }) => pool));
    for (const gone of this.#pools.difference(now)) writer.set(target(gone), undefined);
    for (const usage of usages) writer.set(target(usage.pool), { status: { ...poolStatus(usage) } });
    this.#pools = now;
  }

  #publishConfiguration(): void {
    this.#isConfigurationStale = false;
    const { model, writer, namespace, tell } = this.#dependencies;
    const written = model.configuration();
    const states = configurationStates({ ...written, namespace, nodes: model.nodes() });
    const now = new Set(states.map(({ target }) => target.name));
    for (const name of this.#states.difference(now)) {
      // Other names are not of those that MetalLB and Herald give.
      if (!name.startsWith(SPEAKER) || model.isForeign(name.slice(SPEAKER.length))) continue;
      const target = { kind: "ConfigurationState", namespace, name } as const;
      writer.set(target, undefined);
      if (!writer.has(target)) this.#states.delete(name);
    }
    for (const { target, ...desired } of states) {
      this.#states.add(target.name);
      writer.set(target, desired);
    }
    const events = written.configuration.problems.filter((problem) => this.#concerns(problem)).flatMap(problemEvents);
    const problems = new Map(events.map((event) => [JSON.stringify(event), event]));
    for (const [key, event] of problems) if (!this.#problems.has(key)) tell(event);
    this.#problems = new Set(problems.keys());
  }

  /** What is odd about Services of other programs is told by these, if at all. */
  #concerns({ id, severity }: ObjectProblem): boolean {
    return (
      id?.kind !== "Service" || severity === "error" || this.#dependencies.model.servedBy(serviceKey(id)) === "herald"
    );
  }

  #publishService(service: string): void {
    const { model, writer } = this.#dependencies;
    const facts = model.service(service);
    const wanted = this.#wanted(service, facts);
    const keys = new Set(wanted.map(({ target }) => targetKey(target)));
    for (const { target, node, isOwn } of this.#shown.of(service)) {
      if (keys.has(targetKey(target))) continue;
      // What another program shows of its own Services, or with its own speakers, is not Herald's business.
      if (facts ? !model.isKnown(node) : !isOwn) continue;
      if (!isOwn && model.isForeign(node)) continue;
      writer.set(target, undefined);
      if (!writer.has(target)) this.#shown.delete(target);
    }
    for (const { target, ...desired } of wanted) writer.set(target, desired);
    this.#troubles.publish(service, facts);
  }

  #wanted(service: string, facts: ServiceFacts | undefined): TargetedStatus[] {
    if (!facts) return [];
    const { namespace } = this.#dependencies;
    return [
      ...this.#announced(service, "layer2", layer2Statuses(service, facts.layer2, namespace)),
      ...this.#announced(service, "bgp", bgpStatuses(service, facts.bgp, namespace)),
    ];
  }

  #announced(service: string, protocol: "layer2" | "bgp", statuses: readonly TargetedStatus[]) {
    for (const { target, status } of statuses) {
      const { node: name } = status;
      const node = String(name);
      if (this.#shown.add(service, target, node)) this.#dependencies.tell(nodeAssigned(service, { node, protocol }));
    }
    return statuses;
  }
}
