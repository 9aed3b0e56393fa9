import { Schedule } from "../schedule.ts";
import { ControllerHost } from "./controller-host.ts";
import { Random } from "./random.ts";
import { SpeakerHost } from "./speaker-host.ts";
import { Watch } from "./watch.ts";

/** What a virtual cluster consists of, and how its networks behave. */
export interface NetworkOptions {
  readonly seed: string;
  readonly speakers: number;
  readonly controllers: number;
  readonly groups: number;
  readonly managementMs: number;
  readonly dataMs: number;
  /** Controllers run on the speakers' nodes. */
  readonly onNodes?: boolean;
  readonly trace?: (line: string) => void;
}

/**
 * A cluster on a virtual clock: the real machines, a management network of TCP streams between them, and one segment
 * on which the speakers hear each other. Deterministic from its seed.
 */
export class Network {
  readonly options: NetworkOptions;
  readonly random: Random;
  readonly speakers: readonly SpeakerHost[];
  readonly controllers: readonly ControllerHost[];
  readonly watch: Watch;
  now = 0;
  managementLoss = 0;
  dataLoss = 0;
  isApiUp = true;
  /** The Lease object: who holds it, count of transitions, resource version. */
  readonly lease: { holder: string | undefined; transitions: number; version: number } = {
    holder: undefined,
    transitions: 0,
    version: 0,
  };
  /** What the term file says, with one controller. */
  fileTerm = 0;
  readonly downHosts: Set<string> = new Set();
  readonly #managementCuts = new Set<string>();
  readonly #dataCuts = new Set<string>();
  readonly #schedule = new Schedule<() => void>();
  #isTouched = true;

  constructor(options: NetworkOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.speakers = Array.from({ length: options.speakers }, (_, i) => new SpeakerHost(this, i));
    this.controllers = Array.from(
      { length: options.controllers },
      (_, i) => new ControllerHost(this, i, options.onNodes ? `n${i}` : `k${i}`),
    );
    this.watch = new Watch(this);
    this.#sample();
  }

  get groupIds(): readonly string[] {
    return Array.from({ length: this.options.groups }, (_, i) => `10.0.0.${i + 1}`);
  }

  log(who: string, what: string): void {
    this.options.trace?.(`${this.now.toFixed(1).padStart(9)} ${who} ${what}`);
  }

  after(ms: number, run: () => void): void {
    this.#schedule.add(this.now + Math.max(0, ms), run);
  }

  /** At a point of time, for a scenario: logged. */
  at(time: number, what: string, run: () => void): void {
    this.#schedule.add(time, () => {
      this.log("##", what);
      run();
      this.touch();
    });
  }

  /** Something may have changed in who answers. */
  touch(): void {
    this.#isTouched = true;
  }

  run(until: number): void {
    for (let next = this.#schedule.takeBefore(until); next; next = this.#schedule.takeBefore(until)) {
      this.now = next.at;
      next.item();
      if (!this.#isTouched) continue;
      this.#isTouched = false;
      this.watch.check();
    }
    this.now = until;
  }

  canReach(a: string, b: string): boolean {
    if (a === b) return true;
    return !this.#managementCuts.has(`${a}>${b}`) && !this.downHosts.has(a) && !this.downHosts.has(b);
  }

  managementDelay(a: string, b: string): number {
    return a === b ? 0.05 : this.random.between(0.1, this.options.managementMs);
  }

  canHear(from: SpeakerHost, to: SpeakerHost): boolean {
    return from.hasCarrier && to.hasCarrier && !this.#dataCuts.has(`${from.index}>${to.index}`);
  }

  /** One-way data cut between two speakers. */
  isDataCut(from: SpeakerHost, to: SpeakerHost): boolean {
    return this.#dataCuts.has(`${from.index}>${to.index}`);
  }

  get isWhole(): boolean {
    return this.#dataCuts.size === 0 && this.#managementCuts.size === 0;
  }

  /** Whether the Lease can be read and written. */
  setApi(isUp: boolean): void {
    this.isApiUp = isUp;
  }

  /** Share of segments of the management network that are lost. */
  setLoss(share: number): void {
    this.managementLoss = share;
  }

  heal(): void {
    this.#managementCuts.clear();
    this.#dataCuts.clear();
  }

  get hosts(): readonly string[] {
    return [...this.speakers.map(({ host }) => host), ...this.controllers.map(({ host }) => host), "api"];
  }

  /** Cuts (or mends) the management network around a host; either way or both. */
  cutManagement(host: string, isCut: boolean, ways: "both" | "out" | "in" = "both"): void {
    for (const other of this.hosts) if (other !== host) this.cutLink(host, other, isCut, ways);
  }

  cutLink(a: string, b: string, isCut: boolean, ways: "both" | "out" | "in" = "both"): void {
    const change = (key: string) => (isCut ? this.#managementCuts.add(key) : this.#managementCuts.delete(key));
    if (ways !== "in") change(`${a}>${b}`);
    if (ways !== "out") change(`${b}>${a}`);
  }

  /** Cuts (or mends) the segment around a speaker, with carrier kept. */
  cutData(speaker: SpeakerHost, isCut: boolean, ways: "both" | "out" | "in" = "both"): void {
    const change = (key: string) => (isCut ? this.#dataCuts.add(key) : this.#dataCuts.delete(key));
    for (const other of this.speakers) {
      if (other === speaker) continue;
      if (ways !== "in") change(`${speaker.index}>${other.index}`);
      if (ways !== "out") change(`${other.index}>${speaker.index}`);
    }
  }

  /** The leader that runs; undefined when none does. */
  get leader(): ControllerHost | undefined {
    return this.controllers
      .filter((controller) => controller.isUp && !controller.isPaused && controller.state.role === "leader")
      .toSorted((a, b) => b.state.term - a.state.term)[0];
  }

  /** Who says that it owns each group: one name, several joined, or none. */
  owners(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.groupIds.map((id) => [
        id,
        this.speakers
          .filter((speaker) => speaker.isUp && !speaker.isPaused && speaker.modes.get(id) === "all")
          .map(({ name }) => name)
          .join("+"),
      ]),
    );
  }

  #sample(): void {
    this.touch();
    this.after(25, () => this.#sample());
  }
}
