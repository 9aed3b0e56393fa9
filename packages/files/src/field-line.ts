import { isMap, isScalar, isSeq, type Node } from "yaml";

/** One step to a field: a key of a map or an index of a list. */
export type Step = string | number;

const STEP = /\.?([^.[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\[([^\]]*)\]/gy;

/** Splits `spec.addresses[0]` and `metadata.annotations["a.b/c"]` into steps; what makes no sense ends the path. */
export function parsePath(path: string): readonly Step[] {
  return Array.from(path.matchAll(STEP), ([, key, index, quoted, bare]): Step => {
    if (index !== undefined) return Number(index);
    return key ?? (quoted === undefined ? bare : unquote(quoted)) ?? "";
  });
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}

/** The nodes at which the steps arrive, as far as they lead: a map's key, so that a line can be told, or a list's item. */
export function nodesAlong(root: Node, steps: readonly Step[]): Node[] {
  const found: Node[] = [];
  let at: unknown = root;
  for (const step of steps) {
    const next = descend(at, step);
    if (!next) break;
    found.push(next.mark);
    at = next.value;
  }
  return found;
}

function descend(at: unknown, step: Step): { readonly mark: Node; readonly value: unknown } | undefined {
  if (isMap(at)) {
    const pair = at.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return pair && { mark: pair.key as Node, value: pair.value };
  }
  const item = isSeq(at) && typeof step === "number" ? at.items[step] : undefined;
  return item === undefined ? undefined : { mark: item as Node, value: item };
}
