import type { Freed } from "@heraldlb/ipam";
import { type Kube, KubeError } from "@heraldlb/kube";
import { parseIp } from "@heraldlb/net";

/** What controllers remember beside the cluster's own objects. */
export interface StateMemory {
  /** Addresses that rest. */
  readonly freed: readonly Freed[];
  /** Names of speakers. */
  readonly speakers: readonly string[];
}

interface StateData {
  readonly freed?: unknown;
  readonly speakers?: unknown;
}

// An API server takes objects of at most 1 MiB.
const MOST_BYTES = 900_000;

/** The ConfigMap that leaders keep their memory in. What is damaged in it is forgotten. */
export class StateMap {
  readonly #kube: Pick<Kube, "request">;
  readonly #namespace: string;
  readonly #name: string;

  constructor(kube: Pick<Kube, "request">, { namespace, name }: { readonly namespace: string; readonly name: string }) {
    this.#kube = kube;
    this.#namespace = namespace;
    this.#name = name;
  }

  /** @throws KubeError */
  async read(): Promise<StateMemory> {
    try {
      const { data } = (await this.#kube.request("GET", this.#path)) as { readonly data?: StateData };
      return { freed: listIn(data?.freed).flatMap(toFreed), speakers: listIn(data?.speakers).filter(isText) };
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return { freed: [], speakers: [] };
      throw error;
    }
  }

  /** Those freed last, if there are too many. @throws KubeError */
  async writeFreed(freed: readonly Freed[]): Promise<void> {
    let kept = freed;
    let text = JSON.stringify(kept);
    while (text.length > MOST_BYTES) {
      kept = kept.toSorted((a, b) => b.at - a.at).slice(0, Math.floor(kept.length / 2));
      text = JSON.stringify(kept);
    }
    await this.#write({ freed: text });
  }

  /** @throws KubeError */
  async writeSpeakers(names: readonly string[]): Promise<void> {
    await this.#write({ speakers: JSON.stringify(names) });
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#namespace}/configmaps/${this.#name}`;
  }

  async #write(data: Readonly<Record<string, string>>): Promise<void> {
    try {
      await this.#kube.request("PATCH", this.#path, { body: { data }, contentType: "application/merge-patch+json" });
    } catch (error) {
      if (!(error instanceof KubeError && error.status === 404)) throw error;
      const { namespace, name } = { namespace: this.#namespace, name: this.#name };
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name }, data };
      await this.#kube.request("POST", `/api/v1/namespaces/${namespace}/configmaps`, { body });
    }
  }
}

function listIn(text: unknown): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(String(text));
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

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
