/**
 * The order of decisions: a leader's term, then its counter within the term.
 *
 * A leader has one counter for all groups and raises it with every decision, so an epoch is never used twice. Terms
 * begin at 1; term 0 is older than every decision.
 */
export interface Epoch {
  readonly term: number;
  readonly counter: number;
}

/** The epoch of a group that nobody has decided about yet. */
export const NO_EPOCH: Epoch = { term: 0, counter: 0 };

/** Negative when `a` is older than `b`, positive when it is newer, 0 when they are the same decision. */
export const compareEpochs = (a: Epoch, b: Epoch): number => a.term - b.term || a.counter - b.counter;

/** `term.counter`, the form in which logs and metrics show an epoch. */
export const formatEpoch = ({ term, counter }: Epoch): string => `${term}.${counter}`;
