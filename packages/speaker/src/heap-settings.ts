// Keeps the heaps of both threads small. Imported early by main.ts, before anything that allocates; so it imports
// nothing of ours. Measured: 20 MB less after the start, 40 MB less after ten thousand addresses came at once, for a
// tenth more CPU time at 50,000 requests a second.
import { setFlagsFromString } from "node:v8";

for (const flag of ["--max-semi-space-size=2", "--optimize-for-size", "--heap-growing-percent=20"]) {
  setFlagsFromString(flag);
}
