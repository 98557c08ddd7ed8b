// The public API, a line for each thing that somebody may use, compared with what was committed: `npm run api`. A change of it is
// meant, or it fails here; `npm run api -- --update` writes it anew, and its diff is what a reviewer reads.
import fs from 'node:fs';
import { Application, ReflectionKind } from 'typedoc';

const REPORT = 'tests/package/api.txt';
const HEAD =
  '# The public API, by entry point. Written by `npm run api -- --update`; a release says what its diff means.\n';

const app = await Application.bootstrapWithPlugins({ logLevel: 'Error' });
const project = await app.convert();
if (!project) throw new Error('typedoc could not read the types');

const lines = project.children.flatMap((entry) => [
  '',
  `## ${entry.name}`,
  ...entry.children.flatMap((each) => linesOf(each, '')),
]);
const report = `${HEAD}${lines.join('\n')}\n`;
const known = fs.existsSync(REPORT) ? fs.readFileSync(REPORT, 'utf8') : '';

if (process.argv.includes('--update')) fs.writeFileSync(REPORT, report);
else if (report !== known) {
  const [now, before] = [report, known].map((text) => new Set(text.split('\n')));
  for (const line of before) if (!now.has(line)) console.error(`- ${line}`);
  for (const line of now) if (!before.has(line)) console.error(`+ ${line}`);
  console.error(
    `\nThe public API is not as ${REPORT} has it. If that is meant: npm run api -- --update, and a line in CHANGELOG.md.`,
  );
  process.exitCode = 1;
}

/** What it is, and below it what it has. */
function linesOf(reflection, indent) {
  const { name, kind, signatures, type, children = [], flags } = reflection;
  const words = ['isStatic', 'isAbstract', 'isReadonly']
    .filter((flag) => flags[flag])
    .map((flag) => flag.slice(2).toLowerCase());
  const start = [...words, ReflectionKind.singularString(kind).toLowerCase()].join(' ');
  const title = `${indent}${start} ${name}${flags.isOptional ? '?' : ''}${parametersOfType(reflection)}`;
  const extending = reflection.extendedTypes?.length ? ` extends ${reflection.extendedTypes.join(', ')}` : '';
  // What is inherited is said where it comes from; some of it is Node's, and other in another version of its types.
  const below = children.filter(({ inheritedFrom }) => !inheritedFrom).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (signatures) return signatures.map((signature) => `${title}${textOf(signature)}`);
  const accessor = reflection.getSignature?.type ?? reflection.setSignature?.parameters?.[0]?.type;
  const value = type ?? accessor;
  // An object that is written out in its place.
  const own = value?.type === 'reflection' && value.declaration.children ? value.declaration.children : [];
  const text = value && own.length === 0 ? `: ${oneLine(value)}` : '';
  const called = (reflection.indexSignatures ?? []).map((each) => `${indent}  [index]${textOf(each)}`);
  return [
    `${title}${extending}${text}${reflection.defaultValue !== undefined && kind === ReflectionKind.Variable ? ` = ${reflection.defaultValue}` : ''}`,
    ...called,
    ...[...below, ...own].flatMap((child) => linesOf(child, `${indent}  `)),
  ];
}

function parametersOfType({ typeParameters }) {
  if (!typeParameters?.length) return '';
  return `<${typeParameters.map((each) => `${each.name}${each.type ? ` extends ${oneLine(each.type)}` : ''}${each.default ? ` = ${oneLine(each.default)}` : ''}`).join(', ')}>`;
}

function textOf(signature) {
  const parameters = (signature.parameters ?? []).map(({ name, type, flags, defaultValue }) => {
    const optional = flags.isOptional || defaultValue !== undefined ? '?' : '';
    return `${flags.isRest ? '...' : ''}${name}${optional}: ${oneLine(type)}`;
  });
  return `${parametersOfType(signature)}(${parameters.join(', ')}): ${oneLine(signature.type)}`;
}

/** The objects in it written out, which typedoc's own text of a type leaves as "Object". */
function oneLine(type) {
  if (!type) return 'any';
  if (type.type === 'reflection') {
    const { signatures = [], children = [] } = type.declaration;
    if (signatures.length > 0)
      return signatures.map((each) => textOf(each).replace(/\): (?=[^)]*$)/, ') => ')).join(' & ');
    const parts = children.map((each) =>
      linesOf(each, '')
        .join(' ')
        .replace(/^(readonly )?property /, '$1'),
    );
    return `{ ${parts.join('; ')} }`;
  }
  if (type.type === 'union' || type.type === 'intersection') {
    return type.types.map(oneLine).join(type.type === 'union' ? ' | ' : ' & ');
  }
  if (type.type === 'array') {
    const element = oneLine(type.elementType);
    return element.includes(' ') ? `(${element})[]` : `${element}[]`;
  }
  if (type.type === 'typeOperator') return `${type.operator} ${oneLine(type.target)}`;
  if (type.type === 'reference' && type.typeArguments?.length) {
    return `${type.name}<${type.typeArguments.map(oneLine).join(', ')}>`;
  }
  return String(type);
}
