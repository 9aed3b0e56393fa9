import { stringify } from "yaml";

/** Objects as a YAML text, one document each, as an API server or a person reads them. */
export function formatManifests(objects: readonly unknown[]): string {
  return objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n");
}
