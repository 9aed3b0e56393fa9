import type { Candidate, ObjectProblem } from "./configuration.ts";
import { formatObjectId } from "./problem.ts";

/** A BGPPeer that is not in force as it is written. */
export interface PeerSetAside {
  readonly name: string;
  /** The BFDProfile that it names. */
  readonly bfdProfile: string;
}

/** Peers with errors that name a BFDProfile, by name; `rivals` are all forms of an object that is to act. */
export function peersSetAside(
  problems: readonly ObjectProblem[],
  rivals: (key: string) => Iterable<Candidate> | undefined,
): readonly PeerSetAside[] {
  const wrong = problems.flatMap(({ severity, id }) => {
    return severity === "error" && id?.kind === "BGPPeer" ? [[formatObjectId(id), id.name] as const] : [];
  });
  return [...new Map(wrong)]
    .flatMap(([key, name]) => [...(rivals(key) ?? [])].map((rival) => ({ name, bfdProfile: profileOf(rival) })))
    .filter(({ bfdProfile }) => bfdProfile !== "")
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function profileOf({ outcome }: Candidate): string {
  if (outcome.type === "invalid") return outcome.bfdProfile ?? "";
  return outcome.type === "resource" && outcome.resource.kind === "BGPPeer" ? outcome.resource.spec.bfdProfile : "";
}
