import { parseAllDocuments } from "yaml";

/** An object as a manifest has it: plain JSON. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The objects of a stream of YAML documents, as Helm prints it. @throws if one is no YAML */
export function parseManifests(text: string): readonly Manifest[] {
  return [...parseAllDocuments(text)].flatMap((document) => {
    const [error] = document.errors;
    if (error) throw error;
    const object: unknown = document.toJS();
    // Helm prints nothing else.
    return object ? [object as Manifest] : [];
  });
}
