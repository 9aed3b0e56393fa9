import { wrongField } from "./check-list.ts";
import type { Community } from "./community.ts";
import { COMMUNITY_FIX, parseCommunity } from "./community-value.ts";
import type { Problem } from "./problem.ts";

/** What one Community gets wrong by itself. */
export function checkCommunity({ spec }: Community): Problem[] {
  const seen = new Set<string>();
  return spec.communities.flatMap(({ name, value }, i): Problem[] => {
    const at = ["spec", "communities", i];
    const community = parseCommunity(value);
    const wrong =
      "error" in community
        ? [wrongField([...at, "value"], `parsing community "${name}": ${community.error}; ${COMMUNITY_FIX}`)]
        : [];
    const repeated = seen.has(name);
    seen.add(name);
    return repeated ? [...wrong, wrongField([...at, "name"], duplicateAlias(name))] : wrong;
  });
}

/** MetalLB's words for an alias that is defined twice, in one object or in two. */
export function duplicateAlias(name: string): string {
  return `duplicate definition of community "${name}"; define each alias once`;
}
