import type { FileObject, FileProblem } from "@heraldlb/files";

/**
 * An object as a source hands it over, with its place if it comes from a file. As long as nothing changes, each reading
 * has the very same one.
 */
export type SourceObject = Pick<FileObject, "json"> &
  Partial<Pick<FileObject, "file" | "position" | "lineOf">> & {
    /** An API server has it too: nobody is to keep its `json`, which is made anew for whoever looks at it. */
    readonly isRemote?: boolean;
  };

/** A whole source at one moment. A folder's `Reading` is one. */
export interface SourceReading {
  /** False when something could not be read: nothing may act on it. */
  readonly complete: boolean;
  readonly objects: readonly SourceObject[];
  readonly problems: readonly FileProblem[];
}

/** What is different from the reading before: a changed object has gone in its old form, and come in its new one. */
export interface SourceChange {
  readonly gone: readonly SourceObject[];
  readonly come: readonly SourceObject[];
}
