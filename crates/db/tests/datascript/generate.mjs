// Random transactions, run through DataScript itself: one EDN map a line with what came out of each.
// usage: npm install datascript@1.8.1 && node generate.mjs > transactions.edn
import d from 'datascript';

let seed = Number(process.argv[2] ?? 1);
const random = () => {
  seed |= 0; seed = seed + 0x6D2B79F5 | 0;
  let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
  t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
  return ((t ^ t >>> 14) >>> 0) / 4294967296;
};
const below = n => Math.floor(random() * n);
const pick = items => items[below(items.length)];

const schemas = [
  {},
  { name: { ':db/unique': ':db.unique/identity' }, email: { ':db/unique': ':db.unique/value' } },
  {
    name: { ':db/unique': ':db.unique/identity' },
    nick: { ':db/unique': ':db.unique/identity', ':db/cardinality': ':db.cardinality/many' },
    friend: { ':db/valueType': ':db.type/ref', ':db/cardinality': ':db.cardinality/many' },
    boss: { ':db/valueType': ':db.type/ref' },
    part: { ':db/valueType': ':db.type/ref', ':db/isComponent': true, ':db/cardinality': ':db.cardinality/many' },
    aka: { ':db/cardinality': ':db.cardinality/many' },
  },
  {
    'a+b': { ':db/tupleAttrs': ['a', 'b'], ':db/unique': ':db.unique/identity' },
    'a+c': { ':db/tupleAttrs': ['a', 'c'], ':db/unique': ':db.unique/value' },
    name: { ':db/unique': ':db.unique/identity' },
    boss: { ':db/valueType': ':db.type/ref' },
  },
];
const attributes = [
  ['name', 'age', 'aka'],
  ['name', 'email', 'age'],
  ['name', 'nick', 'friend', 'boss', 'part', 'aka', 'age'],
  ['a', 'b', 'c', 'name', 'boss'],
];

const isRef = (s, a) => schemas[s][a]?.[':db/valueType'] === ':db.type/ref';
const isMany = (s, a) => schemas[s][a]?.[':db/cardinality'] === ':db.cardinality/many';
// One type an attribute: DataScript in JavaScript does not order numbers among strings reliably.
const plain = a => a === 'age' ? 1 + below(3) : pick(['u', 'u', 'v', 'w', 'x']);
let named = false;
const tempid = () => pick(named ? ['one', 'two', 'three'] : [-1, -2, -3]);
const lookup = s => s >= 1 && random() < 0.6 ? ['name', pick(['u', 'v'])] : 1 + below(4);
const entity = s => {
  const n = random();
  return n < 0.35 ? 1 + below(5) : n < 0.75 ? tempid() : n < 0.95 ? lookup(s) : pick([':db/current-tx', 'datomic.tx']);
};
const value = (s, a, depth) => {
  if (!isRef(s, a)) return plain(a);
  const n = random();
  if (n >= 0.25 || depth === 0) return entity(s);
  // A nested map loses what it says itself about the attribute it is nested under: left out.
  const nested = map(s, depth - 1);
  delete nested[a];
  delete nested['_' + a];
  return nested;
};
function map(s, depth) {
  const out = {};
  if (random() < 0.55) out[':db/id'] = entity(s);
  for (let n = 1 + below(3); n > 0; n--) {
    let a = pick(attributes[s]);
    const several = isMany(s, a) && random() < 0.5;
    const reverse = isRef(s, a) && random() < 0.2;
    const v = several ? [value(s, a, depth), value(s, a, depth)] : value(s, a, depth);
    out[reverse ? '_' + a : a] = v;
  }
  return out;
}
const vector = s => {
  const a = pick(attributes[s]);
  const n = random();
  if (n < 0.55) return [':db/add', entity(s), a, value(s, a, 0)];
  const known = random() < 0.7 ? 1 + below(5) : random() < 0.9 ? lookup(s) : tempid();
  if (n < 0.7) return [':db/retract', known, a, isRef(s, a) ? 1 + below(5) : plain(a)];
  if (n < 0.75) return [':db/retract', known, a];
  if (n < 0.8) return [':db.fn/retractAttribute', known, a];
  if (n < 0.9) return [':db.fn/retractEntity', known];
  return [':db.fn/cas', known, a, isRef(s, a) ? 1 + below(5) : plain(a), isRef(s, a) ? 1 + below(5) : plain(a)];
};

const edn = x => {
  if (x === null || x === undefined) return 'nil';
  if (Array.isArray(x)) return '[' + x.map(edn).join(' ') + ']';
  if (x.raw) return x.raw;
  if (typeof x === 'object') return '{' + Object.entries(x).map(([k, v]) => edn(k) + ' ' + edn(v)).join(', ') + '}';
  if (typeof x === 'string') return x.startsWith(':') ? x : JSON.stringify(x);
  return String(x);
};

const raw = text => ({ raw: text });
const plainDatoms = datoms => datoms.map(x => [x.e, x.a, typeof x.v === 'object' ? raw(String(x.v)) : x.v, x.tx]);
const schemasOut = '[' + schemas.map(edn).join('\n  ') + ']';
console.log('{:schemas ' + schemasOut + '}');
for (let i = 0; i < Number(process.argv[3] ?? 400); i++) {
  const s = below(schemas.length);
  const conn = d.conn_from_db(d.empty_db(schemas[s]));
  const steps = [];
  for (let t = 1 + below(5); t > 0; t--) {
    named = random() < 0.3;
    const tx = [];
    for (let n = 1 + below(3); n > 0; n--) tx.push(random() < 0.5 ? map(s, 2) : vector(s));
    let outcome;
    try {
      const report = d.transact(conn, tx);
      
      const ids = Object.entries(report.tempids).map(([k, v]) => [k, v]);
      outcome = `:datoms ${edn(plainDatoms(d.datoms(d.db(conn), ':eavt')))}, :tempids ${edn(Object.fromEntries(ids.map(([k, v]) => [k.startsWith(':') ? '"' + k + '"' : k, v]))).replaceAll('\\"', '')}, :changes ${new Set(report.tx_data.map(x => [x.e, x.a, String(x.v), x.tx].join(' '))).size}`;
    } catch (e) {
      outcome = `:error ${JSON.stringify(e.message)}`;
    }
    steps.push(`{:tx ${edn(tx)}, ${outcome}}`);
  }
  console.log(`{:schema ${s}, :steps [${steps.join('\n  ')}]}`);
}
