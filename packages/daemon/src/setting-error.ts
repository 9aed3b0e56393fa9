/** A flag, variable or file that the operator has to correct. Ends a process with exit code 2 and its message. */
export class SettingError extends Error {
  override readonly name = "SettingError";
}

/** Something that keeps a process from going on. Ends it with exit code 1 and its message; no stack is shown. */
export class FatalError extends Error {
  override readonly name = "FatalError";
}
