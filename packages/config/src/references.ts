import { advertisementWarnings } from "./advertisement-references.ts";
import type { Surroundings } from "./census.ts";
import type { InForce, ObjectProblem } from "./configuration.ts";
import { peerWarnings, secretError } from "./peer-references.ts";
import type { Problem } from "./problem.ts";
import { objectId } from "./resource.ts";

/**
 * What is wrong with references to other objects. One to something that is missing is a warning, since it may yet come:
 * objects may be created in any order. Until then it has no effect, except that a peer whose Secret is missing gets no
 * session. A Secret that is there but of no use is an error of the peer.
 */
export function checkReferences(census: Surroundings): ObjectProblem[] {
  return [
    ...census.advertisements.flatMap((form) =>
      belonging(form, "warning", advertisementWarnings(form.resource, census)),
    ),
    ...[...census.peers.values()].flatMap((form) => [
      ...belonging(form, "warning", peerWarnings(form.resource, census)),
      ...belonging(form, "error", secretError(form.resource, census)),
    ]),
  ];
}

function belonging(
  { resource, origin }: InForce,
  severity: ObjectProblem["severity"],
  problems: readonly Problem[],
): ObjectProblem[] {
  return problems.map((problem) => ({ ...problem, severity, id: objectId(resource), origin }));
}
