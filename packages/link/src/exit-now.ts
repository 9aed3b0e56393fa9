import { native } from "./native.ts";

/**
 * Ends the process at once, without waiting for any of its threads. Where the addon is missing, as `process.exit` does.
 *
 * `process.exit` joins V8's threads, and one that compiles in the background may wait for a garbage collection that the
 * main thread, which waits for it, never makes: about one end in ten hung with a small heap (Node 24.21). Nothing that
 * was written asynchronously is waited for either.
 */
export function exitNow(code: number): never {
  process.emit("exit", code);
  try {
    return native().exit(code);
  } catch {
    process.exit(code);
  }
}
