import { readFile } from "node:fs/promises";
import { join } from "node:path";

const PAGE = join(import.meta.dirname, "../../docs/reference/metrics.md");

/** The metrics that the reference has, sorted: those that there are whatever the source is, and those of a cluster. */
export async function documentedMetrics(): Promise<Record<"everywhere" | "inCluster", readonly string[]>> {
  const sections = (await readFile(PAGE, "utf8")).split(/^(?=##+ )/m);
  const isOfCluster = (section: string) => section.startsWith("### In a cluster\n");
  const [inCluster, everywhere] = [sections.filter(isOfCluster), sections.filter((section) => !isOfCluster(section))];
  return { everywhere: namesIn(everywhere), inCluster: namesIn(inCluster) };
}

/** Those of ours and MetalLB's that some texts in Prometheus' format have, sorted. */
export function servedMetrics(text: string): readonly string[] {
  return distinct(text.matchAll(/^# TYPE ((?:herald|metallb)_\w+)/gm));
}

const namesIn = (sections: readonly string[]) =>
  distinct(sections.join("\n").matchAll(/`((?:herald|metallb)_[a-z0-9_]+)`/g));

const distinct = (matches: Iterable<RegExpMatchArray>): readonly string[] =>
  [...new Set(Array.from(matches, ([, name = ""]) => name))].toSorted();
