import {
  type ControllerConfig,
  type ControllerEffect,
  type ControllerState,
  type ControllerStatus,
  compareEpochs,
  controllerStatus,
  formatEpoch,
  initialController,
  knownMacs,
  nextTerm,
  ownerOf,
  stepController,
} from "@heraldlb/election";
import type { Mac } from "@heraldlb/net";
import type { Clock, RecurrentLog } from "@heraldlb/runtime";
import type { ControllerObserver, UntimedEvent } from "./controller-ports.ts";
import type { Hub } from "./hub.ts";
import type { PlanChanges } from "./plan.ts";

/** What the machine's shell needs. */
export interface OwnershipMachineDependencies {
  readonly clock: Pick<Clock, "now">;
  readonly log: RecurrentLog;
  readonly hub: Pick<Hub, "send" | "close">;
  readonly observer: Pick<ControllerObserver, "onConflict" | "onOwner">;
  onStepDown(above: number): void;
}

// What the machine logs when a holding first names the rival's MAC; at warn unless that may be of a hand-over.
const CLAIMED = "address claimed by another";

/** Who owns which group: the protocol's machine, told the time, with its effects performed. */
export class OwnershipMachine {
  readonly #config: ControllerConfig;
  readonly #dependencies: OwnershipMachineDependencies;
  /** As it was logged last. */
  readonly #owners = new Map<string, string>();
  /** Groups that the machine knows, and whether any node may own them. */
  readonly #groups = new Map<string, boolean>();
  #state: ControllerState;

  constructor(config: ControllerConfig, dependencies: OwnershipMachineDependencies) {
    this.#config = config;
    this.#dependencies = dependencies;
    this.#state = initialController(config);
  }

  status(): ControllerStatus {
    return controllerStatus(this.#state, this.#dependencies.clock.now());
  }

  /** How many groups nobody owns though some node may; 0 unless this process leads. Costs work for each group. */
  unowned(): number {
    if (this.status().role !== "leader") return 0;
    return this.#groups.entries().reduce((sum, [id, mayBeOwned]) => {
      return sum + (mayBeOwned && !ownerOf(this.#state, id) ? 1 : 0);
    }, 0);
  }

  /** The lowest term in which this process may lead, after the one that is stored. */
  nextTerm(stored: number): number {
    return nextTerm(this.#state, stored);
  }

  /** MAC addresses of all nodes; undefined unless this process leads. */
  macs(): Iterable<Mac> | undefined {
    return this.status().role === "leader" ? knownMacs(this.#state) : undefined;
  }

  /** Of these groups, the one whose owner was decided last. */
  newest(groups: readonly string[]): string | undefined {
    const owned = groups.flatMap((id) => {
      const owner = ownerOf(this.#state, id);
      return owner ? [{ id, epoch: owner.epoch }] : [];
    });
    return owned.sort((a, b) => compareEpochs(b.epoch, a.epoch))[0]?.id;
  }

  step(event: UntimedEvent): void {
    const now = this.#dependencies.clock.now();
    const { state, effects } = stepController(this.#state, { ...event, now }, this.#config);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  /** Lost groups first: an address may have gone over to another group. */
  follow({ specs, removed }: PlanChanges): void {
    for (const group of removed) {
      this.#groups.delete(group);
      this.step({ type: "groupRemoved", group });
    }
    for (const group of specs) {
      this.#groups.set(group.id, group.candidates.length > 0);
      this.step({ type: "group", group });
    }
  }

  /** There are these groups and no others, whatever an earlier term of this process knew. */
  replaceGroups({ specs, removed }: PlanChanges): void {
    const known = new Set(specs.map(({ id }) => id));
    const forgotten = [...this.#groups.keys()].filter((id) => !known.has(id));
    this.follow({ specs, removed: [...removed, ...forgotten] });
  }

  /** Another process decides. */
  standBy(): void {
    this.#owners.clear();
    this.step({ type: "standby" });
  }

  #perform(effect: ControllerEffect): void {
    const { log, hub, observer, onStepDown } = this.#dependencies;
    switch (effect.type) {
      case "log":
        if (effect.message === CLAIMED && effect.level === "warn") observer.onConflict();
        log.write(effect.level, effect.message, effect.fields);
        break;
      case "send":
        hub.send(effect.stream, effect.message);
        break;
      case "close":
        hub.close(effect.stream, effect.reason);
        break;
      case "owner": {
        const { group, node, epoch, reason } = effect;
        const from = this.#owners.get(group);
        log.write("info", "owner changed", { group, from, to: node, epoch: formatEpoch(epoch), reason });
        if (node === undefined) this.#owners.delete(group);
        else this.#owners.set(group, node);
        observer.onOwner(reason);
        break;
      }
      case "stepDown":
        onStepDown(effect.above);
        break;
    }
  }
}
