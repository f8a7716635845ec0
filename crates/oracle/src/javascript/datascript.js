// DataScript's JavaScript API, answered by another process: what `require('datascript')` gives, over the two pipes that
// this process has as its standard input and output. Each message is a line of JSON, and one side at a time has its turn:
//
//     here     ["names"]  ["call", name, ...args]  ["method", name, ...args]
//     there    ["gave", ...value]  ["threw", ...value]  ["refused", message]
//     there    ["run", function, ...args]     while a call goes on; the first argument is `this`
//     here     ["gave", ...value]  ["threw", ...value]     or another call before that
//
// A value is a list of tokens, so that a line nests no deeper than three however deep the value does: `{"array": 2}` stands
// before two values, `{"object": 1}` before one name and value. What JSON has stands for itself; what only one side has is
// named by a number. `src/javascript/wire.rs` is the other side.
'use strict';
const fs = require('node:fs');

const MAX_DEPTH = 512;

let unread = '';
const decoder = new TextDecoder();
const chunk = new Uint8Array(1 << 16);
const receive = () => {
  let end;
  const parts = [unread];
  while ((end = parts.at(-1).indexOf('\n')) < 0) {
    const size = fs.readSync(0, chunk);
    if (size === 0) throw new Error('the database went away');
    parts.push(decoder.decode(chunk.subarray(0, size), { stream: true }));
  }
  const last = parts.pop();
  unread = last.slice(end + 1);
  return JSON.parse(parts.join('') + last.slice(0, end));
};

const send = message => {
  let bytes = Buffer.from(JSON.stringify(message) + '\n');
  while (bytes.length > 0) bytes = bytes.subarray(fs.writeSync(1, bytes));
};

// Numbers for what the other side cannot have: functions, and things of other kinds than data.
const numbers = new Map();
const things = [];
const numberOf = thing => {
  if (!numbers.has(thing)) {
    numbers.set(thing, things.length);
    things.push(thing);
  }
  return numbers.get(thing);
};

// What the other side has, by its kind and number: the same number is the same object.
const handles = new Map();
const handle = (Kind, number, make) => {
  const key = `${Kind.name} ${number}`;
  if (!handles.has(key)) handles.set(key, make());
  return handles.get(key);
};
const number = Symbol('number');

class Database {
  constructor(n) {
    this[number] = n;
  }
}
class Connection {
  constructor(n) {
    this[number] = n;
  }
}
class Whole {
  constructor(it) {
    this.it = it;
  }
}
class Edn {
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}
class Datom {
  constructor(e, a, v, tx) {
    Object.assign(this, { e, a, v, tx });
  }
}
class Entity {
  constructor(n, eid, db) {
    Object.assign(this, { [number]: n, eid, db });
  }
  keys() {
    return this.key_set()[Symbol.iterator]();
  }
  values() {
    return this.value_set()[Symbol.iterator]();
  }
  entries() {
    return this.entry_set()[Symbol.iterator]();
  }
  [Symbol.iterator]() {
    return this.entries();
  }
}

const isPlain = x => {
  const prototype = Object.getPrototypeOf(x);
  return prototype === null || prototype === Object.prototype;
};

