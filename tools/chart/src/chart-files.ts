import { glob, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { crdTemplate } from "./crd-template.ts";
import { parseManifests } from "./manifest.ts";
import { CHART, renderChart } from "./render.ts";
import { valueRows, valuesTable } from "./values-table.ts";

/** A file that follows from others. */
export interface ChartFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
}

const GOLDEN = join(import.meta.dirname, "../golden");

/** All files of the chart and its tests that are not written by hand, or not all of them. */
export async function chartFiles(): Promise<readonly ChartFile[]> {
  const chart = { path: join(CHART, "Chart.yaml"), text: await chartMetadata() };
  const readme = { path: join(CHART, "README.md"), text: await chartReadme() };
  const definitions = { path: join(CHART, "templates/crds.yaml"), text: crdTemplate() };
  return [chart, readme, definitions, ...(await goldenFiles())];
}

/** What the chart renders to, for each file of values in `golden/`. */
async function goldenFiles(): Promise<readonly ChartFile[]> {
  const names = (await Array.fromAsync(glob("*.values.yaml", { cwd: GOLDEN }))).sort();
  return Promise.all(
    names.map(async (name) => {
      const values: unknown = parse(await readFile(join(GOLDEN, name), "utf8"));
      const text = await renderChart({ values, apiVersions: ["monitoring.coreos.com/v1"] });
      return { path: join(GOLDEN, basename(name).replace(".values", "")), text: withoutDefinitions(text) };
    }),
  );
}

/** Without the CustomResourceDefinitions, which are long, and the same in all. */
function withoutDefinitions(text: string): string {
  const documents = text.split(/^---\n/m).filter((document) => {
    const [manifest] = parseManifests(document);
    return manifest && manifest.kind !== "CustomResourceDefinition";
  });
  return documents.map((document) => `---\n${document}`).join("");
}

/** The chart has the version of the packages, and so have the images. */
async function chartMetadata(): Promise<string> {
  const manifest = join(import.meta.dirname, "../../../packages/controller/package.json");
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { readonly version: string };
  const text = await readFile(join(CHART, "Chart.yaml"), "utf8");
  return text.replace(/^(version|appVersion): .*$/gm, `$1: ${version}`);
}

const TABLE = /(?<=<!-- Written by `npm run chart` from values.yaml. -->\n\n).*?(?=<!-- End of the values. -->)/s;

async function chartReadme(): Promise<string> {
  const text = await readFile(join(CHART, "README.md"), "utf8");
  const table = valuesTable(valueRows(await readFile(join(CHART, "values.yaml"), "utf8")));
  return text.replace(TABLE, () => `${table}\n`);
}
