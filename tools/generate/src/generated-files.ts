import { crds } from "@heraldlb/config/crd";
import { formatManifests } from "@heraldlb/files";
import { indexPage, kindPage } from "./reference.ts";

/** A generated file: its path from the root of the repository, and what is in it. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** All files that are made from the definitions of the resources. */
export function generatedFiles(): readonly GeneratedFile[] {
  const documented = crds({ defaults: "effective" });
  return [
    ...crds().map((crd) => ({ path: `packages/config/crds/${crd.metadata.name}.yaml`, text: formatManifests([crd]) })),
    ...documented.map((crd) => ({ path: `${PAGES}/${crd.spec.names.singular}.md`, text: kindPage(crd) })),
    { path: `${PAGES}/README.md`, text: indexPage(documented) },
  ];
}

const PAGES = "docs/reference/resources";
