/** A JSON object found in a file. As long as the file does not change, each reading has the very same one. */
export interface FileObject {
  /** Path relative to the folder, with `/`. */
  readonly file: string;
  /** Which document in the file, from 0. Objects of one `List` share it. */
  readonly document: number;
  /** Which object in the file, from 0. */
  readonly position: number;
  /** Line of the object's first field, from 1. */
  readonly line: number;
  readonly json: unknown;
  /** The line of a field, `spec.addresses[0]`; of what is nearest above it if there is no such field. */
  lineOf(path: string): number;
}

/** Something in the folder that could not be read. */
export interface FileProblem {
  /** Path relative to the folder; `.` for the folder itself. */
  readonly file: string;
  /** From 1; undefined if the file as a whole is meant. */
  readonly line?: number | undefined;
  readonly code: FileProblemCode;
  readonly message: string;
}

/** `unreadable`: the machine's fault, so nothing changes; the others are the file's own. */
export type FileProblemCode = "unreadable" | "syntax" | "notAnObject" | "emptied" | "corrupt";

/** The whole folder at one moment. */
export interface Reading {
  /**
   * False when something could not be read: `objects` are then those of the last complete reading, none if there was
   * none. Nothing may act on it.
   */
  readonly complete: boolean;
  /** In the order of path and position. A broken file contributes what it last contained. */
  readonly objects: readonly FileObject[];
  readonly problems: readonly FileProblem[];
}
