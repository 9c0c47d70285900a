#!/usr/bin/env node
// Plain JavaScript on purpose: an old Node must be able to read this file and say what is wrong.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 14)) {
  process.stderr.write(`ap-verify needs Node 22.14 or newer, this is ${process.versions.node}; `
    + 'inside a checkout type: npx ap-verify (npm ci brings a Node of its own)\n');
  process.exit(4);
}
const { main } = await import('./main.ts');
process.exitCode = await main(process.argv.slice(2));
