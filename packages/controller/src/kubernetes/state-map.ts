import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Freed } from "@heraldlb/ipam";
import { type Kube, KubeError } from "@heraldlb/kube";
import { type IpRange, parseIp, parseRange } from "@heraldlb/net";
import type { Logger } from "@heraldlb/runtime";
import { type Notes, RefusedError, type StatusRecord } from "../ledger.ts";
import { concernsOnlyThis } from "../status/refusal.ts";

/** What controllers remember beside the cluster's own objects. */
export interface StateMemory extends Notes {
  /** Names of speakers. */
  readonly speakers: readonly string[];
}

/** Where the memory is kept. */
export interface StateMapOptions {
  readonly namespace: string;
  readonly name: string;
  readonly log: Logger;
}

/** What a ConfigMap holds, as far as it is looked at. */
interface Parts {
  readonly data?: { readonly speakers?: unknown };
  readonly binaryData?: { readonly notes?: unknown };
}

/** A ConfigMap, as an API server answers. */
interface Stored extends Parts {
  readonly metadata?: { readonly resourceVersion?: string };
}

// An API server takes ConfigMaps of at most 1 MiB, and names of speakers need some of it.
const MOST_BYTES = 900_000;
// Against a text that says the same a million times.
const MOST_TEXT_BYTES = 100_000_000;
// Whoever leads is alone, but for one that does not know yet that it does not, and for people.
const ATTEMPTS = 5;

const compress = promisify(gzip);
const expand = promisify(gunzip);

/**
 * The ConfigMap that leaders keep their memory in. What is damaged in it is forgotten.
 *
 * A write names the version that it is meant for: what a former leader has sent arrives in time or not at all.
 */
export class StateMap {
  readonly #kube: Pick<Kube, "request">;
  readonly #options: StateMapOptions;
  #version: string | undefined;
  /** What it held last: it may be deleted, and is to be whole again though one part alone is written then. */
  #parts: Parts = {};
  #isFull = false;

  constructor(kube: Pick<Kube, "request">, options: StateMapOptions) {
    this.#kube = kube;
    this.#options = options;
  }

