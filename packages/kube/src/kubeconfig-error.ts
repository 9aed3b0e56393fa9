/** Credentials cannot be used as they are; the message is one line that names the file and what is wrong with it. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}
