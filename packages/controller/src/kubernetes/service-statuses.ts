import { isDeepStrictEqual } from "node:util";
import { type Kube, KubeError, type KubeObject, type ObjectVersion } from "@heraldlb/kube";
import { type Notes, RefusedError, type StatusRecord } from "../ledger.ts";
import { datedConditions } from "../status/conditions.ts";
import { concernsOnlyThis } from "../status/refusal.ts";
import { isEarlier } from "../status/resource-version.ts";
import { believed } from "./believed.ts";
import { OLD_POOL_ANNOTATION, POOL_ANNOTATION, type ServiceFacts, serviceFacts } from "./resources.ts";

/** What the statuses need. */
export interface ServiceStatusesOptions {
  readonly kube: Pick<Kube, "request">;
  /** Milliseconds since 1970, for conditions. */
  wallClock(): number;
  /** Somebody else has changed what was decided. */
  onForeign(service: string): void;
}

/** The type of the condition that a Service has while its addresses are stranded. */
const STRANDED_CONDITION = "heraldlb.io/AddressStranded";

// Of several writers one wins each time; that many in a row lose to somebody who does nothing else.
const ATTEMPTS = 5;
// The second one is for somebody who has just written something else.
const VAIN_ATTEMPTS = 2;
const TIMEOUT_MS = 5_000;

/**
 * The addresses of Services in their statuses: what they show, and writing it.
 *
 * A write names the version that it is meant for, so it never undoes what somebody else has written meanwhile.
 */
export class ServiceStatuses {
  readonly #options: ServiceStatusesOptions;
  readonly #seen = new Map<string, ServiceFacts>();
  readonly #wanted = new Map<string, StatusRecord>();
  /** What Services had from which it could not be taken yet. */
  readonly #leaving = new Map<string, readonly string[]>();
  /** This process decides: what is not wanted is not to be there. */
  #decides = false;
  #writing = new AbortController();
  readonly #writes = new Set<Promise<unknown>>();

  constructor(options: ServiceStatusesOptions) {
    this.#options = options;
  }

