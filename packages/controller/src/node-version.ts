// Without imports, and imported first: what comes after may not even load on an old Node.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `herald-controller needs Node 22.18 or later; this is ${process.versions.node} (${process.execPath}).\n`,
  );
  process.exit(2);
}

export {};
