import { type AnnouncedPool, type Layer2Advertisement, selectsPool } from "@heraldlb/announce";
import type { StatusRecord } from "./ledger.ts";

/** What decides which pools are announced by which advertisements. */
interface Advertised<A> {
  readonly advertisements: readonly A[];
  readonly pools: readonly AnnouncedPool[];
}

/** What else former advertisements depend on. */
export interface FormerOptions<A, W, P> {
  /** By which stranded Services were announced last, by their keys. */
  readonly remembered: ReadonlyMap<string, readonly A[]>;
  /** A planner that knows these advertisements instead of those that there are. */
  plannerOf(world: W, advertisements: readonly A[]): P;
}

type SelectsPools = Pick<Layer2Advertisement, "pools" | "poolSelectors">;

/**
 * The advertisements by which each Service was last announced, so that an address that is stranded stays announced
 * when they are gone, or do not select its pool any more.
 */
export class FormerAdvertisements<A extends SelectsPools, W extends Advertised<A>, P> {
  readonly #byService = new Map<string, readonly A[]>();
  readonly #planners = new Map<readonly A[], P>();
  #byPool = new Map<string, readonly A[]>();
  #world: W;
  readonly #plannerOf: FormerOptions<A, W, P>["plannerOf"];
  readonly #inUse = new Map<string, readonly A[]>();
  readonly #news = new Map<string, readonly A[]>();

  constructor(world: W, { remembered, plannerOf }: FormerOptions<A, W, P>) {
    this.#world = world;
    this.#plannerOf = plannerOf;
    for (const [service, last] of remembered) {
      this.#byService.set(service, last);
      this.#inUse.set(service, last);
    }
  }

  /** Services that are announced by advertisements that are gone, since this was last asked; none: not any more. */
  takeNews(): ReadonlyMap<string, readonly A[]> {
    const news = new Map(this.#news);
    this.#news.clear();
    return news;
  }

  /** What decides about nodes and advertisements has changed. */
  refresh(world: W): void {
    this.#world = world;
    this.#byPool = new Map();
    this.#planners.clear();
  }

  /**
   * Notes by which advertisements the Service is announced. Returns a planner that knows its last ones if it is
   * stranded and there are none now.
   */
  note(service: string, { pool, isStranded }: { readonly pool: string; readonly isStranded: boolean }): P | undefined {
    const present = this.#selecting(pool);
    if (present.length > 0) this.#byService.set(service, present);
    else if (!isStranded) this.#byService.delete(service);
    const last = present.length > 0 ? undefined : this.#byService.get(service);
    this.#use(service, last);
    return last && this.#planner(last);
  }

  /** The Service has no addresses any more. */
  forget(service: string): void {
    this.#byService.delete(service);
    this.#inUse.delete(service);
    this.#news.delete(service);
  }

  #use(service: string, last: readonly A[] | undefined): void {
    if (this.#inUse.get(service) === last) return;
    if (last) this.#inUse.set(service, last);
    else this.#inUse.delete(service);
    this.#news.set(service, last ?? []);
  }

  #selecting(name: string): readonly A[] {
    const known = this.#byPool.get(name);
    if (known) return known;
    const pool = this.#world.pools.find((each) => each.name === name) ?? { name, labels: {} };
    const selecting = this.#world.advertisements.filter((advertisement) => selectsPool(advertisement, pool));
    this.#byPool.set(name, selecting);
    return selecting;
  }

  /** These advertisements select any pool, for they did select that of the Service. */
  #planner(last: readonly A[]): P {
    const known = this.#planners.get(last);
    if (known) return known;
    const advertisements = last.map((advertisement) => ({ ...advertisement, pools: [], poolSelectors: [] }));
    const planner = this.#plannerOf(this.#world, advertisements);
    this.#planners.set(last, planner);
    return planner;
  }
}

/** By what stranded Services were announced last, by their keys. */
export function formerly<A>(
  statuses: readonly StatusRecord[],
  read: (manifests: readonly unknown[]) => readonly A[],
): ReadonlyMap<string, readonly A[]> {
  const entries = statuses.map(
    ({ namespace, name, announcedBy }) => [`${namespace}/${name}`, read(announcedBy ?? [])] as const,
  );
  return new Map(entries.filter(([, last]) => last.length > 0));
}
