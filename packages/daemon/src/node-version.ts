// Ends the process on a Node that is too old. Imported first by every main.ts, before modules that such a Node cannot
// even load; so it imports nothing, and uses no syntax or function that is new.

const NEEDED: readonly [number, number] = [22, 18];

assertNodeVersion();

function assertNodeVersion(): void {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return;
  process.stderr.write(
    `Herald needs Node ${NEEDED.join(".")} or later, this is ${process.versions.node} (${process.execPath})\n`,
  );
  process.exit(2);
}

export {};
