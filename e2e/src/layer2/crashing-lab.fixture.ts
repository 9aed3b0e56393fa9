// Sets a lab up with a process in it, says so, and waits to be killed. Run by lab.test.ts.
import { createLab } from "@heraldlb/lab";

const lab = await createLab({ name: process.argv[2] ?? "", nodes: 1 });
await lab.serve();
process.stdout.write(`${lab.backend(lab.host("node1")).id.pid}\n`);
process.stdin.resume();
