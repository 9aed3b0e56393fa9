import { Claims } from "./claims.ts";
import type { InForce, ObjectProblem } from "./configuration.ts";
import { type Contradictable, isContradictable } from "./contradiction.ts";
import type { NodeIndex } from "./node-index.ts";
import { compareSeniority } from "./origin.ts";
import { PreferenceClaims } from "./preference-claims.ts";
import type { Problem } from "./problem.ts";
import { reachedPools } from "./reach.ts";
import { objectId } from "./resource.ts";

/** What objects in force are judged by. */
export interface SettleContext {
  /** What was in force. */
  readonly previous: ReadonlyMap<string, InForce>;
  /** All keys of objects that can contradict each other, at least. */
  readonly keys: Iterable<string>;
  readonly nodes: NodeIndex;
}

type Forms = ReadonlyMap<string, InForce>;

/** An object by its key. */
type Keyed = readonly [key: string, form: InForce & { readonly resource: Contradictable }];

/**
 * Takes out of force, or back to their last valid form, objects that contradict another one that goes before them:
 * objects in the form that they had come first, then changed ones, then new ones. Changes `inForce`, and returns the
 * errors. Doing so again changes nothing.
 */
export function settle(inForce: Map<string, InForce>, { previous, keys, nodes }: SettleContext): ObjectProblem[] {
  const wanted = new Map<string, InForce>();
  for (const key of keys) {
    const form = inForce.get(key);
    if (form && isContradictable(form.resource)) wanted.set(key, form);
  }
  let last: Forms = previous;
  for (;;) {
    const { forms, errors } = judgeAll(wanted, { last, nodes });
    const isStable = errors.length === 0 || [...wanted.keys()].every((key) => isSame(last.get(key), forms.get(key)));
    if (isStable) {
      for (const key of wanted.keys()) put(inForce, key, forms.get(key));
      return errors;
    }
    // What came into force now goes before what did not, which may leave room for the latter.
    last = forms;
  }
}

interface JudgeContext {
  readonly last: Forms;
  readonly nodes: NodeIndex;
}

interface Judgement {
  readonly forms: Forms;
  readonly errors: ObjectProblem[];
}

/** An object that goes back to its last form may take away what a changed one was granted: then all begins anew. */
function judgeAll(wanted: Forms, { last, nodes }: JudgeContext): Judgement {
  const forms = new Map(wanted);
  const errors = new Map<string, ObjectProblem>();
  const note = (key: string, problem: Problem): void => {
    const { resource, origin } = wanted.get(key) as InForce;
    // The first one is about the form that is wanted.
    if (!errors.has(key)) errors.set(key, { ...problem, severity: "error", id: objectId(resource), origin });
  };
  for (;;) {
    const { granted, refused, borne } = judge(inOrderOfRight(forms, last), { last, nodes });
    const reverted = [...refused.keys()].filter((key) => last.has(key) && !isSame(last.get(key), forms.get(key)));
    if (reverted.length === 0) {
      for (const [key, problem] of [...refused, ...borne]) note(key, problem);
      return { forms: new Map(granted), errors: [...errors.values()] };
    }
    for (const key of reverted) {
      note(key, refused.get(key) as Problem);
      const form = last.get(key) as InForce;
      forms.set(key, form.outdated ? form : { ...form, outdated: true });
    }
  }
}

interface Verdict {
  readonly granted: readonly Keyed[];
  readonly refused: ReadonlyMap<string, Problem>;
  /** Granted all the same. */
  readonly borne: ReadonlyMap<string, Problem>;
}

function judge(ordered: readonly Keyed[], { last, nodes }: JudgeContext): Verdict {
  const claims = new Claims(nodes);
  const granted: Keyed[] = [];
  const refused = new Map<string, Problem>();
  const borne = new Map<string, Problem>();
  for (const each of ordered) {
    const [key, { resource }] = each;
    const found = claims.claim({ resource, isIncumbent: last.get(key)?.resource === resource });
    if (found) (found.isBorne ? borne : refused).set(key, found.problem);
    if (!found || found.isBorne) granted.push(each);
  }
  return { granted, refused, borne: new Map([...borne, ...preferenceConflicts(granted, nodes)]) };
}

/** Advertisements that a pool or a node has made conflict with one before them. */
function preferenceConflicts(granted: readonly Keyed[], nodes: NodeIndex): [string, Problem][] {
  const all = granted.flatMap(([, { resource }]) => (resource.kind === "IPAddressPool" ? [resource] : []));
  const pools = new Map(all.map((pool) => [pool.metadata.name, pool]));
  const claims = new PreferenceClaims(nodes);
  return granted.flatMap(([key, { resource }]): [string, Problem][] => {
    if (resource.kind !== "BGPAdvertisement") return [];
    const reached = reachedPools(resource, pools);
    const problem = claims.conflict(resource, reached);
    claims.grant(resource, reached);
    return problem ? [[key, problem]] : [];
  });
}

/** Among those of equal right pools come first: advertisements are for them. Then the senior. */
function inOrderOfRight(forms: Forms, last: Forms): Keyed[] {
  const right = ([key, { resource }]: Keyed): number => {
    const before = last.get(key);
    if (!before) return 2;
    return before.resource === resource ? 0 : 1;
  };
  const rank = ([, { resource }]: Keyed): number => (resource.kind === "IPAddressPool" ? 0 : 1);
  // Only such forms were taken in.
  return ([...forms] as Keyed[]).toSorted(
    (a, b) => right(a) - right(b) || rank(a) - rank(b) || compareSeniority(a[1], b[1]) || (a[0] < b[0] ? -1 : 1),
  );
}

function isSame(a: InForce | undefined, b: InForce | undefined): boolean {
  return a?.resource === b?.resource;
}

function put(inForce: Map<string, InForce>, key: string, form: InForce | undefined): void {
  if (form) inForce.set(key, form);
  else inForce.delete(key);
}