  /** A Service as an API server has it; undefined: it is gone. */
  observe(key: string, facts: ServiceFacts | undefined): void {
    const before = this.#seen.get(key);
    if (!facts) {
      // What is wanted stays so: another Service of that name may be there before this end was decided about.
      for (const map of [this.#seen, this.#leaving]) map.delete(key);
      return;
    }
    if (before?.uid === facts.uid && isOlder(facts, before)) return;
    this.#seen.set(key, facts);
    const wanted = this.#wanted.get(key);
    const wasRight = before ? !this.#differs(before, wanted) : wanted !== undefined;
    if (wasRight && this.#differs(facts, wanted)) this.#options.onForeign(key);
  }

  /**
   * This process decides from now on. Returns what the Services in these places have, as far as what they show is to be
   * believed by these notes, which is wanted until something else is decided about them.
   */
  adopt(keys: Iterable<string>, notes: Pick<Notes, "pools" | "stranded"> = {}): readonly StatusRecord[] {
    this.#decides = true;
    const records: StatusRecord[] = [];
    for (const key of keys) {
      const facts = this.#seen.get(key);
      if (!facts || facts.addresses.length === 0) continue;
      const { addresses } = facts;
      const record = believed({ ...nameOf(key), addresses, pool: notedPool(facts) ?? "" }, notes);
      records.push(record);
      this.#wanted.set(key, record);
    }
    return records;
  }

  /** Services that show something else than what is wanted, or beside addresses. */
  *misshown(): Iterable<string> {
    for (const [key, facts] of this.#seen) {
      const wanted = this.#wanted.get(key);
      if (!facts.isPlain || (wanted && this.#differs(facts, wanted))) yield key;
    }
  }

  /** Services that say which pool their addresses are from. */
  *marked(): Iterable<string> {
    for (const [key, facts] of this.#seen) if (notedPool(facts) !== undefined) yield key;
  }

  /** Whether a Service is known to be in a later form than what was observed of it, or than what this process wrote. */
  isBehind(key: string, { uid, resourceVersion }: ObjectVersion): boolean {
    const facts = this.#seen.get(key);
    return facts?.uid !== uid || isEarlier(facts.resourceVersion, resourceVersion);
  }

  /** Whether the Service is there. */
  has(key: string): boolean {
    return this.#seen.has(key);
  }

  /** Another process decides: nothing that is under way is waited for, and nothing is wanted. */
  rest(): void {
    this.#decides = false;
    this.#writing.abort();
    this.#writing = new AbortController();
    this.#wanted.clear();
    this.#leaving.clear();
  }

  /** Resolves when nothing is under way. It never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#writes);
  }

  /**
   * Shows what a Service was given. False if there is no such Service.
   *
   * @throws RefusedError, KubeError
   */
  async writeStatus(record: StatusRecord): Promise<boolean> {
    const key = `${record.namespace}/${record.name}`;
    this.#wanted.set(key, record);
    if (!this.#seen.has(key)) return false;
    this.#leaving.delete(key);
    return await this.#write(key, {
      patchOf: (facts) => this.#patch(facts, record),
      isEnough: ({ addresses }) => isDeepStrictEqual(addresses, record.addresses),
    });
  }

  /** Shows that a Service has nothing any more. @throws RefusedError, KubeError */
  async deleteStatus(namespace: string, name: string): Promise<void> {
    const key = `${namespace}/${name}`;
    const had = this.#wanted.get(key)?.addresses ?? this.#leaving.get(key);
    this.#wanted.delete(key);
    if (had) this.#leaving.set(key, had);
    // By now another implementation may have given it others.
    const isOurs = ({ addresses }: ServiceFacts) => had === undefined || isDeepStrictEqual(addresses, had);
    await this.#write(key, {
      patchOf: (facts) => {
        const isShown = isOurs(facts) && showsSomething(facts);
        const told = this.#conditions(facts, undefined);
        if (!isShown && notedPool(facts) === undefined && !told.conditions) return undefined;
        return {
          metadata: { annotations: poolNotes(facts, null) },
          status: { ...(isShown && { loadBalancer: { ingress: null } }), ...told },
        };
      },
      isEnough: (facts) => facts.addresses.length === 0 || !isOurs(facts),
    });
    this.#leaving.delete(key);
  }

  async #write(key: string, wish: Wish): Promise<boolean> {
    const write = this.#insist(key, wish);
    this.#writes.add(write);
    try {
      return await write;
    } finally {
      this.#writes.delete(write);
    }
  }

  async #insist(key: string, { patchOf, isEnough }: Wish): Promise<boolean> {
    const { signal } = this.#writing;
    const { namespace, name } = nameOf(key);
    const path = `/api/v1/namespaces/${namespace}/services/${name}`;
    for (let attempt = 1, taken = 0; ; attempt++) {
      const facts = this.#seen.get(key);
      if (!facts) return false;
      const patch = patchOf(facts);
      if (!patch) return true;
      if (taken >= VAIN_ATTEMPTS) {
        if (isEnough(facts)) return true;
        throw new RefusedError("the cluster changes what is written: some policy of it may do so");
      }
      const { uid, resourceVersion } = facts;
      const body = { ...patch, metadata: { uid, resourceVersion, ...patch.metadata } };
      const isConflict = await this.#send("PATCH", `${path}/status`, key, { body, signal });
      if (!isConflict) {
        taken += 1;
        continue;
      }
      if (attempt >= ATTEMPTS) throw new RefusedError("its status changes faster than it can be written");
      await this.#send("GET", path, key, { signal });
    }
  }

  /** Takes the answer as what there is now. True if the Service is not what was expected. */
  async #send(
    method: "GET" | "PATCH",
    path: string,
    key: string,
    { body, signal }: { readonly body?: unknown; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const asked = this.#seen.get(key);
    try {
      const contentType = body === undefined ? undefined : "application/merge-patch+json";
      const answer = await this.#options.kube.request(method, path, {
        body,
        contentType,
        signal,
        timeoutMs: TIMEOUT_MS,
      });
      const facts = serviceFacts(answer as KubeObject);
      const before = this.#seen.get(key);
      // What is read is the latest there is, and may have an older version all the same: etcd was restored.
      const isLatest = method === "GET" && before === asked;
      if (before && (isLatest || before.uid !== facts.uid || !isOlder(facts, before))) this.#seen.set(key, facts);
      return false;
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      if (error.status === 409) return true;
      if (error.status === 404) {
        this.#seen.delete(key);
        return false;
      }
      if (concernsOnlyThis(error)) throw new RefusedError(error.message, { cause: error });
      throw error;
    }
  }

  #differs(facts: ServiceFacts, wanted: StatusRecord | undefined): boolean {
    return wanted ? this.#patch(facts, wanted) !== undefined : this.#decides && showsSomething(facts);
  }

  #patch(facts: ServiceFacts, record: StatusRecord): Patch | undefined {
    const { addresses, pool } = record;
    const isShown = facts.isPlain && isDeepStrictEqual(facts.addresses, addresses);
    const { reason, message } = facts.conditions.find(({ type }) => type === STRANDED_CONDITION) ?? {};
    const isSaid = reason === record.stranded && (reason === undefined || message === strandedMessage(record));
    if (isShown && isSaid && facts.pool === pool) return undefined;
    return {
      metadata: { annotations: poolNotes(facts, pool) },
      status: {
        ...(!isShown && { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } }),
        ...(!isSaid && this.#conditions(facts, record)),
      },
    };
  }

  /** The conditions of a Service's status, Herald's own one being set or taken away. */
  #conditions({ conditions }: ServiceFacts, record: StatusRecord | undefined): { readonly conditions?: unknown } {
    const others = conditions.filter(({ type }) => type !== STRANDED_CONDITION);
    if (record?.stranded === undefined) return others.length < conditions.length ? { conditions: others } : {};
    const condition = { type: STRANDED_CONDITION, status: "True", reason: record.stranded } as const;
    const told = [{ ...condition, message: strandedMessage(record) }];
    return { conditions: [...others, ...datedConditions(told, conditions, this.#options.wallClock())] };
  }
}

/** As the Event says it. */
function strandedMessage({ pool }: StatusRecord): string {
  const words = `the Service keeps its addresses, though pool ${JSON.stringify(pool)} does not give them out any more`;
  return `${words}; to get others, set the annotation heraldlb.io/reassign`;
}

/** The pool that a Service says its addresses are from, in whichever way. */
const notedPool = ({ pool, oldPool }: ServiceFacts): string | undefined => pool ?? oldPool;

/** The annotations that say this pool, or none, and not in an older way too. */
function poolNotes({ oldPool }: ServiceFacts, pool: string | null): Patch["metadata"]["annotations"] {
  return { [POOL_ANNOTATION]: pool, ...(oldPool !== undefined && { [OLD_POOL_ANNOTATION]: null }) };
}

interface Patch {
  readonly metadata: { readonly annotations: Readonly<Record<string, string | null>> };
  readonly status: unknown;
}

/** What to write into a Service. */
interface Wish {
  /** What is missing to it; undefined: nothing. */
  patchOf(facts: ServiceFacts): Patch | undefined;
  /** Whether the addresses are as they should be, whatever else is not. */
  isEnough(facts: ServiceFacts): boolean;
}

const showsSomething = ({ addresses, isPlain }: ServiceFacts): boolean => !isPlain || addresses.length > 0;

const isOlder = (a: ServiceFacts, b: ServiceFacts): boolean => isEarlier(a.resourceVersion, b.resourceVersion);

function nameOf(key: string): { readonly namespace: string; readonly name: string } {
  const [namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}
