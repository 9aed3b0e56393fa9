import type { Endpoint } from "./layer2.ts";

/** Whether traffic may go to an endpoint: it is ready or does not say, or it is serving. Terminating does not count. */
export function canServe({ ready, serving }: Endpoint): boolean {
  return ready !== false || serving === true;
}

/** The nodes on which an endpoint can serve. */
export function localNodes(endpoints: readonly Endpoint[]): ReadonlySet<string> {
  return new Set(endpoints.filter(canServe).flatMap(({ node }) => (node === undefined ? [] : [node])));
}
