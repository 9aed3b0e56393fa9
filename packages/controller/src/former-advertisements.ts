import { type Layer2Advertisement, Layer2Planner, type Layer2World, selectsPool } from "@heraldlb/announce";

type Advertisements = readonly Layer2Advertisement[];

/**
 * The advertisements by which each Service was last announced, so that an address that is stranded stays announced
 * when they are gone, or do not select its pool any more.
 */
export class FormerAdvertisements {
  readonly #byService = new Map<string, Advertisements>();
  readonly #planners = new Map<Advertisements, Layer2Planner>();
  #byPool = new Map<string, Advertisements>();
  #world: Layer2World;
  readonly #inUse = new Map<string, Advertisements>();
  readonly #news = new Map<string, Advertisements>();

  /** Begins with what is remembered of stranded Services, by their keys. */
  constructor(world: Layer2World, remembered: ReadonlyMap<string, Advertisements>) {
    this.#world = world;
    for (const [service, last] of remembered) {
      this.#byService.set(service, last);
      this.#inUse.set(service, last);
    }
  }

  /** Services that are announced by advertisements that are gone, since this was last asked; none: not any more. */
  takeNews(): ReadonlyMap<string, Advertisements> {
    const news = new Map(this.#news);
    this.#news.clear();
    return news;
  }

  /** What decides about nodes and advertisements has changed. */
  refresh(world: Layer2World): void {
    this.#world = world;
    this.#byPool = new Map();
    this.#planners.clear();
  }

  /**
   * Notes by which advertisements the Service is announced. Returns a planner that knows its last ones if it is
   * stranded and there are none now.
   */
  note(
    service: string,
    { pool, isStranded }: { readonly pool: string; readonly isStranded: boolean },
  ): Layer2Planner | undefined {
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

  #use(service: string, last: Advertisements | undefined): void {
    if (this.#inUse.get(service) === last) return;
    if (last) this.#inUse.set(service, last);
    else this.#inUse.delete(service);
    this.#news.set(service, last ?? []);
  }

  #selecting(name: string): Advertisements {
    const known = this.#byPool.get(name);
    if (known) return known;
    const pool = this.#world.pools.find((each) => each.name === name) ?? { name, labels: {} };
    const selecting = this.#world.advertisements.filter((advertisement) => selectsPool(advertisement, pool));
    this.#byPool.set(name, selecting);
    return selecting;
  }

  /** These advertisements select any pool, for they did select that of the Service. */
  #planner(last: Advertisements): Layer2Planner {
    const known = this.#planners.get(last);
    if (known) return known;
    const advertisements = last.map((advertisement) => ({ ...advertisement, pools: [], poolSelectors: [] }));
    const planner = new Layer2Planner({ ...this.#world, advertisements });
    this.#planners.set(last, planner);
    return planner;
  }
}
