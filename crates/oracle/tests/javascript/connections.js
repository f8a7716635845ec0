'use strict';
const d = require('./release-js/datascript.js');
const { tx0, many, ref, indexed, family, people, facts, all, made, thrown, datom, because } = require('./tools.js');

const EXPECTED =
  'expected :db/add, :db/retract, :db.fn/call, :db.fn/retractAttribute, :db.fn/retractEntity or an ident corresponding to ' +
  'an installed transaction function (e.g. {:db/ident <keyword> :db/fn <Ifn>}, usage of :db/ident requires ' +
  '{:db/unique :db.unique/identity} in schema)';

module.exports = [
  // ---- connections ----
  {
    name: 'create_conn',
    run: () => {
      const conn = d.create_conn({ a: many });
      d.transact(conn, [{ a: [1, 2] }]);
      return all(d.db(conn));
    },
    gives: [
      [1, 'a', 1],
      [1, 'a', 2],
    ],
  },
  {
    name: 'conn_from_db',
    run: () => {
      const db = people();
      return d.db(d.conn_from_db(db)) === db;
    },
    gives: true,
  },
  {
    name: 'conn_from_db of something else',
    run: () => typeof d.conn_from_db(5),
    gives: 'object',
    here: { fails: 'conn_from_db: expected a database, got 5' },
    because: because.saysSo,
  },
  {
    name: 'conn_from_datoms',
    run: () => facts(d.datoms(d.db(d.conn_from_datoms([[1, 'a', 2]], { a: indexed })), ':avet', 'a')),
    gives: [[1, 'a', 2]],
  },
  {
    name: 'db is the same until something changes',
    run: () => {
      const conn = d.create_conn();
      const before = d.db(conn);
      const same = before === d.db(conn);
      d.transact(conn, []);
      return [same, before === d.db(conn)];
    },
    gives: [true, false],
  },
  {
    name: 'db of something else',
    run: () => d.db(5),
    fails: 'No protocol method IDeref.-deref defined for type number: 5',
    here: { fails: 'db: expected a connection, got 5' },
    because: because.ownWords,
  },
  {
    name: 'transact gives a report',
    run: () => {
      const conn = d.create_conn(),
        before = d.db(conn),
        meta = { by: 'me' };
      const report = d.transact(conn, [{ ':db/id': -1, a: 1 }, { ':db/id': 's', a: 2 }, { a: 3 }], meta);
      return [
        Object.keys(report),
        report.db_before === before,
        report.db_after === d.db(conn),
        report.tx_meta === meta,
        report.tempids,
        report.tx_data,
      ];
    },
    gives: [
      ['db_before', 'db_after', 'tx_data', 'tempids', 'tx_meta'],
      true,
      true,
      true,
      { '-1': 1, s: 2, ':db/current-tx': tx0 + 1 },
      [datom(1, 'a', 1, tx0 + 1), datom(2, 'a', 2, tx0 + 1), datom(3, 'a', 3, tx0 + 1)],
    ],
  },
  {
    name: 'transact: what is retracted has a negative tx',
    run: () => {
      const conn = d.conn_from_db(people());
      return d.transact(conn, [[':db/add', 1, 'age', 16]]).tx_data;
    },
    gives: [datom(1, 'age', 15, -tx0 - 2), datom(1, 'age', 16, tx0 + 2)],
  },
  { name: 'transact without metadata', run: () => d.transact(d.create_conn(), []).tx_meta, gives: null },
  {
    name: 'transact: nothing, and null among entities',
    run: () => [null, undefined, [], [null], [undefined, { a: 1 }]].map(tx => all(d.db_with(d.empty_db(), tx))),
    gives: [[], [], [], [], [[1, 'a', 1]]],
  },
  {
    name: 'transact maps within maps',
    run: () =>
      all(
        d.db_with(d.empty_db(family), [
          { name: 'A', friend: { ':db/id': 7, name: 'B' }, child: [{ name: 'C' }], _friend: { ':db/id': 9 } },
        ]),
      ),
    rows: true,
    gives: [
      [1, 'name', 'A'],
      [1, 'friend', 7],
      [7, 'name', 'B'],
      [1, 'child', 8],
      [8, 'name', 'C'],
      [9, 'friend', 1],
    ],
  },
  {
    name: 'transact operations',
    run: () =>
      all(
        d.db_with(people(), [
          [':db/retract', 1, 'aka', 'X'],
          [':db.fn/retractAttribute', 1, 'child'],
          [':db/retractEntity', 2],
          [':db.fn/cas', 1, 'age', 15, 16],
          [':db/add', ':db/current-tx', 'by', 'me'],
        ]),
      ),
    gives: [
      [1, 'age', 16],
      [1, 'aka', 'Y'],
      [1, 'email', 'i@x'],
      [1, 'name', 'Ivan'],
      [tx0 + 2, 'by', 'me'],
    ],
  },
  {
    name: 'transact keeps texts with a colon',
    run: () => made([':db/add', 1, ':a/b', ':c']),
    gives: [[1, ':a/b', ':c']],
  },
  {
    name: 'transact keeps values that are no data',
    run: () => {
      const values = [10n, new Date(5), Symbol.iterator, thrown, new Map()];
      const db = d.db_with(
        d.empty_db(),
        values.map((v, i) => [':db/add', i + 1, 'a', v]),
      );
      return all(db).map(([, , v], i) => v === values[i] || String(v) === String(values[i]));
    },
    gives: Array(5).fill(true),
  },
  {
    name: 'transact NaN once',
    run: () => made([':db/add', 1, 'a', NaN], [':db/add', 1, 'a', NaN]),
    gives: [[1, 'a', NaN]],
  },
  {
    name: 'transact null as a value',
    run: () => made([':db/add', 1, 'a', null]),
    fails: 'Cannot store nil as a value at (:db/add 1 "a" nil)',
  },
  {
    name: 'transact an operation that is none',
    run: () => made(['db/add', 1, 'a', 2]),
    fails: `Unknown operation at ("db/add" 1 "a" 2), ${EXPECTED}`,
  },
  { name: 'transact an empty operation', run: () => made([]), fails: `Unknown operation at (nil), ${EXPECTED}` },
  {
    name: 'transact an operation of nobody',
    run: () => made([':foo', 1]),
    fails: 'Can’t find entity for transaction fn :foo',
  },
  {
    name: 'transact an attribute that is none',
    run: () => made([':db/add', 1, 5, 2]),
    fails: 'Bad entity attribute 5 at (:db/add 1 5 2), expected keyword or string',
  },
  {
    name: 'transact an id that is none',
    run: () => made({ ':db/id': {}, a: 1 }),
    fails: 'Expected number, string or lookup ref for :db/id, got {}',
  },
  {
    name: 'transact an id that is too large',
    run: () => made([':db/add', 2 ** 31, 'a', 1]),
    fails: 'Highest supported entity id is 2147483647, got 2147483648',
  },
  {
    name: 'transact compare and set that fails',
    run: () => made([':db.fn/cas', 1, 'a', 5, 2]),
    fails: ':db.fn/cas failed on datom [1 "a" nil], expected 5',
  },
  {
    name: 'transact texts',
    run: () => made('x'),
    gives: [],
    here: { fails: 'Bad entity type at "x", expected map or vector' },
    because: because.saysSo,
  },
  {
    name: 'transact a number',
    run: () => made(5),
    fails: '5 is not ISeqable',
    here: { fails: 'Bad entity type at 5, expected map or vector' },
    because: because.ownWords,
  },
  {
    name: 'transact what is no collection',
    run: () => d.db_with(d.empty_db(), 5),
    fails: '5 is not ISeqable',
    here: { fails: 'Bad transaction data 5, expected sequential collection' },
    because: because.ownWords,
  },
  {
    name: 'transact datoms',
    run: () => made(...d.datoms(people(), ':aevt', 'age')),
    gives: [],
    here: {
      gives: [
        [1, 'age', 15],
        [2, 'age', 37],
      ],
    },
    because: 'as in Clojure they are forms; DataScript leaves them out',
  },
  {
    name: 'transact something that contains itself',
    run: () => {
      const x = { a: 1 };
      x.self = x;
      return made(x);
    },
    fails: 'Maximum call stack size exceeded',
    here: { fails: 'Values can nest 512 deep, this one nests deeper or contains itself' },
    because: because.ownWords,
  },
  {
    name: 'transact with a function',
    run: () =>
      made([
        ':db.fn/call',
        (db, e, name, more) => [[':db/add', e, 'name', name], { ':db/id': e, n: all(db).length, more: String(more) }],
        1,
        'Ivan',
        null,
      ]),
    gives: [
      [1, 'more', 'null'],
      [1, 'n', 0],
      [1, 'name', 'Ivan'],
    ],
  },
  {
    name: 'transact with a function that sees what came before',
    run: () =>
      made({ ':db/id': 1, a: 1 }, [
        ':db.fn/call',
        db => [[':db.fn/call', db => [{ ':db/id': 2, n: all(db).length }]], { ':db/id': 3, n: all(db).length }],
      ]),
    gives: [
      [1, 'a', 1],
      [2, 'n', 1],
      [3, 'n', 1],
    ],
  },
  {
    name: 'transact with a function that gives nothing',
    run: () => made([':db.fn/call', () => null], [':db.fn/call', () => {}]),
    gives: [],
  },
  {
    name: 'transact with a function that throws',
    run: () => {
      const conn = d.create_conn(),
        error = new Error('x');
      return [
        thrown(() =>
          d.transact(conn, [
            { a: 1 },
            [
              ':db.fn/call',
              () => {
                throw error;
              },
            ],
          ]),
        ) === error,
        all(d.db(conn)),
      ];
    },
    gives: [true, []],
  },
  {
    name: 'transact with a function that transacts',
    run: () => {
      const conn = d.create_conn();
      d.transact(conn, [
        [
          ':db.fn/call',
          () => {
            d.transact(conn, [{ x: 1 }]);
            return [{ y: 2 }];
          },
        ],
      ]);
      return all(d.db(conn));
    },
    gives: [[1, 'x', 1]],
    here: { fails: 'The connection is at work: a function of a transaction cannot change it' },
    because: 'DataScript loses one of the two',
  },
  {
    name: 'transact on something else',
    run: () => d.transact(5, []),
    fails: 'No protocol method ISwap.-swap! defined for type number: 5',
    here: { fails: 'transact: expected a connection, got 5' },
    because: because.ownWords,
  },
  {
    name: 'listen',
    run: () => {
      const conn = d.create_conn(),
        log = [];
      const key = d.listen(conn, 'k', report =>
        log.push(['k', facts(report.tx_data), report.tx_meta, report.db_after === d.db(conn)]),
      );
      d.listen(conn, 'other', () => log.push('other'));
      d.listen(conn, 'k', report =>
        log.push(['k2', facts(report.tx_data), report.tx_meta, report.db_after === d.db(conn)]),
      );
      d.transact(conn, [{ a: 1 }], 'meta');
      return [key, log];
    },
    gives: ['k', [['k2', [[1, 'a', 1]], 'meta', true], 'other']],
  },
  {
    name: 'listen without a key',
    run: () => {
      const conn = d.create_conn();
      let n = 0;
      const keys = [d.listen(conn, () => n++), d.listen(conn, () => n++)];
      d.transact(conn, []);
      d.unlisten(conn, keys[0]);
      d.transact(conn, []);
      return [n, keys[0] !== keys[1]];
    },
    gives: [3, true],
  },
  {
    name: 'listen: what a listener transacts',
    run: () => {
      const conn = d.create_conn(),
        log = [];
      d.listen(conn, report => {
        log.push(facts(report.tx_data));
        if (log.length < 3) d.transact(conn, [{ n: log.length }]);
      });
      d.transact(conn, [{ n: 0 }]);
      return [log, all(d.db(conn))];
    },
    gives: [
      [[[1, 'n', 0]], [[2, 'n', 1]], [[3, 'n', 2]]],
      [
        [1, 'n', 0],
        [2, 'n', 1],
        [3, 'n', 2],
      ],
    ],
  },
  {
    name: 'listen: what a listener throws',
    run: () => {
      const conn = d.create_conn();
      d.listen(conn, () => {
        throw 'x';
      });
      return [thrown(() => d.transact(conn, [{ a: 1 }])), all(d.db(conn))];
    },
    gives: ['x', [[1, 'a', 1]]],
  },
  {
    name: 'listen with what is no function',
    run: () => d.listen(d.create_conn(), 'k', 5),
    gives: 'k',
    here: { fails: 'listen: expected a function, got 5' },
    because: because.saysSo,
  },
  {
    name: 'unlisten',
    run: () => {
      const conn = d.create_conn();
      let n = 0;
      d.listen(conn, 'a', () => n++);
      d.unlisten(conn, 'b');
      d.transact(conn, []);
      d.unlisten(conn, 'a');
      d.transact(conn, []);
      return n;
    },
    gives: 1,
  },
  {
    name: 'reset_conn',
    run: () => {
      const conn = d.create_conn(),
        log = [],
        db = d.init_db([[1, 'b', 2]]),
        meta = {};
      d.transact(conn, [{ a: 1 }]);
      const before = d.db(conn);
      d.listen(conn, report =>
        log.push([
          Object.keys(report),
          report.db_before === before,
          report.db_after === db,
          report.tx_data,
          report.tx_meta === meta,
        ]),
      );
      return [d.reset_conn(conn, db, meta) === db, d.db(conn) === db, log];
    },
    gives: [
      true,
      true,
      [
        [
          ['db_before', 'db_after', 'tx_data', 'tx_meta'],
          true,
          true,
          [datom(1, 'a', 1, -tx0 - 1), datom(1, 'b', 2, tx0)],
          true,
        ],
      ],
    ],
  },
  {
    name: 'reset_conn to something else',
    run: () => d.reset_conn(d.create_conn(), 5),
    fails: 'No protocol method IIndexAccess.-datoms defined for type number: 5',
    here: { fails: 'reset_conn: expected a database, got 5' },
    because: because.ownWords,
  },
  {
    name: 'resolve_tempid',
    run: () =>
      [-1, '-1', 's', ':db/current-tx', 5].map(id => d.resolve_tempid({ '-1': 1, s: 2, ':db/current-tx': 3 }, id)),
    gives: [1, 1, 2, 3, undefined],
  },
  { name: 'resolve_tempid of nothing', run: () => d.resolve_tempid(null, 1), gives: undefined },

  // ---- ids ----
  {
    name: 'squuid',
    run: () => {
      const [x, y] = [d.squuid(), d.squuid()];
      return [
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(x),
        x !== y,
        Math.abs(d.squuid_time_millis(x) - Date.now()) < 3600000,
      ];
    },
    gives: [true, true, true],
  },
  {
    name: 'squuid_time_millis',
    run: () =>
      ['5f5e1000-0000-4000-8000-000000000000', '5F5E1000-0000-4000-8000-000000000000', 'xyz'].map(x =>
        d.squuid_time_millis(x),
      ),
    gives: [1600000000000, 1600000000000, NaN],
  },
];
