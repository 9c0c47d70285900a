import { expect } from 'chai';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockWorkspace, openWorkspace, writeFileAtomic } from '../../src/harness/workspace.ts';
import type { Workspace } from '../../src/harness/workspace.ts';
import { ApError } from '../../src/model/errors.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'workspace-'));
let nWorkspaces = 0;
const newOne = (): Workspace => openWorkspace(path.join(directory, 'deep', `w${nWorkspaces++}`));
const alive = (): boolean => true;
const dead = (): boolean => false;

describe('harness/workspace', () => {
  after(() => { rmSync(directory, { recursive: true }); });

  it('is made with its parents, and all its paths lie inside and apart', () => {
    const workspace = newOne();
    expect(existsSync(workspace.root)).to.equal(true);
    const { root, repository, generatedPackage, result, junit, report, alerts } = workspace;
    const paths = [repository, generatedPackage, result, junit, report, alerts, workspace.apdb('a'), workspace.apdb('b')];
    expect(new Set(paths).size).to.equal(paths.length);
    for (const file of paths) expect(path.relative(root, file)).not.to.match(/^\.\.|^$/);
    expect(openWorkspace(root)).to.have.property('root', root);
  });

  it('a file in the way is told', () => {
    const file = path.join(directory, 'a-file');
    writeFileSync(file, '');
    for (const name of [file, path.join(file, 'below')]) {
      expect(() => openWorkspace(name)).to.throw(ApError, 'a folder that can be written').with.property('code', 'BAD_CONFIG');
    }
  });

  it('writes files whole: folders made, bytes kept, no temporary left, an older one replaced', () => {
    const file = path.join(newOne().root, 'a', 'b.json');
    writeFileAtomic(file, 'größe');
    expect(readFileSync(file, 'utf8')).to.equal('größe');
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    writeFileAtomic(file, bytes);
    expect(new Uint8Array(readFileSync(file))).to.deep.equal(bytes);
    writeFileAtomic(file, '');
    expect(readFileSync(file)).to.have.length(0);
    expect(readdirSync(path.dirname(file))).to.deep.equal(['b.json']);
  });

  it('is locked for others until it is given back', () => {
    const workspace = newOne();
    const release = lockWorkspace(workspace, 100, alive);
    expect(() => lockWorkspace(workspace, 200, alive)).to.throw(ApError, 'process 100').with.property('code', 'REPOSITORY_BUSY');
    expect(readFileSync(path.join(workspace.root, 'run.lock'), 'utf8'), 'the owner stays').to.equal('100');
    release();
    expect(readdirSync(workspace.root)).to.deep.equal([]);
    lockWorkspace(workspace, 200, alive)();
    release();
    expect(readdirSync(workspace.root), 'giving back twice does no harm').to.deep.equal([]);
  });

  it('a lock of a process that is gone, or that names none, is taken over', () => {
    for (const content of ['100', '', 'text', '-5', '0']) {
      const workspace = newOne();
      const file = path.join(workspace.root, 'run.lock');
      writeFileSync(file, content);
      const release = lockWorkspace(workspace, 200, content === '100' ? dead : alive);
      expect(readFileSync(file, 'utf8')).to.equal('200');
      expect(readdirSync(workspace.root)).to.deep.equal(['run.lock']);
      release();
    }
  });

  it('an identifier that the system has given again is not a run of its own', () => {
    const workspace = newOne();
    writeFileSync(path.join(workspace.root, 'run.lock'), '100');
    lockWorkspace(workspace, 100, alive)();
    expect(readdirSync(workspace.root)).to.deep.equal([]);
  });

  it('a workspace that is gone is an error, not a lock', () => {
    const workspace = newOne();
    writeFileSync(path.join(directory, 'blocked'), '');
    expect(() => lockWorkspace({ ...workspace, root: path.join(directory, 'blocked') }, 1, alive)).to.throw();
  });
});
