import { attempt } from "./native.ts";

/**
 * Gives back memory that the process, with all its threads, need not have resident, in a few milliseconds.
 *
 * That is what is free in the C heap, which glibc keeps below anything that is in use, and the program text, most of
 * which only the start has run: the kernel maps again what is run again, from its page cache. Throws a `LinkError` if
 * the addon is missing.
 */
export function trimMemory(): void {
  attempt("trim the memory", (native) => native.trim());
}
