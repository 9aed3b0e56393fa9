import { isServed, type ObjectId, type Resource } from "@heraldlb/config";
import type { Action } from "@heraldlb/ipam";
import { EventRecorder, type KubeObject, reflect } from "@heraldlb/kube";
import type { Family, Ip } from "@heraldlb/net";
import { announcedInVain, routesByFamily } from "../announced-in-vain.ts";
import type { BackingContext } from "../backing.ts";
import type { ClusterOptions } from "../cluster.ts";
import type { ClusterObserver, VisibleChanges } from "../cluster-observer.ts";
import type { Controller } from "../controller.ts";
import { Outages } from "../reports-outages.ts";
import { serviceOnWire, servicesConcerned } from "../reports-services.ts";
import { addressEvents } from "../status/address-events.ts";
import { type Silence, silenceOf } from "../status/announcement-events.ts";
import type { ObjectEvent } from "../status/object-event.ts";
import { collectionPath, type StatusKind } from "../status/status-kind.ts";
import { type ServiceFacts, type StatusModel, StatusPublisher } from "../status/status-publisher.ts";
import { StatusWriter } from "../status/status-writer.ts";
import { WITHOUT_ENDPOINTS } from "../unannounced.ts";
import { poolUsage } from "../usage.ts";
import { AbsentNodes } from "./absent-nodes.ts";
import type { KubernetesAccess } from "./kubernetes-access.ts";
import type { PlainObject } from "./resources.ts";

/** What publishing needs beside an API server. */
export interface PublishedStatusesOptions
  extends KubernetesAccess,
    Pick<BackingContext, "clock" | "log" | "wallClock" | "identity">,
    Pick<ClusterOptions, "loadBalancerClass"> {
  /** This process is surely the leader. */
  isFirm(): boolean;
  /** An object as the API server has it; undefined: there is none. */
  find(id: ObjectId): PlainObject | undefined;
  /** What such an object is, if it is valid by itself. */
  written(id: ObjectId): Resource | undefined;
}

/** Kinds that nobody reads but for their statuses' sake. */
const STATUS_KINDS = ["ConfigurationState", "ServiceL2Status", "ServiceBGPStatus"] as const satisfies StatusKind[];

// A speaker that returns tells everything within this; then what it does not tell of is not there.
const AWAY_MS = 3_000;

// Routers and speakers that restart are back by then, and nobody hears of it.
const LASTING_MS = 20_000;

// Speakers come one after the other.
const LOOK_AGAIN_MS = 1_000;

/** What a leader shows in the cluster beside the addresses of Services: statuses, counters, conditions and Events. */
export class PublishedStatuses implements ClusterObserver {
  readonly #options: PublishedStatusesOptions;
  readonly #recorder: EventRecorder;
  readonly #writer: StatusWriter;
  readonly #publisher: StatusPublisher;
  /** Of assignments that are not stored yet, by Service. */
  readonly #held = new Map<string, readonly ObjectEvent[]>();
  readonly #absent: AbsentNodes;
  readonly #outages: Outages;
  /** Services that nobody announces, of which speakers may have to say why. */
  readonly #unheard = new Set<string>();
  #timer: Disposable | undefined;
  #controller: Controller | undefined;

