// What the examples are made of.
'use strict';
const d = require('./release-js/datascript.js');

const tx0 = 0x20000000;
const many = { ':db/cardinality': ':db.cardinality/many' };
const ref = { ':db/valueType': ':db.type/ref' };
const indexed = { ':db/index': true };
const unique = { ':db/unique': ':db.unique/identity' };

const family = {
  aka: many,
  friend: ref,
  child: { ...ref, ...many, ':db/isComponent': true },
  age: indexed,
  email: unique,
};

const people = () =>
  d.db_with(d.empty_db(family), [
    { ':db/id': 1, name: 'Ivan', age: 15, aka: ['Y', 'X'], friend: 2, child: [3, 4], email: 'i@x' },
    { ':db/id': 2, name: 'Petr', age: 37 },
    { ':db/id': 3, name: 'Oleg' },
    { ':db/id': 4, name: 'Anna' },
  ]);

const facts = datoms => datoms.map(datom => [datom.e, datom.a, datom.v]);
const all = db => facts(d.datoms(db, ':eavt'));
const made = (...entities) => all(d.db_with(d.empty_db(), entities));

const thrown = run => {
  try {
    run();
  } catch (error) {
    return error;
  }
  return 'nothing';
};

// A datom as it should come.
class Fact {
  constructor(e, a, v, tx) {
    Object.assign(this, { e, a, v, tx });
  }
}
const datom = (...parts) => new Fact(...parts);

// Why this database does something else than DataScript.
const because = {
  data: 'arrays and objects are compared by what they hold, and come out as arrays and objects',
  ownWords: 'DataScript runs into an error of JavaScript or ClojureScript',
  saysSo: 'DataScript takes it for something else, or for nothing, and does not say so',
};

module.exports = { tx0, many, ref, indexed, unique, family, people, facts, all, made, thrown, datom, because };
