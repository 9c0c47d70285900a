/** `ap-verify dataset list | describe | verify`. */
import type { Command } from 'commander';
import { listPackages, openPackage, verifyPackage } from '../../harness/datasetPackage.ts';
import { packagePath } from '../installation.ts';

/** Adds the `dataset` commands to the program. */
export function addDatasetCommand(program: Command): void {
  const dataset = program.command('dataset').description('dataset packages: the data that a run starts from');

  dataset.command('list').description('names and titles of the packages at hand').action(() => {
    for (const name of listPackages(packagePath())) {
      const { manifest } = openPackage(name, packagePath());
      process.stdout.write(`${name.padEnd(20)} ${manifest.version.padEnd(8)} ${manifest.title}\n`);
    }
  });

  dataset.command('describe <dataset>').description('what a package holds').action((name: string) => {
    const { root, manifest } = openPackage(name, packagePath());
    const roles = new Map<string, { n: number; bytes: number }>();
    for (const file of manifest.files) {
      const sum = roles.get(file.role) ?? { n: 0, bytes: 0 };
      roles.set(file.role, { n: sum.n + 1, bytes: sum.bytes + file.bytes });
    }
    const lines = [
      `${manifest.name} ${manifest.version}: ${manifest.title}`, manifest.description.trim(), '',
      `folder      ${root}`, `licence     ${manifest.licence}`, `instrument  ${manifest.instrument}`,
      `bands       ${manifest.bands.join(', ')}`, `pipeline    ${manifest.pipeline}`,
      `truth       ${manifest.hasTruth ? 'yes' : 'no'}`,
      ...(manifest.generator ? [`generator   ${manifest.generator.name}, seed ${manifest.generator.seed}`] : []),
      ...[...roles].map(([role, sum]) => `${role.padEnd(11)} ${sum.n} files, ${(sum.bytes / 1e6).toFixed(2)} MB`),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
  });

  dataset.command('verify <dataset>').description('check size and sha256 of every file').action(async (name: string) => {
    const opened = openPackage(name, packagePath());
    if (opened.manifest.generator !== undefined) {
      process.stdout.write(`${opened.manifest.name}: made from seed ${opened.manifest.generator.seed} when it is run; no files to verify here\n`);
      return;
    }
    await verifyPackage(opened);
    process.stdout.write(`${opened.manifest.name}: ${opened.manifest.files.length} files agree with the manifest\n`);
  });
}
