import type { AppliedError } from "./messages.ts";

/** A definition that a speaker could not apply. */
export type Failure = Pick<AppliedError, "group" | "message">;

// More is not shown, and a node that has more is broken.
const MOST_OF_A_NODE = 100;
const LONGEST_TEXT = 512;

/** The definitions that speakers could not apply, as each has said last. Its stream may have ended since. */
export class Failures {
  readonly #nodes = new Map<string, readonly Failure[]>();

  /** What a node could not apply, in its order. */
  of(node: string): readonly Failure[] {
    return this.#nodes.get(node) ?? [];
  }

  /**
   * A node has applied definitions, all but these. Returns those that it has not said before; undefined if nothing is
   * different.
   */
  note(node: string, errors: readonly AppliedError[]): readonly AppliedError[] | undefined {
    const before = new Set(this.of(node).map(textOf));
    const now = new Set<string>();
    const said = errors.slice(0, MOST_OF_A_NODE).flatMap(({ reason, ...error }) => {
      const short = {
        reason,
        group: error.group.slice(0, LONGEST_TEXT),
        message: error.message.slice(0, LONGEST_TEXT),
      };
      const isRepeated = now.has(textOf(short));
      now.add(textOf(short));
      return isRepeated ? [] : short;
    });
    const added = said.filter((error) => !before.has(textOf(error)));
    if (added.length === 0 && now.size === before.size) return undefined;
    if (said.length > 0) this.#nodes.set(node, said);
    else this.#nodes.delete(node);
    return added;
  }
}

const textOf = ({ group, message }: Failure): string => `${group}\n${message}`;
