// Runs every example and says what came of it. An example is what `run` does, and its outcome: it `gives` a value, `fails` with
// a message, or `throws` what is no error. Where this database gives something else than DataScript, `here` says what, and
// `because` why. Rows of a relation come in any order, so where it has `rows` theirs does not count.
'use strict';
const done = require('./done.js');

const examples = ['databases', 'queries', 'entities', 'connections', 'hostile'].flatMap(name =>
  require(`./${name}.js`),
);

// Any value as one that JSON has.
const isPlain = x => [Object.prototype, null].includes(Object.getPrototypeOf(x));
const shown = x => {
  switch (typeof x) {
    case 'undefined':
    case 'function':
      return `‹${typeof x}›`;
    case 'bigint':
    case 'symbol':
      return `‹${String(x)}›`;
    case 'number':
      return Number.isFinite(x) ? x : `‹${x}›`;
    case 'string':
    case 'boolean':
      return x;
  }
  if (x === null) return x;
  if (Array.isArray(x)) return x.map(shown);
  if (x instanceof Date) return `‹${x.toISOString()}›`;
  if (isPlain(x))
    return Object.fromEntries(
      Object.entries(x)
        .sort()
        .map(([name, v]) => [name, shown(v)]),
    );
  if ('e' in x && 'tx' in x) return `‹${x.e} ${x.a} ${JSON.stringify(shown(x.v))} ${x.tx}›`;
  return `‹${String(x)}›`;
};

const json = (x, rows) => {
  const text = JSON.stringify(shown(x));
  return rows && Array.isArray(x) ? String(x.map(row => JSON.stringify(shown(row))).sort()) : text;
};

const outcome = (example, rows) => {
  if ('fails' in example) return `fails: ${example.fails}`;
  if ('throws' in example) return `throws: ${json(example.throws)}`;
  return `gives: ${json(example.gives, rows)}`;
};

const cameOf = run => {
  try {
    return { gives: run() };
  } catch (error) {
    return error instanceof Error ? { fails: error.message } : { throws: error };
  }
};

done(
  examples.map(example => ({
    name: example.name,
    because: example.because,
    came: outcome(cameOf(example.run), example.rows),
    datascript: outcome(example, example.rows),
    here: outcome(example.here ?? example, example.rows),
  })),
);
