import { isServed } from "@heraldlb/config";
import { type Kube, KubeError } from "@heraldlb/kube";
import { trimMemory } from "@heraldlb/link";
import { afterBursts, backoff } from "@heraldlb/runtime";
import type { Backing, BackingContext } from "../backing.ts";
import type { ClusterOptions } from "../cluster.ts";
import type { Controller } from "../controller.ts";
import type { StatusRecord } from "../ledger.ts";
import { restAfter, TURN_MS } from "../turn.ts";
import { Candidacy } from "./candidacy.ts";
import { catchUp } from "./catch-up.ts";
import { ClusterReader, keyOf, type Seen } from "./cluster-reader.ts";
import { type ClusterServiceOptions, ClusterServices } from "./cluster-services.ts";
import { Insistence } from "./insistence.ts";
import { accessKubernetes, type KubernetesSource } from "./kubernetes-access.ts";
import { addPublishedMetrics } from "./published-metrics.ts";
import { PublishedStatuses } from "./published-statuses.ts";
import { serviceFacts, statusPart } from "./resources.ts";
import { ServiceStatuses } from "./service-statuses.ts";
import { StateMap, type StateMemory } from "./state-map.ts";

const LEASE = "herald-controller";
const STATE = "herald-state";
const SETTLE_MS = 1_000;
// An etcd keeps each form of an object for minutes, and that of this one may have a megabyte.
const NOTES_INTERVAL_MS = 100;
const RETRY = { initialMs: 100, maxMs: 2_000 } as const;

/**
 * A cluster's API server, and the objects that controllers keep there.
 *
 * @throws SettingError if there are no usable credentials, or nothing names the namespace; the signal's reason, if that
 * aborts before the controllers' authority is there
 */
