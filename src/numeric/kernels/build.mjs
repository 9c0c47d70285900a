// Compiles the AssemblyScript kernels into kernels.wasm and the data module kernelsWasm.ts (the same bytes
// in base64, so that the pure room needs no file system). `--check` writes nothing and fails on a difference.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';

const here = path => fileURLToPath(new URL(path, import.meta.url));
const flags = ['-O3', '--enable', 'simd', '--runtime', 'stub', '--noAssert', '--use', 'abort=', '--initialMemory', '2'];

/** The compiled module and the text of the data module that carries it. */
export async function buildKernels() {
  let binary = null;
  const { error, stderr } = await main(['index.ts', '--baseDir', here('./as'), '-o', 'kernels.wasm', ...flags], {
    writeFile: (_name, contents) => { binary = contents; },
  });
  if (error !== null || binary === null) throw new Error(`AssemblyScript: ${String(stderr)}`, { cause: error });
  const base64 = Buffer.from(binary).toString('base64').match(/.{1,100}/g) ?? [];
  const text = '/** Data module: kernels.wasm in base64, written by build.mjs from as/*.ts. */\n'
    + `export const KERNELS_WASM_BASE64 = [\n${base64.map(line => `  '${line}',\n`).join('')}].join('');\n`;
  return { binary, text };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { binary, text } = await buildKernels();
  if (process.argv.includes('--check')) {
    if (readFileSync(here('./kernelsWasm.ts'), 'utf8') !== text) throw new Error('kernelsWasm.ts is not what as/*.ts compiles to');
  } else {
    writeFileSync(here('./kernels.wasm'), binary);
    writeFileSync(here('./kernelsWasm.ts'), text);
    process.stdout.write(`kernels.wasm ${binary.length} bytes\n`);
  }
}