const push = (tokens, x, depth) => {
  if (depth > MAX_DEPTH) {
    throw new Error(`Values can nest ${MAX_DEPTH} deep, this one nests deeper or contains itself`);
  }
  switch (typeof x) {
    case 'undefined':
      return tokens.push({ undefined: 0 });
    case 'boolean':
      return tokens.push(x);
    case 'string':
      return tokens.push(x.toWellFormed());
    case 'number':
      return tokens.push(Number.isFinite(x) ? x : { number: String(x) });
    case 'bigint':
      return tokens.push({ bigint: String(x) });
    case 'function':
      return tokens.push({ function: numberOf(x) });
  }
  if (x === null) return tokens.push(x);
  if (Array.isArray(x)) {
    tokens.push({ array: x.length });
    // Holes count as `undefined`.
    for (const item of x) push(tokens, item, depth + 1);
  } else if (x instanceof Date) tokens.push({ date: x.getTime() });
  else if (x instanceof Database) tokens.push({ database: x[number] });
  else if (x instanceof Connection) tokens.push({ connection: x[number] });
  else if (x instanceof Entity) tokens.push({ entity: x[number] });
  else if (x instanceof Edn) tokens.push({ edn: x.text });
  else if (x instanceof Datom) {
    tokens.push({ datom: 0 });
    for (const part of [x.e, x.a, x.v, x.tx]) push(tokens, part, depth + 1);
  } else if (typeof x === 'object' && isPlain(x)) {
    const entries = Object.entries(x);
    tokens.push({ object: entries.length });
    for (const [name, value] of entries) {
      tokens.push(name.toWellFormed());
      push(tokens, value, depth + 1);
    }
  } else {
    const thing = x instanceof Whole ? x.it : x;
    tokens.push({ foreign: numberOf(thing) }, Object.prototype.toString.call(thing));
  }
};
const tokensOf = x => {
  const tokens = [];
  push(tokens, x, 0);
  return tokens;
};

const valueOf = tokens => {
  let at = 0;
  const next = () => {
    const token = tokens[at++];
    if (token === null || typeof token !== 'object') return token;
    const [[kind, what]] = Object.entries(token);
    switch (kind) {
      case 'undefined':
        return undefined;
      case 'number':
        return Number(what);
      case 'bigint':
        return BigInt(what);
      case 'date':
        return new Date(what);
      case 'array':
        return Array.from({ length: what }, next);
      case 'object': {
        const object = {};
        for (let i = 0; i < what; i++) {
          const name = next();
          // `__proto__` is a property like any other.
          Object.defineProperty(object, name, { value: next(), writable: true, enumerable: true, configurable: true });
        }
        return object;
      }
      case 'function':
      case 'foreign':
        return things[what];
      case 'database':
        return handle(Database, what, () => new Database(what));
      case 'connection':
        return handle(Connection, what, () => new Connection(what));
      case 'entity': {
        const [eid, db] = [next(), next()];
        return handle(Entity, what, () => new Entity(what, eid, db));
      }
      case 'datom':
        return new Datom(next(), next(), next(), next());
      case 'edn':
        return new Edn(what);
      default:
        throw new Error(`no such token: ${JSON.stringify(token)}`);
    }
  };
  return next();
};

// Handed on as it is, whatever it is: what was thrown, `this`, metadata of transactions.
const whole = x => (x !== null && typeof x === 'object' ? new Whole(x) : x);

const run = (f, [self, ...args]) => {
  let outcome;
  try {
    outcome = ['gave', ...tokensOf(f.apply(self, args))];
  } catch (error) {
    outcome = ['threw', ...tokensOf(whole(error))];
  }
  send(outcome);
};

const ask = (kind, name, args = []) => {
  send([kind, name, ...tokensOf(args)]);
  for (;;) {
    const [what, ...rest] = receive();
    switch (what) {
      case 'gave':
        return valueOf(rest);
      case 'threw':
        throw valueOf(rest);
      case 'refused':
        throw new Error(rest[0]);
      case 'run':
        run(things[rest[0]], valueOf(rest.slice(1)));
        break;
      default:
        throw new Error(`no such message: ${what}`);
    }
  }
};

const names = ask('names');
for (const name of names.functions) {
  exports[name] = (...args) => ask('call', name, args);
}
for (const name of names.methods) {
  Entity.prototype[name] = function (...args) {
    return ask('method', name, [this, ...args]);
  };
}

const { transact, reset_conn: resetConn } = exports;
exports.transact = (conn, entities, meta) => transact(conn, entities, whole(meta));
exports.reset_conn = (conn, db, meta) => resetConn(conn, db, whole(meta));
const { forEach } = Entity.prototype;
Entity.prototype.forEach = function (f, self) {
  return forEach.call(this, f, whole(self));
};