export async function openKubernetesBacking(
  source: KubernetesSource & ClusterServiceOptions,
  options: Pick<ClusterOptions, "namespace" | "loadBalancerClass">,
  context: BackingContext,
): Promise<Backing> {
  const { loadBalancerClass } = options;
  const { clock, log, health, wallClock, identity, steppedDown, security, signal: ending } = context;
  const { kube, namespace } = await accessKubernetes(source, options, context);
  const own = security !== "insecure" && "secret" in security ? security : undefined;
  const services = await ClusterServices.open({ ...source, kube, namespace }, context, { own, signal: ending });
  let leading: AbortController | undefined;
  let candidacy: Candidacy | undefined;
  const insistence = new Insistence({
    clock,
    // It may be that the Service asks for something else now, or is no load balancer any more.
    act: (service) => void reader.told().then(() => context.controller()?.reassert(service)),
  });
  const onForeign = (service: string) => insistence.ask(service);
  // A process that was paused finds out with its next request that another one may lead.
  const admit = () => candidacy?.isFirm() ?? false;
  let writing = new AbortController();
  const guarded: Kube = {
    ...kube,
    request: (method, path, options = {}) => {
      if (method === "GET") return kube.request(method, path, options);
      const signal = options.signal ? AbortSignal.any([writing.signal, options.signal]) : writing.signal;
      return kube.request(method, path, { ...options, admit, signal });
    },
  };
  /** Another process may decide soon: what is under way by then must not arrive any more. */
  const halt = () => {
    writing.abort(new KubeError("given up: another process may lead", { status: 0 }));
    writing = new AbortController();
  };
  const statuses = new ServiceStatuses({ kube: guarded, wallClock, onForeign });
  const state = new StateMap(guarded, { namespace, name: STATE, log });

  const reader: ClusterReader = new ClusterReader({
    ...{ kube, namespace, clock, log, random: Math.random },
    prepare: async (objects) => context.controller()?.cluster.prepare(objects, restAfter(TURN_MS, clock)),
    onChange: (change) => {
      context.controller()?.change(change);
      health.ready("source");
    },
    onSeen,
    onWaiting: (kinds) => {
      const [[kind, problem] = []] = kinds;
      if (kind) health.unready("source", `${kind} not read yet${problem ? `: ${problem}` : ""}`);
    },
  });
  const published = new PublishedStatuses({
    ...{ kube: guarded, namespace, clock, log, wallClock, identity, loadBalancerClass },
    isFirm: admit,
    find: (id) => reader.find(id)?.json,
    written: (id) => {
      const object = reader.find(id);
      return object && context.controller()?.cluster.understand(object);
    },
  });
  addPublishedMetrics(context.registry, published);
  const noteObjects = afterBursts(clock, trimMemory);

  function onSeen(kind: string, { changed, removed, isAll }: Seen): void {
    noteObjects(changed.length + removed.length);
    if (kind === "Service") {
      for (const object of changed) statuses.observe(keyOf(object), serviceFacts(object));
      for (const object of removed) statuses.observe(keyOf(object), undefined);
    } else if (kind === "Secret") {
      for (const { metadata } of [...changed, ...removed]) services.noteSecret(metadata.name);
      return;
    } else if (kind !== "IPAddressPool") return;
    const parts = changed.map(statusPart);
    if (isAll) published.synced(kind, parts);
    else published.observe(kind, { changed: parts, removed });
  }

  const remembered = function* (memory: StateMemory): Iterable<StatusRecord> {
    const served: string[] = [];
    const { world } = context.controller()?.cluster ?? {};
    for (const key of world?.serviceKeys ?? []) {
      const known = world?.service(key);
      if (known && isServed(known.service, loadBalancerClass)) served.push(key);
    }
    yield* statuses.adopt(served, memory);
    // What it was given before its type was changed is nobody's any more.
    for (const key of statuses.marked()) {
      const { type } = world?.service(key)?.service.spec ?? {};
      // Of one that cannot be understood nobody knows.
      if (type === undefined || type === "LoadBalancer") continue;
      const [namespace = "", name = ""] = key.split("/");
      yield { namespace, name, addresses: [], pool: "" };
    }
  };

  async function readState(signal: AbortSignal): Promise<StateMemory | undefined> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        return await state.read();
      } catch (error) {
        if (attempt === 0) log.warn("memory not read, trying again", { configMap: `${namespace}/${STATE}`, error });
        await clock.sleep(backoff(RETRY, attempt, Math.random()), signal).catch(() => {});
      }
    }
    return undefined;
  }

  /** Leads from the moment that what earlier leaders remembered is read. */
  function leader(controller: Controller, signal: AbortSignal) {
    let term = 0;
    let isFirm = false;
    let phase: "standby" | "beginning" | "leader" = "standby";
    let beginnings = 0;
    const takeOver = async () => {
      phase = "beginning";
      beginnings += 1;
      const beginning = beginnings;
      const memory = await readState(signal);
      await catchUp({ kube, statuses, clock, log, random: Math.random }, signal);
      await reader.told();
      if (!memory || phase !== "beginning" || beginning !== beginnings) return;
      phase = "leader";
      controller.takeOver(term, { ...memory, statuses: [...remembered(memory)], manifests: [] });
      for (const service of statuses.misshown()) controller.reassert(service);
      controller.firm(isFirm);
      published.begin();
      leading = new AbortController();
      // It ends with the signal. What it cannot do it tries again.
      services.lead(AbortSignal.any([leading.signal, signal])).catch((error: unknown) => log.error("trust", { error }));
    };
    return {
      onLead(later: number) {
        term = later;
        isFirm = true;
        if (phase === "leader") {
          controller.lead(term);
          controller.firm(true);
          // It never rejects.
        } else if (phase === "standby") void takeOver();
      },
      onFirm(firm: boolean) {
        isFirm = firm;
        if (!firm) halt();
        if (phase === "leader") controller.firm(firm);
      },
      onStandby() {
        if (phase === "leader") controller.standBy();
        phase = "standby";
        leading?.abort();
        halt();
        statuses.rest();
        published.end();
      },
    };
  }

  async function campaign(controller: Controller, signal: AbortSignal): Promise<void> {
    let hasRead = false;
    // It never rejects.
    void controller.firstRead.then(() => {
      hasRead = true;
      health.ready("lock");
    });
    candidacy = new Candidacy({
      ...{ kube, namespace, name: LEASE, identity, clock, log, ...leader(controller, signal) },
      highestTerm: () => controller.nextTerm(0) - 1,
      // Who has not read everything cannot decide anything. How long the Lease has not changed can be seen before.
      canLead: () => hasRead,
    });
    const takeLaterTerms = async () => {
      for await (const above of steppedDown.take(signal)) candidacy?.stepDown(above);
    };
    await Promise.all([candidacy.run(signal), takeLaterTerms()]);
  }

  return {
    ...{ namespace, clusterObserver: published },
    ...{ authenticator: services.authenticator, credentials: services.credentials },
    certificates: (signal) => services.certificates(signal),
    store: {
      writeStatus: (_manifest, record) => statuses.writeStatus(record),
      deleteStatus: (namespace, name) => statuses.deleteStatus(namespace, name),
      writeNotes: (notes) => state.writeNotes(notes),
      notesIntervalMs: NOTES_INTERVAL_MS,
    },
    writeSpeakers: (names) => state.writeSpeakers(names),
    async run(running, signal) {
      await Promise.all([
        reader.run(signal),
        published.run(running, signal),
        services.run(signal),
        campaign(running, signal),
      ]);
    },
    async end() {
      // What arrives later would arrive while another process leads.
      await Promise.race([statuses.settled(), clock.sleep(SETTLE_MS)]);
      await candidacy?.release();
    },
    async [Symbol.asyncDispose]() {
      kube.close();
    },
  };
}
