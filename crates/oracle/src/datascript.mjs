// Answers cases with npm's DataScript. Each line of the input is a case as JSON: [schema, [kind, form…]…], every form as
// EDN text but those of an exchange. Each line of the output is EDN: one [:gave value], [:refused message] or [:broke message] a step; or :endless.
//
// The JavaScript API turns what goes in and comes out into JavaScript's own data, where keywords, sets and lists are
// lost. Two holes in it let ClojureScript's data through: constants of a query reach a function as they are, and
// what says that it knows how to become JavaScript is asked to do so itself.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runInThisContext } from 'node:vm';

// DataScript prints variables of some clauses it refuses.
console.log = () => {};

const d = createRequire(join(process.argv.at(-1), 'index.js'))('datascript');

const read = texts => {
  let values;
  const keep = (...args) => { values = args; return 1; };
  d.q(`[:find ?r . :in ?f :where [(?f ${texts.join(' ')}) ?r]]`, keep);
  return values;
};

// What q gives passes through `clj->js`, which first looks whether a value implements IEncodeJS: a property that holds
// ClojureScript's mark, and a method. The mark is the object that a keyword's prototype has for its protocols; the
// names, which the compiler shortened, are the properties that `clj->js` reads first.
const keepResultsAsTheyAre = () => {
  const prototype = Object.getPrototypeOf(read([':k'])[0]);
  const mark = Object.values(prototype).find(v => v !== null && typeof v === 'object');
  const propertiesRead = known => {
    const names = [];
    const spy = new Proxy({}, { get: (_, name) => { names.push(name); return known[name]; } });
    try { d.q('[:find ?x . :in ?x]', spy); } catch { /* it cannot be turned into anything */ }
    return names;
  };
  const marked = propertiesRead({})[0];
  const method = propertiesRead({ [marked]: mark })[1];
  Object.defineProperty(Object.prototype, marked, { value: mark });
  Object.defineProperty(Object.prototype, method, { value: x => x });
  const kept = String(d.q('[:find ?x . :in ?x]', read(['[:a/b #{"c"} (1)]'])[0]));
  if (kept !== '[:a/b #{"c"} (1)]') throw new Error('results of q are turned into JavaScript: ' + kept);
};
keepResultsAsTheyAre();

const string = text => JSON.stringify(text).replace(/\\u([0-9a-f]{4})/g, '\\u$1');
const show = x => {
  if (x === null || x === undefined) return 'nil';
  if (typeof x === 'string') return string(x);
  if (typeof x === 'number' && !Number.isFinite(x)) return Number.isNaN(x) ? '##NaN' : x > 0 ? '##Inf' : '##-Inf';
  if (x instanceof Date) return `#inst "${x.toISOString()}"`;
  return String(x);
};
// A datom keeps a retraction as a negative transaction.
const showDatom = x => `[${x.e} ${show(x.a)} ${show(x.v)} ${Math.abs(x.tx)} ${x.tx > 0}]`;
const showDatoms = datoms => `[${datoms.map(showDatom).join(' ')}]`;

const transact = (conn, tx) => {
  const report = d.transact(conn, tx);
  const tempids = Object.entries(report.tempids).map(([k, v]) => `${string(k)} ${v}`);
  return `{:tempids {${tempids.join(' ')}} :tx-data ${showDatoms(report.tx_data)} ` +
    `:datoms ${showDatoms(d.datoms(report.db_after, ':eavt'))}}`;
};

// Attributes and keywords are strings in JSON. The JavaScript API, whose users have strings in the first place, leaves that
// to them, as it does back.
const frozen = db => {
  const written = d.serializable(db);
  return { ...written, attrs: written.attrs.map(String), keywords: written.keywords.map(String) };
};
const thawed = text => {
  const written = JSON.parse(text);
  const [attrs, keywords] = read([written.attrs, written.keywords].map(names => `[${names.join(' ')}]`));
  return d.from_serializable({ ...written, attrs, keywords });
};
const printed = db => d.q('[:find ?text . :in $ :where [(pr-str $) ?text]]', db);
const contents = db => {
  const { schema, 'max-eid': eid, 'max-tx': tx, ...rest } = frozen(db);
  return `[${schema} [${eid} ${tx}] ${string(JSON.stringify(rest))}]`;
};
const exchange = (db, [json, text]) =>
  `[${string(JSON.stringify(frozen(db)))} ${string(printed(db))} ` +
    `${contents(db)} ${contents(thawed(json))} ${contents(read([text])[0])}]`;

const step = (conn, kind, texts, forms) => {
  switch (kind) {
    case 'transact': return transact(conn, forms[0]);
    case 'q': return show(d.q(texts[0], d.db(conn), ...forms.slice(1)));
    case 'q_one': {
      const [all, one] = texts.slice(0, 2).map(text => show(d.q(text, d.db(conn), ...forms.slice(2))));
      return `[${one} ${all}]`;
    }
    case 'pull': return show(d.pull(d.db(conn), texts[0], forms[1]));
    case 'pull_many': return show(d.pull_many(d.db(conn), texts[0], forms[1]));
    case 'datoms': case 'seek_datoms': case 'index_range':
      return showDatoms(d[kind](d.db(conn), ...forms));
    case 'exchange': return exchange(d.db(conn), texts);
    default: throw new Error('no such step: ' + kind);
  }
};

const outcome = run => {
  try {
    const given = run();
    // Where the JVM refuses to reckon with what is no number, JavaScript goes on.
    return given.includes('##NaN') ? '[:broke "not a number"]' : `[:gave ${given}]`;
  } catch (error) {
    const kind = error.data === undefined ? ':broke' : ':refused';
    return `[${kind} ${string(String(error.message))}]`;
  }
};

const answer = line => {
  const [schema, ...steps] = JSON.parse(line);
  const formsOf = ([kind, ...texts]) => (kind === 'exchange' ? [] : texts);
  const values = read([schema, ...steps.flatMap(formsOf)]);
  let conn, at = 1;
  const made = outcome(() => { conn = d.conn_from_db(d.empty_db(values[0])); return 'nil'; });
  const outcomes = steps.map(([kind, ...texts]) => {
    const forms = values.slice(at, at += formsOf([kind, ...texts]).length);
    return conn === undefined ? made : outcome(() => step(conn, kind, texts, forms));
  });
  return `[${outcomes.join(' ')}]`;
};

// Some recursive rules do not end.
const withinTime = run => {
  globalThis.run = run;
  return runInThisContext('run()', { timeout: 2000 });
};

createInterface({ input: process.stdin }).on('line', line => {
  let out;
  try {
    out = withinTime(() => answer(line));
  } catch (error) {
    out = error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? ':endless' : `[:lost ${string(String(error.stack))}]`;
  }
  process.stdout.write(out.replaceAll('\n', ' ') + '\n');
});
