// What nobody should do, and what comes of it.
'use strict';
const d = require('./release-js/datascript.js');
const { all, made, people, thrown, because } = require('./tools.js');

const TOO_DEEP = 'Values can nest 512 deep, this one nests deeper or contains itself';
const NESTED = 'Calls can nest 64 deep: a function that calls itself through the database?';
const NO_STACK = 'Maximum call stack size exceeded';

const nested = depth => {
  let x = [];
  for (let i = 0; i < depth; i++) x = [x];
  return x;
};
const circular = () => {
  const x = [];
  x.push(x);
  return x;
};
const apply = '[:find ?x . :in ?f ?y :where [(?f ?y) ?x]]';

module.exports = [
  { name: 'a value that is deep', run: () => JSON.stringify(d.q(apply, () => 1, nested(400))), gives: '1' },
  {
    name: 'a value that is too deep',
    run: () => d.q(apply, () => 1, nested(600)),
    gives: 1,
    here: { fails: TOO_DEEP },
    because: 'what nests without bound would run out of stack',
  },
  {
    name: 'a value that contains itself',
    run: () => d.q(apply, () => 1, circular()),
    gives: 1,
    here: { fails: TOO_DEEP },
    because: because.data,
  },
  {
    name: 'a schema that contains itself',
    run: () => d.empty_db({ a: circular() }),
    fails: NO_STACK,
    here: { fails: TOO_DEEP },
    because: because.ownWords,
  },
  {
    name: 'a function that gives what contains itself',
    run: () => d.q(apply, circular, 1).length,
    gives: 1,
    here: { fails: TOO_DEEP },
    because: because.data,
  },
  {
    name: 'a function that throws what contains itself',
    run: () => {
      const x = { a: 1 };
      x.x = x;
      return (
        thrown(() =>
          d.q(
            apply,
            () => {
              throw x;
            },
            1,
          ),
        ) === x
      );
    },
    gives: true,
  },
  {
    name: 'functions that throw nothing',
    run: () =>
      [null, undefined].map(
        nothing =>
          thrown(() =>
            d.q(
              apply,
              () => {
                throw nothing;
              },
              1,
            ),
          ) === nothing,
      ),
    gives: [true, true],
  },
  {
    name: 'a function that catches what the database refuses',
    run: () => d.q(apply, () => thrown(() => d.q('[:find')) instanceof Error, 1),
    gives: true,
  },
  {
    name: 'a function that catches what another one throws',
    run: () =>
      d.q(
        apply,
        y => {
          try {
            d.q(
              apply,
              () => {
                throw 1;
              },
              y,
            );
          } catch (error) {
            return error + y;
          }
        },
        1,
      ),
    gives: 2,
  },
  {
    name: 'a query that asks itself',
    run: () => {
      const ask = () => d.q(apply, ask, 1);
      return ask();
    },
    fails: NO_STACK,
    here: { fails: NESTED },
    because: because.ownWords,
  },
  {
    name: 'a filter that asks itself',
    run: () => {
      const db = d.filter(people(), () => all(db).length > 0);
      return all(db);
    },
    fails: NO_STACK,
    here: { fails: NESTED },
    because: because.ownWords,
  },
  {
    name: 'a filter that asks the entity that is being read',
    run: () => {
      let e;
      const db = d.filter(people(), (_, x) => e === undefined || x.a === 'age' || e.get('age') === 15);
      e = d.entity(db, 1);
      return [e.get('name'), [...d.touch(e).keys()]];
    },
    gives: ['Ivan', ['age', 'aka', 'child', 'email', 'friend', 'name']],
  },
  {
    name: 'a listener that transacts without end',
    run: () => {
      const conn = d.create_conn();
      d.listen(conn, () => d.transact(conn, [{ a: 1 }]));
      d.transact(conn, [{ a: 1 }]);
    },
    fails: NO_STACK,
    here: { fails: NESTED },
    because: because.ownWords,
  },
  {
    name: 'a getter that throws',
    run: () =>
      made({
        get a() {
          throw new Error('no');
        },
      }),
    fails: 'no',
  },
  {
    name: 'a hundred thousand values',
    run: () =>
      d.q(
        '[:find (count ?x) . :in [?x ...]]',
        Array.from({ length: 100000 }, (_, i) => i),
      ),
    gives: 100000,
  },
  {
    name: 'ten thousand entities',
    run: () =>
      d.datoms(
        d.db_with(
          d.empty_db(),
          Array.from({ length: 10000 }, (_, i) => ({ a: i, b: String(i) })),
        ),
        ':eavt',
      ).length,
    gives: 20000,
  },
  {
    name: 'a text of a million characters',
    run: () => d.q('[:find ?x . :in ?x]', 'x'.repeat(1e6)).length,
    gives: 1000000,
  },
  { name: 'an array with holes', run: () => d.q('[:find (count ?x) . :in [?x ...]]', [1, , 3]), gives: 3 },
  {
    name: 'half of a surrogate pair',
    run: () => d.q('[:find ?x . :in ?x]', 'a\ud800'),
    gives: 'a\ud800',
    here: { gives: 'a\ufffd' },
    because: 'texts are Unicode: half a pair is replaced',
  },
  {
    name: 'names of what objects have',
    run: () => Object.keys(d.pull(people(), '[("name" :as "__proto__") ("age" :as "toString")]', 1)),
    gives: ['toString'],
    here: { gives: ['toString', '__proto__'] },
    because: 'it is a property like any other',
  },
  {
    name: 'numbers that are none as ids',
    run: () => [NaN, -0, -1].map(id => thrown(() => d.entity(people(), id)).message),
    gives: ['##NaN', '0', '-1'].map(id => `Expected number or lookup ref for entity id, got ${id}`),
  },
  {
    name: 'an invalid date',
    run: () => made([':db/add', 1, 'a', new Date(NaN)]).length,
    gives: 1,
    here: { fails: 'Invalid Date cannot be a value' },
    because: 'it is no moment, and has no order',
  },
];
