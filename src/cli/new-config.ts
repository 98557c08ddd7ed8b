import { escaped } from '../util/printable.js';

// The configuration file that `init` writes, and what is to be done next. Pure.

export interface Project {
  /** `"type": "module"` */
  readonly esm: boolean;
  readonly nest: boolean;
  readonly typescript: boolean;
}

/** @param database relative to the folder of the file, with slashes */
export function configText(database: string, { esm }: Project): string {
  const folder = esm ? 'import.meta.dirname' : '__dirname';
  const head = esm
    ? "import path from 'node:path';\nimport { keep } from 'sqlite-autobackup';\n\nexport default {"
    : "const path = require('node:path');\nconst { keep } = require('sqlite-autobackup');\n\nmodule.exports = {";
  return `// The app and the command line read this file: npx sqlite-autobackup status
${head}
  database: path.join(${folder}, ${quoted(database)}),
  // A protected method takes a backup first when the newest one is this old.
  interval: '7d',
  retention: keep({ last: 20, weekly: 8, monthly: 12 }),
  // Copies elsewhere, for when this computer is lost: see docs/off-site.md.
  // copies: [directoryStore('/mnt/nas/backups')],
};
`;
}

export function nextSteps(file: string, { esm, nest, typescript }: Project): string[] {
  const load = esm
    ? `import config from './${file}';${typescript ? ' // with "allowJs" in tsconfig.json' : ''}`
    : `const config = require('./${file}');`;
  return [
    'Check the set-up: npx sqlite-autobackup doctor',
    nest
      ? `In the app's module:\n${load}\n@Module({ imports: [AutoBackupModule.forRoot(config)] })`
      : `When the app starts:\n${load}\nconfigureAutoBackup(config);`,
    typescript || nest
      ? 'Put @AutoBackup() on the methods that change much, or can.'
      : 'Wrap the functions that change much, or can: withAutoBackup(remove, { label: "remove" }).',
    'Take the first backup: npx sqlite-autobackup create',
    'Keep backups out of Git: add *_backup_*.* and .*_backup.* to .gitignore',
  ];
}

function quoted(text: string): string {
  return `'${escaped(text.replace(/[\\']/g, '\\$&'))}'`;
}
