import { type KubeObject, keyOf } from "./kube-object.ts";
import type { WatchEvent } from "./watch-batches.ts";

/**
 * What has become of objects. A key is in one of both at most: an object that was deleted and made again is `changed`,
 * with another uid.
 */
export interface Changes {
  readonly changed: readonly KubeObject[];
  /** As last seen before they went; after a list that lacks them, only their identity (`metadata`). */
  readonly removed: readonly KubeObject[];
}

interface Known {
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Which version of which object was told last. Keeps no objects. */
export class KnownObjects {
  readonly #known = new Map<string, Known>();

  /** What events that came together have changed, the last one of each object deciding. */
  apply(events: readonly WatchEvent[]): Changes {
    const last = new Map<string, WatchEvent>();
    for (const event of events) last.set(keyOf(event.object), event);
    const changed: KubeObject[] = [];
    const removed: KubeObject[] = [];
    for (const [key, { isRemoval, object }] of last) {
      if (!isRemoval) {
        if (this.#note(key, object)) changed.push(object);
      } else if (this.#known.delete(key)) {
        removed.push(object);
      }
    }
    return { changed, removed };
  }

  /** Compares a list, given page by page, with what is known. */
  compare(): Comparison {
    const seen = new Set<string>();
    const changed: KubeObject[] = [];
    // Nothing is noted before the list is complete: it may fail half way, and then nothing is told.
    return {
      add: (objects) => {
        for (const object of objects) {
          const key = keyOf(object);
          seen.add(key);
          if (this.#isNews(key, object)) changed.push(object);
        }
      },
      finish: () => {
        const removed = [...this.#known].filter(([key]) => !seen.has(key)).map(identityOf);
        for (const object of removed) this.#known.delete(keyOf(object));
        for (const object of changed) this.#note(keyOf(object), object);
        return { changed, removed };
      },
    };
  }

  #isNews(key: string, { metadata: { uid, resourceVersion } }: KubeObject): boolean {
    const known = this.#known.get(key);
    return known?.uid !== uid || known.resourceVersion !== resourceVersion;
  }

  #note(key: string, object: KubeObject): boolean {
    const { uid, resourceVersion } = object.metadata;
    const isNews = this.#isNews(key, object);
    if (isNews) this.#known.set(key, { uid, resourceVersion });
    return isNews;
  }
}

/** A list that is being compared. */
export interface Comparison {
  add(objects: readonly KubeObject[]): void;
  /** The list is complete. */
  finish(): Changes;
}

function identityOf([key, { uid, resourceVersion }]: readonly [string, Known]): KubeObject {
  const [name = "", namespace] = key.split("/").reverse();
  return { metadata: { name, ...(namespace === undefined ? {} : { namespace }), uid, resourceVersion } };
}
