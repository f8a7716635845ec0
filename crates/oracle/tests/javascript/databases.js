'use strict';
const d = require('./release-js/datascript.js');
const { tx0, ref, indexed, unique, people, facts, all, thrown, datom, because } = require('./tools.js');

module.exports = [
  // ---- databases ----
  { name: 'empty_db has no datoms', run: () => [all(d.empty_db()), all(d.empty_db(null))], gives: [[], []] },
  {
    name: 'empty_db with a schema: strings with a colon are keywords in it, but for names',
    run: () => d.serializable(d.empty_db({ ':a/b': { ':db/index': true, ':db/doc': ':x', y: [':k', ''] } })).schema,
    gives: '{":a/b" {:db/index true, :db/doc :x, "y" [:k ""]}}',
  },
  {
    name: 'empty_db of a schema that is none',
    run: () => d.empty_db({ a: { ':db/valueType': ':x' } }),
    fails: 'Bad attribute specification for {"a" {:db/valueType :x}}, expected one of #{:db.type/tuple :db.type/ref}',
    here: {
      fails: 'Bad attribute specification for {"a" {:db/valueType :x}}, expected one of #{:db.type/ref :db.type/tuple}',
    },
    because: 'sets print in the order of hashes',
  },
  {
    name: 'empty_db of a component that is no reference',
    run: () => d.empty_db({ a: { ':db/isComponent': true } }),
    fails: 'Bad attribute specification for "a": {:db/isComponent true} should also have {:db/valueType :db.type/ref}',
  },
  {
    name: 'empty_db of a number',
    run: () => d.empty_db(5),
    fails: 'No protocol method IKVReduce.-kv-reduce defined for type number: 5',
    here: { fails: 'Bad schema: expected a map from attributes to maps of properties, got 5' },
    because: because.ownWords,
  },
  {
    name: 'init_db of arrays and of objects',
    run: () =>
      [
        d.init_db([
          [1, 'a', 2],
          [1, 'b', 'x', tx0 + 5],
        ]),
        d.init_db([
          { e: 1, a: 'a', v: 2 },
          { e: 1, a: 'b', v: 'x', tx: tx0 + 5 },
        ]),
      ].map(db => d.datoms(db, ':eavt')),
    gives: [1, 2].map(() => [datom(1, 'a', 2, tx0), datom(1, 'b', 'x', tx0 + 5)]),
  },
  {
    name: 'init_db of datoms',
    run: () => all(d.init_db(d.datoms(people(), ':aevt', 'name'))),
    gives: [
      [1, 'name', 'Ivan'],
      [2, 'name', 'Petr'],
      [3, 'name', 'Oleg'],
      [4, 'name', 'Anna'],
    ],
  },
  {
    name: 'init_db with a schema',
    run: () => facts(d.datoms(d.init_db([[1, 'a', 2]], { a: indexed }), ':avet', 'a')),
    gives: [[1, 'a', 2]],
  },
  {
    name: 'init_db of what is no datom',
    run: () => d.init_db([null]),
    fails: "Cannot read properties of null (reading 'e')",
    here: { fails: 'Bad datom [nil], expected [e a v], [e a v tx] or [e a v tx added]' },
    because: because.ownWords,
  },
  {
    name: 'init_db without a value',
    run: () => all(d.init_db([[1, 'a', null]])),
    gives: [[1, 'a', null]],
    here: { fails: 'Bad datom [1 "a" nil], expected [e a v], [e a v tx] or [e a v tx added]' },
    because: because.saysSo,
  },
  {
    name: 'db_with leaves the database as it was',
    run: () => {
      const db = people();
      return [all(d.db_with(db, [{ name: 'X' }])).length, all(db).length];
    },
    gives: [13, 12],
  },
  {
    name: 'filter keeps what its predicate is true of, in the sense of Clojure',
    run: () => [false, null, undefined, 0, '', NaN].map(kept => all(d.filter(people(), () => kept)).length),
    gives: [0, 0, 0, 12, 12, 12],
  },
  {
    name: 'filter gives its predicate the database behind all filters',
    run: () => {
      const db = people();
      const once = d.filter(db, (seen, datom) => seen === db && datom.a === 'name');
      return all(d.filter(once, (seen, datom) => seen === db && d.entity(seen, datom.e).get('age') > 18));
    },
    gives: [[2, 'name', 'Petr']],
  },
  {
    name: 'filter that throws',
    run: () =>
      all(
        d.filter(people(), () => {
          throw new TypeError('no');
        }),
      ),
    fails: 'no',
  },
  {
    name: 'filter throws the very error',
    run: () => {
      const error = new Error('x');
      return (
        thrown(() =>
          d.q(
            '[:find ?e :where [?e]]',
            d.filter(people(), () => {
              throw error;
            }),
          ),
        ) === error
      );
    },
    gives: true,
  },
  {
    name: 'filter cannot be written to',
    run: () =>
      d.db_with(
        d.filter(people(), () => true),
        [{ a: 1 }],
      ),
    fails: 'Filtered DB cannot be modified',
  },
  {
    name: 'filter with what is no function',
    run: () => all(d.filter(people(), 5)),
    fails: 'b.call is not a function',
    here: { fails: 'filter: expected a function, got 5' },
    because: because.ownWords,
  },
  {
    name: 'is_filtered',
    run: () => [d.is_filtered(people()), d.is_filtered(d.filter(people(), () => true)), d.is_filtered(5)],
    gives: [false, true, false],
  },
  {
    name: 'serializable, whole',
    run: () =>
      d.serializable(
        d.db_with(d.empty_db({ n: indexed }), [
          { ':db/id': 1, ':a': ':k', n: 1.5, x: [1, { y: null }], z: new Date(5) },
        ]),
      ),
    gives: {
      count: 4,
      tx0,
      'max-eid': 1,
      'max-tx': tx0 + 1,
      schema: '{"n" {:db/index true}}',
      attrs: [':a', 'n', 'x', 'z'],
      keywords: [],
      eavt: [
        [1, 0, ':k', 1],
        [1, 1, 1.5, 1],
        [1, 2, [1, '[1 {"y" nil}]'], 1],
        [1, 3, [1, '#inst "1970-01-01T00:00:00.005-00:00"'], 1],
      ],
      aevt: [0, 1, 2, 3],
      avet: [1],
    },
  },
  {
    name: 'serializable of a filtered database',
    run: () => d.serializable(d.filter(people(), (_, x) => x.a === 'name')).count,
    fails: '-lookup is not supported on FilteredDB',
    here: { gives: 4 },
    because: 'it has what the filter lets through',
  },
  {
    name: 'from_serializable, from JSON: names stay strings',
    run: () => {
      const db = d.db_with(d.empty_db({ ':my/id': unique }), [{ ':my/id': 'x', ':n': Infinity, m: NaN }]);
      const again = d.from_serializable(JSON.parse(JSON.stringify(d.serializable(db))));
      return [
        all(again),
        d.entity(again, [':my/id', 'x']).get(':n'),
        JSON.stringify(d.serializable(again)) === JSON.stringify(d.serializable(db)),
      ];
    },
    gives: [
      [
        [1, ':my/id', 'x'],
        [1, ':n', Infinity],
        [1, 'm', NaN],
      ],
      Infinity,
      true,
    ],
  },
  {
    name: 'from_serializable of keywords: they are strings',
    run: () =>
      all(
        d.from_serializable({
          count: 1,
          tx0,
          'max-eid': 1,
          'max-tx': tx0 + 1,
          schema: '{}',
          attrs: [':a'],
          keywords: [':k'],
          eavt: [[1, 0, [0, 0], 1]],
          aevt: [0],
          avet: [],
        }),
      ),
    gives: [[1, ':a', ':k']],
  },
  {
    name: 'from_serializable of something else',
    run: () => d.from_serializable({}),
    fails: "Cannot read properties of null (reading 'length')",
    here: { fails: 'Bad serialized database: missing field `tx0` at line 1 column 2' },
    because: because.ownWords,
  },

  // ---- indexes ----
  {
    name: 'datoms are objects with e, a, v and tx',
    run: () => {
      const [x] = d.datoms(people(), ':eavt', 1, 'age');
      return [x.e, x.a, x.v, x.tx, x.added];
    },
    gives: [1, 'age', 15, tx0 + 1, undefined],
  },
  {
    name: 'datoms by the beginning of a key',
    run: () =>
      [
        d.datoms(people(), ':eavt', 2),
        d.datoms(people(), ':aevt', 'age'),
        d.datoms(people(), ':avet', 'age', 37),
        d.datoms(people(), ':eavt', ['email', 'i@x'], 'name'),
      ].map(facts),
    gives: [
      [
        [2, 'age', 37],
        [2, 'name', 'Petr'],
      ],
      [
        [1, 'age', 15],
        [2, 'age', 37],
      ],
      [[2, 'age', 37]],
      [[1, 'name', 'Ivan']],
    ],
  },
  {
    name: 'datoms: null ends a key, and what is not there has none',
    run: () => [
      d.datoms(people(), ':eavt', null, 'name').length,
      d.datoms(people(), ':eavt', undefined).length,
      d.datoms(people(), ':eavt', 99).length,
    ],
    gives: [12, 12, 0],
  },
  {
    name: 'datoms of an attribute that is not indexed',
    run: () => d.datoms(people(), ':avet', 'name'),
    fails: 'Attribute "name" should be marked as :db/index true',
  },
  {
    name: 'datoms of a name that names nobody',
    run: () => d.datoms(people(), ':eavt', ['email', 'no']),
    fails: 'Nothing found for entity id ["email" "no"]',
  },
  {
    name: 'datoms of what is no entity',
    run: () => d.datoms(people(), ':eavt', -1),
    fails: 'Expected number or lookup ref for entity id, got -1',
  },
  {
    name: 'datoms of an unknown index',
    run: () => d.datoms(people(), ':vaet'),
    fails: 'No matching clause: vaet',
    here: { fails: 'No matching clause: :vaet, expected ":eavt", ":aevt" or ":avet"' },
    because: because.ownWords,
  },
  {
    name: 'datoms of no database',
    run: () => d.datoms(5, ':eavt'),
    fails: 'No protocol method IIndexAccess.-datoms defined for type number: 5',
    here: { fails: 'datoms: expected a database, got 5' },
    because: because.ownWords,
  },
  {
    name: 'datoms with five components',
    run: () => d.datoms(people(), ':eavt', 1, 'age', 15, tx0, 5),
    fails: 'Invalid arity: 7',
    here: { fails: 'datoms: expected at most four components, got 5' },
    because: because.ownWords,
  },
  {
    name: 'datoms with arrays and objects as values',
    run: () => all(d.db_with(d.empty_db(), [[':db/add', 1, 'a', [1, { b: null }]]])).map(x => String(x[2])),
    gives: ['[1 {"b" nil}]'],
    here: { gives: ['1,[object Object]'] },
    because: 'they come out as arrays and objects, not as collections of ClojureScript',
  },
  {
    name: 'seek_datoms goes on from a place that need not be there',
    run: () => [d.seek_datoms(people(), ':avet', 'age', 20), d.seek_datoms(people(), ':eavt', 3)].map(facts),
    gives: [
      [
        [2, 'age', 37],
        [1, 'child', 3],
        [1, 'child', 4],
        [1, 'email', 'i@x'],
        [1, 'friend', 2],
      ],
      [
        [3, 'name', 'Oleg'],
        [4, 'name', 'Anna'],
      ],
    ],
  },
  {
    name: 'index_range includes both ends',
    run: () =>
      [
        [15, 37],
        [16, 40],
        [null, 15],
        [null, undefined],
      ].map(([from, to]) => facts(d.index_range(people(), 'age', from, to)).length),
    gives: [2, 1, 1, 2],
  },
  {
    name: 'index_range of no attribute',
    run: () => d.index_range(people(), null, 1, 2),
    fails: 'Bad entity attribute nil at (-index-range db nil 1 2), expected keyword or string',
  },
  {
    name: 'index_range of an attribute that is not indexed',
    run: () => d.index_range(people(), 5, 1, 2),
    fails: 'Attribute 5 should be marked as :db/index true',
  },
];
