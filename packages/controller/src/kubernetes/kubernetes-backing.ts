import { isServed } from "@heraldlb/config";
import { SettingError } from "@heraldlb/daemon";
import { connectKube, type Kube, KubeconfigError } from "@heraldlb/kube";
import { backoff } from "@heraldlb/runtime";
import type { Backing, BackingContext } from "../backing.ts";
import type { ClusterOptions } from "../cluster.ts";
import type { Controller } from "../controller.ts";
import type { StatusRecord } from "../ledger.ts";
import { restAfter, TURN_MS } from "../turn.ts";
import { Candidacy } from "./candidacy.ts";
import { ClusterReader } from "./cluster-reader.ts";
import { ServiceStatuses } from "./service-statuses.ts";
import { StateMap, type StateMemory } from "./state-map.ts";

/** An API server as a source. */
export interface KubernetesSource {
  readonly type: "kubernetes";
  /** A kubeconfig file; undefined: the pod's own service account. */
  readonly kubeconfig: string | undefined;
  readonly context: string | undefined;
  /** Writes for people to read, a second, and how many at once after a rest. */
  readonly qps: number;
  readonly burst: number;
}

const LEASE = "herald-controller";
const STATE = "herald-state";
const RETRY = { initialMs: 100, maxMs: 2_000 } as const;

/** Where Herald's own objects are, and how the API server is asked. */
export interface KubernetesAccess {
  readonly kube: Kube;
  readonly namespace: string;
}

/**
 * Credentials for an API server, and the namespace whose objects act.
 *
 * @throws SettingError if there are no usable credentials, or nothing names the namespace
 */
export async function accessKubernetes(
  { kubeconfig, context, qps, burst }: KubernetesSource,
  { namespace: given }: Pick<ClusterOptions, "namespace">,
  { clock, log }: Pick<BackingContext, "clock" | "log">,
): Promise<KubernetesAccess> {
  const options = { kubeconfig, context, qps, burst, userAgent: "herald-controller", clock, log };
  const kube = await connectKube(options).catch((error: unknown) => {
    if (!(error instanceof KubeconfigError)) throw error;
    throw new SettingError(`--kubeconfig: ${error.message}`, { cause: error });
  });
  const namespace = given ?? kube.namespace;
  if (namespace !== undefined) return { kube, namespace };
  kube.close();
  throw new SettingError(
    "--namespace is required: neither a pod's service account nor the kubeconfig's context names one",
  );
}

/** A cluster's API server, and the objects that controllers keep there. */
export function openKubernetesBacking(
  { kube, namespace }: KubernetesAccess,
  { loadBalancerClass }: Pick<ClusterOptions, "loadBalancerClass">,
  context: BackingContext,
): Backing {
  const { clock, log, health, wallClock, identity, steppedDown } = context;
  let controller: Controller | undefined;
  let candidacy: Candidacy | undefined;
  const onForeign = (service: string) => controller?.reassert(service);
  const statuses = new ServiceStatuses({ kube, wallClock, onForeign });
  const state = new StateMap(kube, { namespace, name: STATE });

  const remembered = function* (): Iterable<StatusRecord> {
    const served: string[] = [];
    const { world } = controller?.cluster ?? {};
    for (const key of world?.serviceKeys ?? []) {
      const known = world?.service(key);
      if (known && isServed(known.service, loadBalancerClass)) served.push(key);
    }
    yield* statuses.records(served);
    // What it was given before its type was changed is nobody's any more.
    for (const key of statuses.marked()) {
      if (world?.service(key)?.service.spec.type === "LoadBalancer") continue;
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
    let leading: "no" | "beginning" | "yes" = "no";
    const takeOver = async () => {
      leading = "beginning";
      const memory = await readState(signal);
      if (!memory || leading !== "beginning") return;
      leading = "yes";
      controller.takeOver(term, { ...memory, statuses: [...remembered()], manifests: [] });
    };
    return {
      onLead(later: number) {
        term = later;
        if (leading === "yes") controller.lead(term);
        // It never rejects.
        else if (leading === "no") void takeOver();
      },
      onFirm(firm: boolean) {
        if (leading === "yes") controller.firm(firm);
      },
      onStandby() {
        if (leading === "yes") controller.standBy();
        leading = "no";
        statuses.rest();
      },
    };
  }

  async function campaign(controller: Controller, signal: AbortSignal): Promise<void> {
    // Who has not read everything cannot decide anything.
    await Promise.race([controller.firstRead, aborted(signal)]);
    if (signal.aborted) return;
    health.ready("lock");
    candidacy = new Candidacy({
      ...{ kube, namespace, name: LEASE, identity, clock, log, ...leader(controller, signal) },
      highestTerm: () => controller.nextTerm(0) - 1,
    });
    const takeLaterTerms = async () => {
      for await (const above of steppedDown.take(signal)) candidacy?.stepDown(above);
    };
    await Promise.all([candidacy.run(signal), takeLaterTerms()]);
  }

  return {
    namespace,
    store: {
      writeStatus: (_manifest, record) => statuses.writeStatus(record),
      deleteStatus: (namespace, name) => statuses.deleteStatus(namespace, name),
      writeFreed: (freed) => state.writeFreed(freed),
    },
    writeSpeakers: (names) => state.writeSpeakers(names),
    async run(running, signal) {
      controller = running;
      const reader = new ClusterReader({
        ...{ kube, namespace, clock, log, random: Math.random },
        prepare: (objects) => running.cluster.prepare(objects, restAfter(TURN_MS, clock)),
        onChange: (change) => {
          running.change(change);
          health.ready("source");
        },
        onService: (key, facts) => statuses.observe(key, facts),
        onWaiting: (kinds) => {
          const [[kind, problem] = []] = kinds;
          if (kind) health.unready("source", `${kind} not read yet${problem ? `: ${problem}` : ""}`);
        },
      });
      await Promise.all([reader.run(signal), campaign(running, signal)]);
    },
    async end() {
      await candidacy?.release();
    },
    async [Symbol.asyncDispose]() {
      kube.close();
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
