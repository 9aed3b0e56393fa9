import { canMatchTogether, type Labels, matches, type Selector } from "@heraldlb/labels";
import { selectorsOf } from "./reach.ts";
import type { SelectorJson } from "./selector.ts";

/** The nodes that are known, found by what selectors ask for: most name one node, or a rack. */
export class NodeIndex {
  readonly #all: readonly Labels[];
  readonly #byLabel = new Map<string, Labels[]>();

  /** The labels of each node. */
  constructor(nodes: readonly Labels[]) {
    this.#all = nodes;
    for (const labels of nodes) {
      for (const [key, value] of Object.entries(labels)) {
        const text = `${key}=${value}`;
        const same = this.#byLabel.get(text);
        if (same) same.push(labels);
        else this.#byLabel.set(text, [labels]);
      }
    }
  }

  /** No node is known. */
  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** The nodes that some selector matches; none are listed: all. */
  matching(selectors: readonly SelectorJson[]): ReadonlySet<Labels> {
    return new Set(selectorsOf(selectors).flatMap((selector) => this.#matchingOne(selector)));
  }

  /** Whether two lists of selectors meet on a node; if none is known, on one that there could be. */
  meet(a: readonly SelectorJson[], b: readonly SelectorJson[]): boolean {
    if (!this.isEmpty) return !this.matching(a).isDisjointFrom(this.matching(b));
    return selectorsOf(a).some((one) => selectorsOf(b).some((other) => canMatchTogether(one, other)));
  }

  #matchingOne(selector: Selector): readonly Labels[] {
    return this.#candidates(selector).filter((labels) => matches(selector, labels));
  }

  #candidates({ requirements }: Selector): readonly Labels[] {
    for (const requirement of requirements) {
      if (requirement.operator !== "In") continue;
      return requirement.values.flatMap((value) => this.#byLabel.get(`${requirement.key}=${value}`) ?? []);
    }
    return this.#all;
  }
}
