import { formatObjectId, type ObjectId } from "@heraldlb/config";
import { type Kube, type KubeObject, reflect } from "@heraldlb/kube";
import type { Clock, Logger } from "@heraldlb/runtime";
import type { SourceChange, SourceObject } from "../source-object.ts";
import {
  type ObjectText,
  type PlainObject,
  readObject,
  WATCHED,
  type WatchedResource,
  withoutFacts,
  writeObject,
} from "./resources.ts";

/** What a reader needs. */
export interface ClusterReaderOptions {
  readonly kube: Pick<Kube, "request" | "stream">;
  readonly namespace: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** A number from 0 to 1. */
  random(): number;
  /** Objects to be understood, before the change with them is told; for long lists, with rests in between. */
  prepare(objects: readonly SourceObject[]): Promise<void>;
  /** What became different; the first time that is everything. */
  onChange(change: SourceChange): void;
  /** What there is of a kind, and then what has become of it: for whoever looks at more than the configuration. */
  onSeen(kind: string, seen: Seen): void;
  /** The kinds that are not read yet, and why not, as far as known; an empty text: being read. */
  onWaiting(kinds: ReadonlyMap<string, string>): void;
}

/** Objects of one kind as the API server has them. */
export interface Seen {
  readonly changed: readonly KubeObject[];
  readonly removed: readonly KubeObject[];
  /** These are all there are; told once. */
  readonly isAll: boolean;
}

/** An object in its present form. */
class Known implements SourceObject {
  readonly isRemote = true;
  readonly #text: ObjectText;

  constructor(text: ObjectText) {
    this.#text = text;
  }

  get json(): PlainObject {
    return readObject(this.#text);
  }

  /** Whether both ask for the same; what Herald writes into a Service itself does not count. */
  asksFor({ asks }: ObjectText): boolean {
    return this.#text.asks === asks;
  }
}

// Of what comes while a change is worked in, the rest waits at least so many times as long as that took.
const REST = 1;
const LEAST_REST_MS = 2;

/** Reads everything that decides about a cluster, and follows it: an API server as a source. */
export class ClusterReader {
  readonly #options: ClusterReaderOptions;
  /** By kind and key. */
  readonly #known = new Map<string, Known>();
  readonly #waiting: Map<string, string>;
  /** In which form each changed object was told last, if it was. */
  readonly #before = new Map<string, SourceObject | undefined>();
  #isTelling = false;
  /** Who waits for what was read by now to be told. */
  #waiters: (() => void)[] = [];

  constructor(options: ClusterReaderOptions) {
    this.#options = options;
    this.#waiting = new Map(WATCHED.map(({ kind }) => [kind, ""]));
  }

  /** The object, as whoever understands resources has it, if it is there. Each look at `json` costs some microseconds. */
  find(id: ObjectId): (SourceObject & { readonly json: PlainObject }) | undefined {
    return this.#known.get(formatObjectId(id));
  }

  /** Reads and follows until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#options.onWaiting(this.#waiting);
    await Promise.all(WATCHED.map((resource) => this.#follow(resource, signal)));
  }

  /** Resolves when everything that was read by now is told; in `onSeen`, what that is shown, too. */
  async told(): Promise<void> {
    await Promise.resolve();
    if (this.#isTelling) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async #follow({ kind, path, trim }: WatchedResource, signal: AbortSignal): Promise<void> {
    const { kube, clock, log, random, namespace } = this.#options;
    await reflect(
      kube,
      { path: path(namespace), trim },
      {
        onSynced: (objects) => {
          this.#waiting.delete(kind);
          const all = [...objects.values()];
          this.#options.onSeen(kind, { changed: all, removed: [], isAll: true });
          for (const object of all) this.#put(kind, object);
          this.#options.onWaiting(this.#waiting);
          this.#tell();
        },
        onChange: ({ changed, removed }) => {
          this.#options.onSeen(kind, { changed, removed, isAll: false });
          for (const object of removed) this.#drop(kind, object);
          for (const object of changed) this.#put(kind, object);
          this.#tell();
        },
        onTrouble: (problem) => {
          if (!this.#waiting.has(kind)) return;
          this.#waiting.set(kind, problem instanceof Error ? problem.message : "");
          this.#options.onWaiting(this.#waiting);
        },
      },
      { clock, log, random },
      signal,
    );
  }

  #put(kind: string, object: KubeObject): void {
    const id = `${kind} ${keyOf(object)}`;
    const text = writeObject(withoutFacts(object));
    const known = this.#known.get(id);
    if (known?.asksFor(text)) return;
    this.#note(id, known);
    this.#known.set(id, new Known(text));
  }

  #drop(kind: string, object: KubeObject): void {
    const id = `${kind} ${keyOf(object)}`;
    const known = this.#known.get(id);
    if (!known) return;
    this.#note(id, known);
    this.#known.delete(id);
  }

  #note(id: string, before: SourceObject | undefined): void {
    if (!this.#before.has(id)) this.#before.set(id, before);
  }

  /** Tells what has changed once everything was read; what comes meanwhile is told together afterwards. */
  #tell(): void {
    if (this.#waiting.size > 0 || this.#isTelling || this.#before.size === 0) return;
    this.#isTelling = true;
    // It ends with what there is to tell.
    void this.#tellAll();
  }

  async #tellAll(): Promise<void> {
    const { clock, prepare, onChange } = this.#options;
    while (this.#before.size > 0) {
      const since = clock.now();
      const noted = [...this.#before];
      const waiters = this.#waiters;
      this.#before.clear();
      this.#waiters = [];
      const gone = noted.flatMap(([, before]) => before ?? []);
      const come = noted.flatMap(([id]) => this.#known.get(id) ?? []);
      await prepare(come);
      onChange({ gone, come });
      for (const resolve of waiters) resolve();
      const tookMs = clock.now() - since;
      if (tookMs > LEAST_REST_MS) await clock.sleep(tookMs * REST);
    }
    this.#isTelling = false;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }
}

/** `namespace/name`, or `name`. */
export function keyOf({ metadata: { namespace, name } }: KubeObject): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
