// Databases as DataScript itself serializes them, one JSON text a line; or, given such texts on standard input,
// what DataScript makes of each: its datoms and whether it serializes the same again.
// usage: npm install datascript@1.8.1 && node serialize.mjs > serialized.jsonl
//        node serialize.mjs --read < texts
import d from 'datascript';
import { readFileSync } from 'node:fs';

const many = { ':db/cardinality': ':db.cardinality/many' };
const ref = { ':db/valueType': ':db.type/ref' };
const schema = {
  name: {}, aka: many, age: { ':db/index': true }, follows: ref, email: { ':db/unique': ':db.unique/identity' },
  avatar: { ...ref, ':db/isComponent': true }, attach: {}, 'a+b': { ':db/tupleAttrs': ['a', 'b'] }, last: {},
};
const add = facts => facts.map(([e, a, v]) => [':db/add', e, a, v]);
const databases = [
  [{}, []],
  [schema, []],
  [schema, [add([
    [1, 'name', 'Petr'], [1, 'aka', 'Devil'], [1, 'aka', 'Tupen'], [1, 'age', 15], [1, 'follows', 2],
    [1, 'email', 'petr@gmail.com'], [1, 'avatar', 10], [10, 'url', 'http://'], [1, 'attach', { 'some-key': 'some-value' }],
    [2, 'name', 'Oleg'], [2, 'age', 30], [2, 'email', 'oleg@gmail.com'], [2, 'attach', ['just', 'values']],
    [3, 'name', 'Ivan'], [3, 'age', 15], [3, 'follows', 2], [3, 'attach', { another: [1.5, null, true] }],
    [3, 'avatar', 30], [5, 'inf', Infinity], [5, '-inf', -Infinity], [30, 'url', 'https://'],
  ]), [[':db/retract', 1, 'age', 15]], add([[536870912, 'txInstant', 0xdeadbeef]])]],
  [schema, [add([[1, 'a', 'x'], [1, 'b', 'y'], [2, 'a', 1], [3, 'follows', 77]])]],
  [{}, [add([
    [1, 'nan', NaN], [1, 'yes', true], [1, 'no', false], [1, 'half', -0.5], [1, 'big', 9007199254740991], [1, 'small', -12],
    [1, 'text', 'a"b\\c/\n\r\t\b\f\u0001\u001f\u007f é 漢 🦀'], [1, 'empty', ''], [1, 'at', new Date(1e12)], [2, 'é', ':kw?'],
  ])]],
];

const line = db => JSON.stringify(d.serializable(db));
if (process.argv[2] === '--read') {
  for (const text of readFileSync(0, 'utf8').trim().split('\n')) {
    const db = d.from_serializable(JSON.parse(text));
    const datoms = d.datoms(db, ':eavt').map(x => [x.e, x.a, x.v, x.tx]);
    console.log(JSON.stringify({ datoms, same: line(db) === text, avet: d.datoms(db, ':avet').length }));
  }
} else {
  for (const [schema, transactions] of databases) {
    console.log(line(transactions.reduce((db, tx) => d.db_with(db, tx), d.empty_db(schema))));
  }
}