  constructor(options: PublishedStatusesOptions) {
    const { kube, clock, log, wallClock, identity, namespace, isFirm } = options;
    this.#options = options;
    const date = () => new Date(wallClock());
    this.#recorder = new EventRecorder(kube, { component: "herald-controller", instance: identity, clock, log, date });
    this.#writer = new StatusWriter({ kube, clock, log, wallClock, random: Math.random, mayWrite: isFirm });
    this.#publisher = new StatusPublisher({
      ...{ namespace, clock, writer: this.#writer, model: this.#model() },
      tell: (event) => this.#tell(event),
    });
    this.#absent = new AbsentNodes({
      ...{ clock, limitMs: AWAY_MS },
      // What is shown of them is to go.
      onGone: (nodes) => this.#publisher.changed({ nodes }),
    });
    const onLasting = () => this.#publisher.changed({ services: [...this.#unheard] });
    this.#outages = new Outages({ clock, limitMs: LASTING_MS, onLasting });
  }

  /** How many Events were given up. */
  get droppedEvents(): number {
    return this.#recorder.dropped;
  }

  /** For each Service that nobody announces, what its condition says; none while another process leads. */
  get silences(): Iterable<Silence> {
    return this.#publisher.silences;
  }

  /** Follows the statuses there are, and writes while this process leads, until the signal aborts. */
  async run(controller: Controller, signal: AbortSignal): Promise<void> {
    this.#controller = controller;
    const { reports } = controller;
    using _ = reports.onChange(({ groups, routes, nodes, failures }) => {
      const { announcedBy } = controller.cluster;
      for (const node of nodes) {
        if (reports.isKnown(node)) {
          this.#absent.back(node);
          this.#outages.heard(node, reports.established(node));
        } else {
          this.#absent.away(node);
          this.#outages.lost(node);
        }
      }
      if (nodes.size > 0) this.#lookAgain();
      if (failures.size > 0) this.#publisher.changed({ configuration: true });
      if (announcedBy) this.#publisher.changed({ services: servicesConcerned({ groups, routes }, announcedBy), nodes });
    });
    await Promise.all([
      this.#writer.run(signal),
      this.#recorder.run(signal),
      ...STATUS_KINDS.map((kind) => this.#follow(kind, signal)),
    ]);
    this.#rest();
    this.#absent.end();
  }

  /** This process leads. */
  begin(): void {
    this.#publisher.begin();
    this.#absent.begin();
  }

  /** Another process leads. */
  end(): void {
    this.#rest();
    this.#recorder.giveUp();
    this.#held.clear();
  }

  /** All objects of a kind that are read for other reasons too, told once. */
  synced(kind: "Service" | "IPAddressPool", objects: readonly KubeObject[]): void {
    this.#publisher.synced(kind, objects);
  }

  /** What has become of such objects since. */
  observe(
    kind: "Service" | "IPAddressPool",
    changes: { readonly changed: readonly KubeObject[]; readonly removed: readonly KubeObject[] },
  ): void {
    this.#publisher.observe(kind, changes);
  }

  onChange(changes: VisibleChanges): void {
    this.#publisher.changed(changes);
  }

  onAction(action: Action, former: readonly Ip[]): void {
    const { type, service } = action;
    const events = addressEvents(action, { addresses: former });
    if (type === "release") this.#held.delete(service);
    if (type !== "assign") for (const event of events) this.#tell(event);
    else if (action.cause !== "restored") this.#held.set(service, [...(this.#held.get(service) ?? []), ...events]);
  }

  onStored(service: string): void {
    for (const event of this.#held.get(service) ?? []) this.#tell(event);
    this.#held.delete(service);
  }

  #tell({ object: id, type, reason, message }: ObjectEvent): void {
    const object = this.#options.find(id);
    // Nobody looks at what is gone.
    if (!object) return;
    const { apiVersion = "v1" } = object;
    const { name, namespace } = id;
    const { uid } = object.metadata;
    this.#recorder.record({ object: { apiVersion, kind: id.kind, name, namespace, uid }, type, reason, message });
  }

  async #follow(kind: (typeof STATUS_KINDS)[number], signal: AbortSignal): Promise<void> {
    const { kube, clock, log, namespace } = this.#options;
    await reflect(
      kube,
      { path: collectionPath({ kind, namespace }) },
      {
        onSynced: (objects) => this.#publisher.synced(kind, [...objects.values()]),
        onChange: (changes) => this.#publisher.observe(kind, changes),
      },
      { clock, log, random: Math.random },
      signal,
    );
  }

  #rest(): void {
    this.#publisher.end();
    this.#outages.clear();
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#unheard.clear();
  }

  /** What nodes say of their interfaces and sessions may be why nobody announces a Service. */
  #lookAgain(): void {
    this.#timer ??= this.#options.clock.timer(LOOK_AGAIN_MS, () => {
      this.#timer = undefined;
      this.#publisher.changed({ services: [...this.#unheard] });
    });
  }

  #model(): StatusModel {
    const { written, loadBalancerClass } = this.#options;
    const cluster = () => this.#controller?.cluster;
    const isTaken = (key: string) => {
      const known = cluster()?.world.service(key);
      return known !== undefined && isServed(known.service, loadBalancerClass);
    };
    return {
      pools: () => {
        const now = cluster();
        return now ? poolUsage(now) : [];
      },
      configuration: () => ({
        configuration: cluster()?.configuration ?? { inForce: new Map(), problems: [] },
        written,
      }),
      nodes: () => {
        const { world } = cluster() ?? {};
        const nodes = world?.nodes().filter(({ name }) => world.speakers.has(name)) ?? [];
        return nodes.map((node) => ({ ...node, failures: this.#controller?.reports.failures(node.name) ?? [] }));
      },
      services: () => [...(cluster()?.world.serviceKeys ?? [])].filter(isTaken),
      service: (key) => {
        if (isTaken(key)) return this.#facts(key);
        this.#unheard.delete(key);
        return undefined;
      },
      servedBy: (key) => {
        if (isTaken(key)) return "herald";
        return cluster()?.world.service(key)?.service.spec.type === "LoadBalancer" ? "others" : "nobody";
      },
      isKnown: (node) => this.#controller?.reports.isKnown(node) === true || this.#absent.isGone(node),
      isForeign: (node) => {
        const { world } = cluster() ?? {};
        return world?.hasNode(node) === true && !world.speakers.has(node);
      },
    };
  }

  #facts(key: string): ServiceFacts {
    const { cluster, reports } = this.#controller ?? {};
    const { announcedBy, addresses } = cluster ?? {};
    const refusal = addresses?.refusal(key);
    const silences = (cluster?.silences(key) ?? []).filter(({ reason }) => !WITHOUT_ENDPOINTS.has(reason));
    if (!cluster || !announcedBy || !reports) return { refusal, silences, layer2: [], bgp: [] };
    const { layer2, bgp, heard } = serviceOnWire(key, reports, announcedBy);
    const reach = announcedBy.layer2.reachOf(announcedBy.layer2.groupOf(key) ?? "");
    const { addresses: its = [] } = addresses?.given(key) ?? {};
    const hearersOf = (family: Family) => announcedBy.bgp.hearersOf(key, family);
    const routes = routesByFamily(its, { heard, hearersOf });
    const isUnheard = layer2.length === 0 && (reach.size > 0 || routes.values().some((by) => by !== "heard"));
    if (isUnheard) this.#unheard.add(key);
    else this.#unheard.delete(key);
    const announcers = { reports, outages: this.#outages, speakers: cluster.world.speakers };
    const inVain = isUnheard ? announcedInVain({ reach, routes }, announcers) : [];
    return {
      ...{ refusal, bgp },
      // What is not known yet does not keep from telling the rest.
      silences:
        inVain || silences.length > 0
          ? [
              ...silences,
              ...(inVain ?? []).map((found) => silenceOf(key, found, { addresses: its, world: cluster.world })),
            ]
          : undefined,
      layer2: layer2.map(({ node, interfaces }) => ({
        node,
        interfaces: reach.get(node)?.interfaces === "all" ? "all" : interfaces,
      })),
    };
  }
}
