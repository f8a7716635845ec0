'use strict';
const d = require('./release-js/datascript.js');
const { ref, people, thrown, because } = require('./tools.js');

const one = '[:find ?x . :in ?x]';
const ground = text => d.q(`[:find ?x . :where [(ground ${text}) ?x]]`);

module.exports = [
  // ---- queries ----
  {
    name: 'q gives rows',
    run: () => d.q('[:find ?n ?a :where [?e "name" ?n] [?e "age" ?a]]', people()),
    rows: true,
    gives: [
      ['Ivan', 15],
      ['Petr', 37],
    ],
  },
  {
    name: 'q by find specs',
    run: () => ['?n .', '[?n]', '[?n ...]'].map(find => d.q(`[:find ${find} :where [2 "name" ?n]]`, people())),
    gives: ['Petr', ['Petr'], ['Petr']],
  },
  {
    name: 'q that finds nothing',
    run: () => ['?n .', '[?n]', '[?n ...]', '?n'].map(find => d.q(`[:find ${find} :where [9 "name" ?n]]`, people())),
    gives: [null, null, [], []],
  },
  {
    name: 'q by keys',
    run: () =>
      [':keys e b/n', ':strs e n', ':syms e n'].map(keys =>
        d.q(`[:find [?e ?n] ${keys} :where [?e "name" ?n] [?e "age" 37]]`, people()),
      ),
    gives: [1, 2, 3].map(() => ({ e: 2, n: 'Petr' })),
  },
  {
    name: 'q loses namespaces of keywords, also in pulls',
    run: () => d.q('[:find ?k (pull ?e ["name" :db/id]) :in $ [?k ...] :where [?e "age" 37]]', people(), [':a/b']),
    gives: [[':a/b', { name: 'Petr', id: 2 }]],
  },
  {
    name: 'q of literals of Clojure',
    run: () => [':a/b', '#{1}', '(1 [2])', '\\a', 'nil', 'true', '#inst "2020-01-01"'].map(ground),
    gives: ['b', [1], [1, [2]], 'a', null, true, new Date('2020-01-01')],
  },
  {
    name: 'q of maps',
    run: () => ground('{:a/b 1 "c" {d 2} 5 6 [1] 2}'),
    gives: { b: 1, c: { d: 2 }, 5: 6, '[1]': 2 },
  },
  {
    name: 'q of numbers: they are doubles',
    run: () => ['1.0', '1N', '1/2', '1.5M', '9007199254740993', '##NaN', '##Inf'].map(ground),
    gives: [1, 1, 0.5, 1.5, 9007199254740992, NaN, Infinity],
  },
  {
    name: 'q finds whole numbers however they are said',
    run: () => d.q('[:find ?e . :where [?e "a" 1.0]]', d.db_with(d.empty_db(), [{ ':db/id': 7, a: 1 }])),
    gives: 7,
  },
  {
    name: 'q takes and gives data',
    run: () =>
      [null, true, 1.5, 'x', ':k', [1, ['y']], { a: { b: [] } }, NaN, -Infinity, 1e21, 2 ** 53, new Date(5)].map(x =>
        d.q(one, x),
      ),
    gives: [null, true, 1.5, 'x', ':k', [1, ['y']], { a: { b: [] } }, NaN, -Infinity, 1e21, 2 ** 53, new Date(5)],
  },
  {
    name: 'q hands on what is no data',
    run: () => [new Map([[1, 2]]), Symbol.iterator, /x/, thrown, new (class Own {})()].map(x => d.q(one, x) === x),
    gives: [true, true, true, true, true],
  },
  {
    name: 'q of a BigInt',
    run: () => typeof d.q(one, 10n),
    gives: 'bigint',
    here: { gives: 'number' },
    because: 'it is equal to the number, and a query has one of what is equal',
  },
  {
    name: 'q of objects',
    run: () => {
      const x = { a: 1 };
      return d.q(one, x) === x;
    },
    gives: true,
    here: { gives: false },
    because: because.data,
  },
  {
    name: 'q of equal arrays',
    run: () => d.q('[:find ?x :in [?x ...]]', [[1], [1]]),
    gives: [[[1]], [[1]]],
    here: { gives: [[[1]]] },
    because: because.data,
  },
  {
    name: 'q of an object as a relation',
    run: () => d.q('[:find ?k ?v :in [[?k ?v]]]', { a: 1 }),
    fails: 'Cannot bind value #js {:a 1} to collection [[?k ?v]]',
    here: { gives: [['a', 1]] },
    because: because.data,
  },
  {
    name: 'q of collections, tuples and relations',
    run: () =>
      [
        ['[?x ...]', [1, 2]],
        ['[?x _]', [1, 2]],
        [
          '[[?x _]]',
          [
            [1, 0],
            [2, 0],
          ],
        ],
        ['[?x ...]', null],
      ].map(([shape, x]) => d.q(`[:find ?x :in ${shape}]`, x).sort()),
    gives: [[[1], [2]], [[1]], [[1], [2]], []],
  },
  {
    name: 'q of a text as a collection',
    run: () => d.q('[:find ?x :in [?x ...]]', 'abc'),
    fails: 'Cannot bind value "abc" to collection [?x ...]',
  },
  {
    name: 'q of a collection as a source',
    run: () =>
      d.q('[:find ?e :where [?e 1]]', [
        [7, 1],
        [8, 2],
      ]),
    gives: [[7]],
  },
  {
    name: 'q of several sources',
    run: () =>
      d.q('[:find ?m . :in $ $mail :where [?e "age" 37] [?e "name" ?n] [$mail ?n ?m]]', people(), [
        ['Petr', 'p@x'],
        ['Ivan', 'i@x'],
      ]),
    gives: 'p@x',
  },
  {
    name: 'q with a name of an entity',
    run: () => d.q('[:find ?e ?a :in $ ?e :where [?e "age" ?a]]', people(), ['email', 'i@x']),
    gives: [[['email', 'i@x'], 15]],
  },
  {
    name: 'q with rules',
    run: () => d.q('[:find [?e ...] :in $ % :where (old ?e)]', people(), '[[(old ?e) [?e "age" ?a] [(> ?a 18)]]]'),
    gives: [2],
  },
  {
    name: 'q with a rule that is not there',
    run: () => d.q('[:find ?e :in $ % :where (r ?e)]', people(), '[]'),
    fails: "Unknown rule 'r in (r ?e)",
  },
  {
    name: 'q with predicates: 0, NaN and empty texts are true',
    run: () =>
      [0, NaN, '', false, null, undefined].map(
        is => d.q('[:find ?e :in $ ?f :where [?e "age" ?a] [(?f ?a)]]', people(), () => is).length,
      ),
    gives: [2, 2, 2, 0, 0, 0],
  },
  {
    name: 'q with functions',
    run: () =>
      ['?x', '[?x ...]', '[?x _]', '[[?x _]]'].map((shape, i) =>
        d.q(`[:find [?x ...] :in ?f :where [(?f) ${shape}]]`, () => [7, [7], [7, 0], [[7, 0]]][i]),
      ),
    gives: [[7], [7], [7], [7]],
  },
  {
    name: 'q gives functions what is in the query',
    run: () => {
      const db = people();
      let got;
      d.q('[:find ?e :in $ ?f :where [?e "age" 37] [(?f $ ?e :k/w "s" nil true 1.5)]]', db, (...args) => {
        got = args;
        return true;
      });
      return [got[0] === db, ...got.slice(1).map(String)];
    },
    gives: [true, '2', ':k/w', 's', 'null', 'true', '1.5'],
  },
  {
    name: 'q gives functions collections',
    run: () => {
      let got;
      d.q('[:find ?x . :in ?f :where [(?f [1 2] {"a" 1}) ?x]]', (...args) => {
        got = args.map(x => Array.isArray(x) || x.a === 1);
        return 1;
      });
      return got;
    },
    gives: [false, false],
    here: { gives: [true, true] },
    because: 'they are arrays and objects, not collections of ClojureScript',
  },
  {
    name: 'q takes keywords back from functions',
    run: () => d.q('[:find ?x . :in ?f :where [(?f :a/b) ?k] [(name ?k) ?x]]', k => k),
    gives: 'b',
  },
  {
    name: 'q with aggregates, own ones too',
    run: () =>
      ['sum', 'avg', 'aggregate ?f'].map(f =>
        d.q(`[:find (${f} ?a) . :in $ ?f :where [?e "age" ?a]]`, people(), xs => [...xs].sort()),
      ),
    gives: [52, 26, [15, 37]],
  },
  {
    name: 'q throws what a function throws',
    run: () =>
      d.q('[:find ?x . :in ?f :where [(?f) ?x]]', () => {
        throw { own: [1] };
      }),
    throws: { own: [1] },
  },
  {
    name: 'q throws the very error',
    run: () => {
      const error = new RangeError('x');
      return (
        thrown(() =>
          d.q('[:find ?x . :in ?f :where [(?f) ?x]]', () => {
            throw error;
          }),
        ) === error
      );
    },
    gives: true,
  },
  {
    name: 'q calls no function after one threw',
    run: () => {
      let calls = 0;
      thrown(() =>
        d.q('[:find ?a :in [?a ...] ?f :where [(?f ?a)]]', [1, 2, 3], () => {
          calls++;
          throw 1;
        }),
      );
      return calls;
    },
    gives: 1,
  },
  {
    name: 'q within a function of q',
    run: () =>
      d.q('[:find [?n ...] :in $ ?f :where [?e "age"] [(?f $ ?e) ?n]]', people(), (db, e) =>
        d.q('[:find ?n . :in $ ?e :where [?e "name" ?n]]', db, e),
      ),
    rows: true,
    gives: ['Ivan', 'Petr'],
  },
  {
    name: 'q of a function that is not there',
    run: () => d.q('[:find ?e :where [?e "age" ?a] [(foo ?a)]]', people()),
    fails: "Unknown predicate 'foo in [(foo ?a)]",
  },
  { name: 'q of what is no query', run: () => d.q(null), fails: 'Query should be a vector or a map' },
  {
    name: 'q of a text that does not read',
    run: () => d.q('[:find'),
    fails: 'Unexpected EOF while reading item 1 of vector.',
    here: { fails: 'Cannot read [:find: 1:1: this is never closed: expected `]` before the end' },
    because: 'the reader is another',
  },
  {
    name: 'q without its source',
    run: () => d.q('[:find ?e :where [?e]]'),
    fails: 'Too few inputs passed, expected: [$], got: 0',
  },
  {
    name: 'q with too much',
    run: () => d.q('[:find ?e :where [?e]]', people(), 1),
    fails: 'Extra inputs passed, expected: [$], got: 2',
  },
  { name: 'q of a map', run: () => d.q('{:find [?e .] :where [[?e "age" 37]]}', people()), gives: 2 },

  // ---- pull ----
  {
    name: 'pull',
    run: () => d.pull(people(), '["name" {"friend" ["name" :db/id]} {"_friend" ["name"]}]', 1),
    gives: { name: 'Ivan', friend: { name: 'Petr', ':db/id': 2 } },
  },
  {
    name: 'pull in reverse',
    run: () => d.pull(people(), '[{"_friend" ["name"]}]', 2),
    gives: { _friend: [{ name: 'Ivan' }] },
  },
  {
    name: 'pull everything',
    run: () => d.pull(people(), '[*]', ['email', 'i@x']),
    gives: {
      ':db/id': 1,
      name: 'Ivan',
      age: 15,
      aka: ['X', 'Y'],
      friend: { ':db/id': 2 },
      child: [
        { ':db/id': 3, name: 'Oleg' },
        { ':db/id': 4, name: 'Anna' },
      ],
      email: 'i@x',
    },
  },
  {
    name: 'pull with options',
    run: () => d.pull(people(), '[("name" :as :n/x) ("age" :as 5) ("zz" :default :k)]', 1),
    gives: { ':n/x': 'Ivan', 5: 15, zz: ':k' },
  },
  { name: 'pull of nobody', run: () => d.pull(people(), '["name"]', 99), gives: null },
  {
    name: 'pull of what is no entity',
    run: () => d.pull(people(), '["name"]', 'x'),
    fails: 'Expected number or lookup ref for entity id, got "x"',
  },
  {
    name: 'pull without an entity',
    run: () => d.pull(people(), '["name"]'),
    fails: 'Expected number or lookup ref for entity id, got nil',
  },
  {
    name: 'pull with what is no pattern',
    run: () => d.pull(people(), '5', 1),
    fails: 'Expected pattern to be sequential?, got: 5',
  },
  {
    name: 'pull with a pattern that is no text',
    run: () => d.pull(people(), ['name'], 1),
    fails: 'this.ma.charAt is not a function',
    here: { fails: 'pull: expected a text, got ["name"]' },
    because: because.ownWords,
  },
  {
    name: 'pull_many',
    run: () => d.pull_many(people(), '["name"]', [1, 99, ['email', 'i@x']]),
    gives: [{ name: 'Ivan' }, null, { name: 'Ivan' }],
  },
  { name: 'pull_many of nothing', run: () => d.pull_many(people(), '["name"]', null), gives: [] },
  {
    name: 'pull_many of a number',
    run: () => d.pull_many(people(), '["name"]', 5),
    fails: '5 is not ISeqable',
    here: { fails: 'pull_many: expected ids, got 5' },
    because: because.ownWords,
  },
];
