'use strict';
const d = require('./release-js/datascript.js');
const { ref, people, because } = require('./tools.js');

module.exports = [
  {
    name: 'entity.get',
    run: () => {
      const e = d.entity(people(), 1);
      return ['name', 'aka', ':db/id', 'nope'].map(a => e.get(a));
    },
    gives: ['Ivan', ['X', 'Y'], 1, null],
  },
  {
    name: 'entity.get of references',
    run: () => {
      const e = d.entity(people(), 1);
      return [
        e.get('friend').get('name'),
        e.get('child').map(x => x.get('name')),
        d
          .entity(people(), 2)
          .get('_friend')
          .map(x => x.eid),
        e.get('_friend'),
      ];
    },
    gives: ['Petr', ['Oleg', 'Anna'], [1], null],
  },
  {
    name: 'entity.get of whose component it is',
    run: () => d.entity(people(), 3).get('_child').eid,
    gives: undefined,
    here: { gives: 1 },
    because: 'DataScript makes an array of the attributes of the one entity',
  },
  {
    name: 'entity.get of what is no attribute',
    run: () => d.entity(people(), 1).get(5),
    fails: 'Bad attribute type: 5, expected keyword or string',
  },
  {
    name: 'entity.has',
    run: () => {
      const e = d.entity(people(), 1);
      return ['name', 'nope', ':db/id', '_friend'].map(a => e.has(a));
    },
    gives: [true, false, true, false],
  },
  { name: 'entity.key_set', run: () => d.entity(people(), 2).key_set(), gives: ['age', 'name'] },
  {
    name: 'entity.value_set',
    run: () => d.entity(people(), 1).value_set().map(String),
    gives: ['15', 'X,Y', '{"name" "Oleg", :db/id 3},{"name" "Anna", :db/id 4}', 'i@x', '{:db/id 2}', 'Ivan'],
  },
  {
    name: 'entity.entry_set',
    run: () => d.entity(people(), 2).entry_set(),
    gives: [
      ['age', 37],
      ['name', 'Petr'],
    ],
  },
  {
    name: 'entity.keys, values, entries',
    run: () => {
      const e = d.entity(people(), 2);
      return [[...e.keys()], [...e.values()], [...e.entries()], [...e], e.keys().next()];
    },
    gives: [
      ['age', 'name'],
      [37, 'Petr'],
      [
        ['age', 37],
        ['name', 'Petr'],
      ],
      [
        ['age', 37],
        ['name', 'Petr'],
      ],
      { value: 'age', done: false },
    ],
  },
  {
    name: 'entity.forEach',
    run: () => {
      const seen = [],
        e = d.entity(people(), 2);
      const gave = e.forEach(function (v, a, x) {
        this.push([a, v, x === e]);
      }, seen);
      return [seen, gave];
    },
    gives: [
      [
        ['age', 37, true],
        ['name', 'Petr', true],
      ],
      null,
    ],
  },
  {
    name: 'entity.forEach that throws',
    run: () =>
      d.entity(people(), 2).forEach(() => {
        throw 42;
      }),
    throws: 42,
  },
  {
    name: 'entity.toString shows what was read',
    run: () => {
      const e = d.entity(people(), 2);
      const before = String(e);
      e.get('name');
      return [before, String(e)];
    },
    gives: ['{:db/id 2}', '{"name" "Petr", :db/id 2}'],
  },
  {
    name: 'entity has a db and an eid',
    run: () => {
      const db = people(),
        e = d.entity(db, 1);
      return [e.db === db, e.eid, e.get('friend').db === db];
    },
    gives: [true, 1, true],
  },
  { name: 'entity of a name', run: () => d.entity(people(), ['email', 'i@x']).eid, gives: 1 },
  {
    name: 'entity of nobody',
    run: () =>
      [99, 'x', ':x', null, undefined, true, {}, ['email', 'no'], ['email', null]].map(id => d.entity(people(), id)),
    gives: Array(9).fill(null),
  },
  {
    name: 'entity of what can name none',
    run: () => d.entity(people(), -1),
    fails: 'Expected number or lookup ref for entity id, got -1',
  },
  {
    name: 'entity of half a name',
    run: () => d.entity(people(), ['email']),
    fails: 'Lookup ref should contain 2 elements: ["email"]',
  },
  {
    name: 'entity of a name that is not unique',
    run: () => d.entity(people(), ['name', 'Ivan']),
    fails: 'Lookup ref attribute should be marked as :db/unique: ["name" "Ivan"]',
  },
  {
    name: 'entity of a fraction',
    run: () => d.entity(people(), 1.5),
    gives: null,
    here: { fails: 'Expected number or lookup ref for entity id, got 1.5' },
    because: because.saysSo,
  },
  {
    name: 'touch',
    run: () => {
      const e = d.entity(people(), 2);
      return [d.touch(e) === e, String(e), d.touch(null)];
    },
    gives: [true, '{"age" 37, "name" "Petr", :db/id 2}', null],
  },
  {
    name: 'entity_db',
    run: () => {
      const db = people();
      return d.entity_db(d.entity(db, 1)) === db;
    },
    gives: true,
  },
];
