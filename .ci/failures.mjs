// What has failed, in a few lines each, for the end of a log: of a long one only the end may be kept.
import fs from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { jestFile, resultOf } from './results.mjs';

/** All of it together. */
const MAX_CHARACTERS = 6_000;
const MAX_LINES = 15;
/** Of a failure; where there are few, each may have more. */
const MIN_CHARACTERS = 400;

export function printFailures(suites) {
  const failures = suites.flatMap(failuresOf);
  if (failures.length === 0) return;
  const each = Math.max(MIN_CHARACTERS, Math.floor(MAX_CHARACTERS / failures.length) - 10);
  const told = failures.map(({ title, lines, end }) => {
    const room = Math.max(0, each - title.length);
    const text = lines.join('\n');
    return `--- ${title}\n${text.length <= room ? text : end ? `…${text.slice(-room)}` : `${text.slice(0, room)}…`}`;
  });
  console.log('\n=== What has failed');
  let left = MAX_CHARACTERS;
  for (const [i, text] of told.entries()) {
    if (text.length > left) return console.log(`… and ${told.length - i} more`);
    left -= text.length;
    console.log(text);
  }
}

function failuresOf(suite) {
  const { failed, tail } = resultOf(suite);
  if (failed === 0) return [];
  const tests = failedTests(suite);
  if (tests.length > 0) return tests;
  // The last lines of its output.
  return [{ title: suite, lines: tail ?? ['it did not run'], end: true }];
}

/** Of jest's report. A suite that has none of its own (another runner, a check) is told by the end of its output. */
function failedTests(suite) {
  const file = jestFile(suite);
  const { testResults = [] } = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : {};
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const title = `${suite} ${path.relative('.', name)}`;
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return status === 'failed' ? [{ title, lines: head(message) }] : [];
    return failed.map(({ fullName, failureMessages }) => ({
      title: `${title}\n    ${fullName}`,
      lines: head(failureMessages.join('\n')),
    }));
  });
}

function head(message) {
  return linesOf(message).slice(0, MAX_LINES);
}

/** Without colours and empty lines. */
export function linesOf(text) {
  return stripVTControlCharacters(text)
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
}
