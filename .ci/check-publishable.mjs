// Before a publish: npm's provenance needs the repository's address, and the version must be the one of the tag.
import fs from 'node:fs';

const { repository, version } = JSON.parse(fs.readFileSync('package.json', 'utf8'));
const problems = [];
if (!repository) {
  problems.push(
    'package.json has no "repository". Add its address before publishing: npm checks the provenance against it.',
  );
}
const tag = process.env.GITHUB_REF_NAME;
if (tag && tag !== `v${version}`) problems.push(`The tag is ${tag}, and package.json has version ${version}.`);
for (const problem of problems) console.error(`error: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
