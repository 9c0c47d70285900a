/** Tables of the history and what an older file needs to become one of today. */

/** Marks the file as ours (`PRAGMA application_id`): 'apvh'. */
export const APPLICATION = 0x61707668;
export const VERSION = 2;

const TRIGGERS = ['run', 'measurement', 'verdict'].flatMap(table => ['UPDATE', 'DELETE'].map(word => ({
  name: `${table}_no_${word}`,
  create: `CREATE TRIGGER ${table}_no_${word} BEFORE ${word} ON ${table} BEGIN SELECT RAISE(ABORT, 'the history is append-only'); END;`,
})));
export const ADD_TRIGGERS = TRIGGERS.map(({ create }) => create).join('\n');
export const DROP_TRIGGERS = TRIGGERS.map(({ name }) => `DROP TRIGGER IF EXISTS ${name};`).join('\n');

const VERDICT = `CREATE TABLE verdict (run INTEGER NOT NULL REFERENCES run (id), position INTEGER NOT NULL, specification TEXT NOT NULL,
  keys TEXT NOT NULL, severity TEXT NOT NULL, status TEXT NOT NULL, margin REAL, bound TEXT NOT NULL, reason TEXT NOT NULL,
  PRIMARY KEY (run, position)) WITHOUT ROWID;
CREATE INDEX verdict_specification ON verdict (specification, run);`;
const MARK = `PRAGMA application_id = ${APPLICATION};
PRAGMA user_version = ${VERSION};`;

/** `scope`: runs of one scope (dataset, pipeline, data query) may be compared. `result_gz` is null where retention has dropped it. */
export const TABLES = `
CREATE TABLE run (id INTEGER PRIMARY KEY, collection TEXT NOT NULL, started TEXT NOT NULL, dataset TEXT NOT NULL,
  datasetVersion TEXT NOT NULL, pipeline TEXT NOT NULL, configHash TEXT NOT NULL, revision TEXT, exitCode INTEGER NOT NULL,
  sentence TEXT NOT NULL, result_gz BLOB, scope TEXT NOT NULL, host TEXT, fingerprint TEXT, provenance TEXT NOT NULL,
  UNIQUE (collection, started));
CREATE INDEX run_started ON run (started);
CREATE INDEX run_scope ON run (scope, started);
CREATE TABLE measurement (run INTEGER NOT NULL REFERENCES run (id), position INTEGER NOT NULL, metric TEXT NOT NULL,
  keys TEXT NOT NULL, status TEXT NOT NULL, value REAL, low REAL, high REAL, n INTEGER, unit TEXT NOT NULL,
  definitionHash TEXT NOT NULL, PRIMARY KEY (run, position)) WITHOUT ROWID;
CREATE INDEX measurement_metric ON measurement (metric, run);
${VERDICT}
${ADD_TRIGGERS}
${MARK}`;

/** Version 1 had no scope, host, provenance or verdicts; what it kept stays, and counts as a run without a data query. */
export const FROM_1 = `
${DROP_TRIGGERS}
CREATE TABLE run_2 (id INTEGER PRIMARY KEY, collection TEXT NOT NULL, started TEXT NOT NULL, dataset TEXT NOT NULL,
  datasetVersion TEXT NOT NULL, pipeline TEXT NOT NULL, configHash TEXT NOT NULL, revision TEXT, exitCode INTEGER NOT NULL,
  sentence TEXT NOT NULL, result_gz BLOB, scope TEXT NOT NULL, host TEXT, fingerprint TEXT, provenance TEXT NOT NULL,
  UNIQUE (collection, started));
INSERT INTO run_2 SELECT id, collection, started, dataset, datasetVersion, pipeline, configHash, revision, exitCode, sentence, result_gz,
  json_array(dataset, pipeline, NULL), NULL, NULL, '{}' FROM run;
DROP TABLE run;
ALTER TABLE run_2 RENAME TO run;
CREATE INDEX run_started ON run (started);
CREATE INDEX run_scope ON run (scope, started);
${VERDICT}
${ADD_TRIGGERS}
${MARK}`;
