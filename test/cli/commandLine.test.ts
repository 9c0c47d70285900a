/** Bad input on the command line: one clear message and the documented exit code. */
import { expect } from 'chai';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { apVerify, temporaryFolder } from '../e2e/apVerify.ts';

describe('command line', () => {
  const folder = temporaryFolder();
  const at = (...parts: string[]): string => path.join(folder(), ...parts);

  const cases: readonly (readonly [string, () => string[], number, RegExp])[] = [
    ['an unknown command', () => ['rum'], 64, /unknown command 'rum'/],
    ['an unknown option', () => ['run', 'sim-small', '--frob'], 64, /unknown option '--frob'/],
    ['no dataset', () => ['run'], 64, /missing required argument 'dataset'/],
    ['-j 0', () => ['run', 'sim-small', '-j', '0'], 64, /integer of at least 1/],
    ['an unknown dataset', () => ['run', 'no-such', '-o', at('a')], 4, /found: no-such; expected: .*sim-small/],
    ['a query with a mistake', () => ['run', 'sim-small', '-o', at('b'), '-d', 'visit in (1..4'], 4, /query expression is not valid/],
    ['a baseline that is not there', () => ['run', 'sim-small', '-o', at('c'), '--baseline', at('none.json')], 4, /none\.json/],
    ['a baseline that is none', () => ['run', 'sim-small', '-o', at('d'), '--baseline', written('odd.json', '{"a": 1}')], 4, /ap-verify-result\/1/],
    ['a workspace that cannot be one', () => ['run', 'sim-small', '-o', path.join(written('file', ''), 'inside')], 4, /folder that can be written/],
    ['report without a run', () => ['report', at('nothing')], 4, /workspace of a run/],
    ['report of an empty folder', () => ['report', emptyFolder('empty')], 4, /result\.json/],
    ['a repository that is none', () => ['butler', 'query-collections', emptyFolder('no-repo')], 4, /repository/],
    ['pipetask without a repository', () => ['pipetask', 'run', '-p', 'ApPipe'], 64, /--butler-config/],
    ['pipetask on a repository that is none', () => ['pipetask', 'run', '-b', emptyFolder('none'), '-p', 'ApPipe'], 4, /repository/],
    ['pipetask with half a second worker', () => ['pipetask', 'run', '-b', 'x', '-p', 'ApPipe', '-j', '1.5'], 64, /integer of at least 1/],
    ['ap-pipe without a data ID', () => ['ap-pipe', emptyFolder('none')], 64, /--id/],
    ['a time limit below zero', () => ['run', 'sim-small', '--timeout', '-1'], 64, /a number above 0/],
    ['alerts of a file that is none', () => ['alerts', 'show', written('odd.avro', 'not Avro')], 4, /odd|Avro|format/],
  ];
  const written = (name: string, text: string): string => {
    writeFileSync(at(name), text);
    return at(name);
  };
  const emptyFolder = (name: string): string => {
    mkdirSync(at(name), { recursive: true });
    return at(name);
  };

  for (const [name, args, code, message] of cases) {
    it(`${name}: exit code ${code}`, async () => {
      const ended = await apVerify(args());
      expect(ended.stderr).to.match(message);
      expect(ended.code).to.equal(code);
      expect(ended.stderr).to.not.match(/\n\s+at /);
    });
  }

  it('help and version end with 0', async () => {
    const help = await apVerify(['--help']);
    expect(help.code).to.equal(0);
    for (const word of ['run', 'report', 'measure', 'pipetask', 'ap-pipe', 'dataset', 'butler', 'alerts', 'Exit codes']) expect(help.stdout).to.include(word);
    const version = await apVerify(['--version']);
    expect(version).to.deep.include({ code: 0 });
    expect(version.stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});
