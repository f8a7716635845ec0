// Tells the process that started this one what came of it. What is printed goes where errors do: standard output is taken.
'use strict';
const { writeSync } = require('node:fs');
const { Console } = require('node:console');

globalThis.console = new Console(process.stderr, process.stderr);

module.exports = outcome => {
  let bytes = Buffer.from(JSON.stringify(['done', JSON.stringify(outcome)]) + '\n');
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(1, bytes));
};
