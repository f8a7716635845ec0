// Runs DataScript's own tests of its JavaScript API, which stand in `test/js` beside this, and says how many came out how.
'use strict';
const done = require('./done.js');

const { test_all: testAll } = require('./test/js/tests.js');
const { test: tests, fail, error, pass } = testAll();
const failed = fail + error;
done({ tests, assertions: pass + failed, passed: tests - failed, failed });
