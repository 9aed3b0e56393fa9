import { type Host, type LabShape, monotonicMs, type Observation, observe, pass } from "@heraldlb/lab";
import type { Ip } from "@heraldlb/net";
import { owner, type Site, setUp, startHerald, writeService } from "../site.fixture.ts";

/** Never longer do two nodes that hear each other answer for one address: Herald's promise, on any machine. */
export const PROMISED_MS = 500;

// How long nobody may answer. The figures proper are the bench's; a test machine may be busy.
/** After the end of a process, and whatever else is noticed without waiting. */
export const PROMPT_GAP_MS = 1500;
/** After a silence. */
export const SILENCE_GAP_MS = 2500;

/** Herald on five nodes, with a dual-stack Service that is looked at and another one that has nothing to do with it. */
export interface Stage extends Site {
  readonly web: readonly [Ip, Ip];
  /** Owned by another node than `web`. */
  readonly bystander: Ip;
}

/** Sets the stage. Without `controllers` there is one. */
export async function setStage(name: string, shape: Omit<LabShape, "name" | "nodes"> = {}): Promise<Stage> {
  const site = await setUp(name, { nodes: 5, ...shape });
  try {
    await startHerald(site);
    for (const node of site.lab.nodes) await site.herald.ready(node, site.herald.speaker(node));
    // One after the other, and when all are there: then they go to different nodes.
    writeService(site, { name: "web" });
    const web = (await site.herald.given("web", 2)) as [Ip, Ip];
    for (const address of web) await owner(site, address);
    writeService(site, { name: "bystander", families: ["ipv4"] });
    const [bystander] = (await site.herald.given("bystander", 1)) as [Ip];
    await owner(site, bystander);
    return { ...site, web, bystander };
  } catch (error) {
    await site[Symbol.asyncDispose]();
    throw error;
  }
}

/** What must come of a fault. */
export interface Expected {
  /** Whether `web` goes to another node. The bystander never moves. */
  readonly moves: boolean;
  /** How long two may answer at most. */
  readonly doubleMs: number;
  /** How long nobody may answer at most. */
  readonly gapMs?: number;
}

/** A fault under observation, as one host hears what the nodes answer. */
export class Scene implements AsyncDisposable {
  readonly stage: Stage;
  /** Who owned `web` at the beginning. */
  readonly before: Host;
  readonly watch: Observation;
  readonly #bystanderOwner: Host;
  readonly #began: number;

  constructor(stage: Stage, { before, other, watch }: { before: Host; other: Host; watch: Observation }) {
    this.stage = stage;
    this.before = before;
    this.watch = watch;
    this.#bystanderOwner = other;
    this.#began = monotonicMs();
  }

  /** Nodes that own nothing that is looked at. */
  get idle(): Host[] {
    const busy = [this.before.name, this.#bystanderOwner.name];
    return this.stage.lab.nodes.filter(({ name }) => !busy.includes(name));
  }

  /** Waits until another node than the first one claims both addresses of `web`, and returns it. */
  async taken(): Promise<Host> {
    const { web, lab } = this.stage;
    const fits = ({ mac }: { readonly mac: string }) => mac !== this.before.mac;
    for (const address of web) await this.watch.capture.claimed(address, this.#began, { fits, timeoutMs: 15_000 });
    const [address] = web;
    const claim = await this.watch.capture.claimed(address, this.#began, { fits });
    return lab.host(lab.hostOf(claim.mac));
  }

  /** Ends the observation, and says what is not as it must be; empty: all is well. */
  async complaints({ moves, doubleMs, gapMs = Number.POSITIVE_INFINITY }: Expected): Promise<string[]> {
    const { stage, watch, before } = this;
    await watch.end();
    const complaints: string[] = [];
    const [after, after6] = await Promise.all([owner(stage, stage.web[0]), owner(stage, stage.web[1])]);
    if (after.name !== after6.name) complaints.push(`IPv4 is with ${after.name}, IPv6 with ${after6.name}`);
    if (moves === (after.name === before.name)) complaints.push(`owned by ${before.name}, then ${after.name}`);
    const expected = moves ? [before.name, after.name] : [before.name];
    for (const address of stage.web) {
      const { order, ...answers } = watch.answers(address);
      // Two that answer at once take turns in the order of frames.
      const names = doubleMs === 0 ? order : [...new Set(order)];
      if (`${names}` !== `${expected}` || order.at(-1) !== after.name) {
        complaints.push(`${address}: answered by ${order.join(" → ")}`);
      }
      if (answers.doubleMs > doubleMs) complaints.push(`${address}: two answered for ${answers.doubleMs} ms`);
      if (answers.gapMs > gapMs) complaints.push(`${address}: nobody answered for ${answers.gapMs} ms`);
    }
    const { order } = watch.answers(stage.bystander);
    if (`${order}` !== this.#bystanderOwner.name) complaints.push(`the bystander moved: ${order.join(" → ")}`);
    return complaints;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.watch[Symbol.asyncDispose]();
  }
}

/** Begins to observe. */
export async function begin(stage: Stage): Promise<Scene> {
  const { lab, client, witness, web, bystander } = stage;
  const [before, other] = await Promise.all([owner(stage, web[0]), owner(stage, bystander)]);
  const watch = await observe(lab, { client, witness, addresses: [...web, bystander], at: witness });
  return new Scene(stage, { before, other, watch });
}

/** Waits for a time that has come, on the clock of `monotonicMs()`. */
export async function at(moment: number): Promise<void> {
  const ms = moment - monotonicMs();
  if (ms > 0) await pass(ms);
}
