/** A folder that cannot serve: it is missing, no folder, or cannot be written. The message says which and what to do. */
export class FolderError extends Error {
  override readonly name = "FolderError";
  readonly code: "missing" | "notAFolder" | "unreadable" | "notWritable";

  constructor(code: FolderError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
