/** Run in a process of its own: stores a visit and is killed when its forced sources are read, inside the transaction. */
import { openApdb } from '../../src/apdb/openApdb.ts';
import { forcedOf, objectsOf, sourcesOf, visitOf } from './rows.ts';

const visit = visitOf(2);
const forced = forcedOf(visit, [{ diaForcedSourceId: 5n, diaObjectId: 1n }]);
const deadly = new Proxy(forced.columns, {
  get: () => process.kill(process.pid, 'SIGKILL'),
});
const apdb = openApdb(process.argv[2]!);
apdb.store(visit, objectsOf([{ diaObjectId: 1n, nDiaSources: 2 }]), sourcesOf(visit, [{ diaSourceId: 12n, diaObjectId: 1n }]),
  { nRows: 1, columns: deadly });