  /** @throws KubeError */
  async read(): Promise<StateMemory> {
    // What it held in an earlier term is no memory any more.
    this.#parts = {};
    const { data = {}, binaryData = {} } = (await this.#get()) ?? {};
    const { freed, holders, pools, stranded } = await decode(binaryData.notes);
    return {
      freed: listOf(freed).flatMap(toFreed),
      holders: new Map(listOf(holders).flatMap(toHolder)),
      pools: Array.isArray(pools) ? new Map(pools.flatMap(toPool)) : undefined,
      stranded: new Map(listOf(stranded).flatMap(toStranded)),
      speakers: listOf(parse(data.speakers)).filter(isText),
    };
  }

  /**
   * Half of what is about cool-downs, and half of this again, if there is too much: of the freed ones the last.
   *
   * @throws RefusedError, KubeError
   */
  async writeNotes({ freed, holders, pools, stranded = new Map() }: Notes): Promise<void> {
    let kept = { freed, holders: [...holders] };
    const others = { pools: pools && [...pools], stranded: [...stranded] };
    let bytes = await encode({ ...kept, ...others });
    while (bytes.length > MOST_BYTES && kept.freed.length + kept.holders.length > 0) {
      kept = {
        freed: kept.freed.toSorted((a, b) => b.at - a.at).slice(0, Math.floor(kept.freed.length / 2)),
        holders: kept.holders.slice(0, Math.floor(kept.holders.length / 2)),
      };
      bytes = await encode({ ...kept, ...others });
    }
    const lost = { freed: freed.length - kept.freed.length, holders: holders.size - kept.holders.length };
    this.#tell(lost);
    await this.#write({ binaryData: { notes: bytes.toString("base64") } });
  }

  /** @throws RefusedError, KubeError */
  async writeSpeakers(names: readonly string[]): Promise<void> {
    await this.#write({ data: { speakers: JSON.stringify(names) } });
  }

  get #path(): string {
    const { namespace, name } = this.#options;
    return `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  }

  #tell(lost: { readonly freed: number; readonly holders: number }): void {
    const { log, namespace, name } = this.#options;
    const isFull = lost.freed + lost.holders > 0;
    if (isFull && !this.#isFull) {
      const effect = "after a change of leader their addresses may not rest";
      log.warn("more addresses with a cool-down than memory for them", {
        configMap: `${namespace}/${name}`,
        lost,
        effect,
      });
    }
    this.#isFull = isFull;
  }

  /** Undefined if it is not there. */
  async #get(): Promise<Stored | undefined> {
    try {
      return this.#note(await this.#kube.request("GET", this.#path));
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
      this.#version = undefined;
      return undefined;
    }
  }

  async #write(part: Parts): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#note(await (this.#version === undefined ? this.#create(part) : this.#patch(part, this.#version)));
        return;
      } catch (error) {
        if (!(error instanceof KubeError)) throw error;
        if (concernsOnlyThis(error)) throw new RefusedError(error.message, { cause: error });
        if (![404, 409].includes(error.status) || attempt >= ATTEMPTS) throw error;
        await this.#get();
      }
    }
  }

  #create(part: Parts): Promise<unknown> {
    const { namespace, name } = this.#options;
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, ...this.#parts, ...part };
    return this.#kube.request("POST", `/api/v1/namespaces/${namespace}/configmaps`, { body });
  }

  #patch(part: Parts, resourceVersion: string): Promise<unknown> {
    const body = { metadata: { resourceVersion }, ...part };
    return this.#kube.request("PATCH", this.#path, { body, contentType: "application/merge-patch+json" });
  }

  #note(answer: unknown): Stored {
    const stored = answer as Stored;
    const { metadata, data = {}, binaryData = {} } = stored;
    this.#version = metadata?.resourceVersion;
    this.#parts = { data, binaryData };
    return stored;
  }
}

const encode = (notes: unknown) => compress(JSON.stringify(notes));

async function decode(text: unknown): Promise<{ readonly [K in keyof Notes]?: unknown }> {
  try {
    const compressed = Uint8Array.from(atob(String(text)), (character) => character.charCodeAt(0));
    const bytes = await expand(compressed, { maxOutputLength: MOST_TEXT_BYTES });
    return Object(parse(bytes.toString()));
  } catch {
    return {};
  }
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const isText = (value: unknown): value is string => typeof value === "string";

function toFreed(entry: unknown): Freed[] {
  const { address, at, by } = (entry ?? {}) as {
    readonly address?: unknown;
    readonly at?: unknown;
    readonly by?: unknown;
  };
  const ip = typeof address === "string" ? parseIp(address) : undefined;
  return ip && typeof at === "number" && typeof by === "string" ? [{ address: ip, at, by }] : [];
}

function toHolder(entry: unknown): [service: string, addresses: readonly string[]][] {
  const [service, addresses] = listOf(entry);
  return isText(service) && Array.isArray(addresses) ? [[service, addresses.filter(isText)]] : [];
}

function toPool(entry: unknown): [name: string, ranges: readonly IpRange[]][] {
  const [name, ranges] = listOf(entry);
  const texts = listOf(ranges).filter(isText);
  return isText(name) ? [[name, texts.map(parseRange).filter((range) => range !== undefined)]] : [];
}

function toStranded(entry: unknown): [service: string, record: StatusRecord][] {
  const [service, record] = listOf(entry);
  const { namespace, name, addresses, pool, stranded, announcedBy } = Object(record) as {
    [K in keyof StatusRecord]?: unknown;
  };
  if (!isText(service) || !isText(namespace) || !isText(name) || !isText(pool) || !isText(stranded)) return [];
  const manifests = Array.isArray(announcedBy) ? { announcedBy } : {};
  return [[service, { namespace, name, addresses: listOf(addresses).filter(isText), pool, stranded, ...manifests }]];
}
