// Measures DataScript in Node: `node datascript.mjs NPM-FOLDER FOLDER`.
//
// The folder has a plan and data, and a line goes out for each row; how time is taken and what is counted is the same for
// every engine (clock.rs). It is DataScript's JavaScript API, with its strings for keywords.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [npm, folder] = process.argv.slice(2);
const require = createRequire(join(resolve(npm), 'package.json'));
const d = require('datascript');
const { version } = require('datascript/package.json');
const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'));

const say = line => console.log(JSON.stringify(line));

const factsOf = dataset =>
  readFileSync(join(folder, plan.datasets[dataset].facts), 'utf8').trim().split('\n').map(line => JSON.parse(line));

const entityMaps = (schema, facts) => {
  const maps = new Map();
  for (const [e, a, v] of facts) {
    if (!maps.has(e)) maps.set(e, { ':db/id': String(e) });
    const map = maps.get(e);
    const value = schema[a]?.[':db/valueType'] === ':db.type/ref' ? String(v) : v;
    if (schema[a]?.[':db/cardinality'] === ':db.cardinality/many') (map[a] ??= []).push(value);
    else map[a] = value;
  }
  return [...maps.values()];
};

let now;
const dataset = name => {
  if (now?.name !== name) {
    const { schema } = plan.datasets[name];
    const facts = factsOf(name);
    now = { name, schema, facts, db: d.init_db(facts, schema) };
  }
  return now;
};

const size = db => d.datoms(db, ':eavt').length;

const mapsIn = x => {
  if (Array.isArray(x)) return x.reduce((n, item) => n + mapsIn(item), 0);
  return x !== null && typeof x === 'object' ? 1 + mapsIn(Object.values(x)) : 0;
};

const asMap = (entity, attributes) => {
  const map = {};
  for (const a of attributes) {
    const value = entity.get(a);
    if (value !== null && value !== undefined) map[a] = value;
  }
  map.follows = [...(entity.get('follows') ?? [])].map(followed => asMap(followed, attributes));
  return map;
};

const added = (empty, txs) => txs.reduce((db, tx) => d.db_with(db, tx), empty);

const findAll = find => () => {
  let found = 0;
  for (let id = 9000; id < 11000; id++) if (find(id) !== undefined) found++;
  return found;
};

// Each gives a function whose result tells how much came out.
const tasks = {
  ask: ({ query, inputs }, { db }) => () => d.q(query, db, ...inputs).length,
  pull: ({ pattern }, { db }) => () => mapsIn(d.pull(db, pattern, 1)),
  entities: ({ attributes }, { db }) => () => mapsIn(asMap(d.entity(db, ['id', 1]), attributes)),
  'find-datoms': (_, { db }) => findAll(id => d.datoms(db, ':eavt', id, 'full-name')[0]?.v),
  'find-datom': (_, { db }) => findAll(id => d.find_datom(db, ':eavt', id, 'full-name')?.v),
  'add-fact': (_, { schema, facts }) => {
    const txs = facts.map(([e, a, v]) => [[':db/add', e, a, v]]);
    return () => size(added(d.empty_db(schema), txs));
  },
  'add-entity': (_, { schema, facts }) => {
    const txs = entityMaps(schema, facts).map(map => [map]);
    return () => size(added(d.empty_db(schema), txs));
  },
  'add-all': (_, { schema, facts }) => {
    const tx = entityMaps(schema, facts);
    return () => size(added(d.empty_db(schema), [tx]));
  },
  init: (_, { schema, facts }) => () => size(d.init_db(facts, schema)),
  retract: (_, { db, facts }) => {
    const ids = [...new Set(facts.map(([e]) => e))];
    const txs = ids.map((_, i) => [[':db.fn/retractEntity', ids[(i * 7919) % ids.length]]]);
    return () => size(added(db, txs));
  },
  freeze: (_, { db }) => () => Math.min(1, JSON.stringify(d.serializable(db)).length),
  thaw: (_, { db }) => {
    const text = JSON.stringify(d.serializable(db));
    return () => size(d.from_serializable(JSON.parse(text)));
  },
};

// What takes so long is not waited for any longer.
const longMs = 20000;

// How long this process has run, whatever else the machine has to do.
const ownMs = () => process.cpuUsage().user / 1000;

// Warms up as DataScript's own benchmark does, for two seconds and ten runs: the first runs are interpreted.
const median = run => {
  const start = performance.now(), ownStart = ownMs();
  const since = from => performance.now() - from;
  const count = run();
  for (let runs = 1; since(start) < longMs; runs++) {
    if (runs >= 10 && ownMs() - ownStart >= Math.max(2000, plan['warmup-ms'])) break;
    run();
  }
  const times = [];
  const begin = performance.now();
  const isEnough = () => times.length >= plan['least-runs'] && since(begin) >= plan['measure-ms'];
  while (times.length === 0 || (since(begin) <= longMs && !isEnough())) {
    const before = performance.now();
    run();
    times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  return { ms: times[times.length >> 1], count };
};

say({ engine: 'DataScript', version, runtime: `Node ${process.version}` });
for (const row of plan.rows) {
  try {
    say({ row: row.name, ...median(tasks[row.task](row, dataset(row.dataset))) });
  } catch (error) {
    say({ row: row.name, skipped: String(error.message).slice(0, 200) });
  }
}
