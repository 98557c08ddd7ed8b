// The words of the page of activity, in both languages. `what` is the backup's name, or those of several.

export interface Words {
  readonly title: string;
  readonly none: string;
  readonly older: string;
  readonly created: (what: string, size: string) => string;
  readonly failed: Readonly<Record<'backup' | 'prune' | 'verify' | 'restore' | 'recover' | 'copy' | 'import', string>>;
  readonly pruned: (what: string) => string;
  readonly deleted: (what: string) => string;
  readonly protected: (what: string) => string;
  readonly unprotected: (what: string) => string;
  readonly verified: (what: string, good: boolean) => string;
  readonly drilled: (what: string, good: boolean) => string;
  readonly restored: (what: string) => string;
  readonly safety: (what: string) => string;
  readonly recovered: (what: string, rows: string) => string;
  readonly downloaded: (what: string) => string;
  readonly pulled: (what: string, store: string) => string;
  readonly imported: (what: string, size: string) => string;
  readonly uploaded: (what: string, size: string) => string;
  readonly copied: (what: string, store: string) => string;
  readonly copiesPruned: (what: string, store: string) => string;
  /** By which way, where no person is known. */
  readonly via: Readonly<Record<'app' | 'cli' | 'dashboard', string>>;
  readonly more: (count: number) => string;
}

export const activityEn: Words = {
  title: 'Activity',
  none: 'Nothing has been recorded yet.',
  older: 'Older',
  created: (what, size) => `Backup made: ${what}${size && `, ${size}`}`,
  failed: {
    backup: 'A backup failed',
    prune: 'Removing old backups failed',
    verify: 'A check failed',
    restore: 'A restore failed',
    recover: 'Bringing rows back failed',
    copy: 'Copying off this machine failed',
    import: 'A file was not taken as a backup',
  },
  pruned: (what) => `Old backups removed: ${what}`,
  deleted: (what) => `Deleted: ${what}`,
  protected: (what) => `Protected: ${what}`,
  unprotected: (what) => `Protection taken off: ${what}`,
  verified: (what, good) => `Checked: ${what} ${good ? 'is good' : 'is NOT good'}`,
  drilled: (what, good) => `Restore drill: ${what} ${good ? 'is good' : 'is NOT good'}`,
  restored: (what) => `The database was restored from ${what}`,
  safety: (what) => `the state before is in ${what}`,
  recovered: (what, rows) => `Brought back from ${what}: ${rows} rows`,
  downloaded: (what) => `Downloaded: ${what}`,
  pulled: (what, store) => `Fetched from ${store}: ${what}`,
  imported: (what, size) => `Brought in from elsewhere: ${what}${size && `, ${size}`}`,
  uploaded: (what, size) => `Uploaded: ${what}${size && `, ${size}`}`,
  copied: (what, store) => `Copied to ${store}: ${what}`,
  copiesPruned: (what, store) => `Old copies removed from ${store}: ${what}`,
  via: { app: 'by the app', cli: 'on the command line', dashboard: 'on this page' },
  more: (count) => `and ${count} more`,
};

export const activityEs: Words = {
  title: 'Actividad',
  none: 'Todavía no hay nada registrado.',
  older: 'Anteriores',
  created: (what, size) => `Copia hecha: ${what}${size && `, ${size}`}`,
  failed: {
    backup: 'Una copia ha fallado',
    prune: 'No se han podido quitar copias antiguas',
    verify: 'Una comprobación ha fallado',
    restore: 'Una restauración ha fallado',
    recover: 'No se han podido recuperar filas',
    copy: 'No se ha podido copiar fuera de este equipo',
    import: 'Un archivo no se aceptó como copia',
  },
  pruned: (what) => `Copias antiguas quitadas: ${what}`,
  deleted: (what) => `Borrada: ${what}`,
  protected: (what) => `Protegida: ${what}`,
  unprotected: (what) => `Sin protección: ${what}`,
  verified: (what, good) => `Comprobada: ${what} ${good ? 'está bien' : 'NO está bien'}`,
  drilled: (what, good) => `Simulacro de restauración: ${what} ${good ? 'está bien' : 'NO está bien'}`,
  restored: (what) => `La base de datos se restauró desde ${what}`,
  safety: (what) => `el estado anterior está en ${what}`,
  recovered: (what, rows) => `Recuperadas de ${what}: ${rows} filas`,
  downloaded: (what) => `Descargada: ${what}`,
  pulled: (what, store) => `Traída de ${store}: ${what}`,
  imported: (what, size) => `Traída de fuera: ${what}${size && `, ${size}`}`,
  uploaded: (what, size) => `Subida: ${what}${size && `, ${size}`}`,
  copied: (what, store) => `Copiada a ${store}: ${what}`,
  copiesPruned: (what, store) => `Copias antiguas quitadas de ${store}: ${what}`,
  via: { app: 'por la aplicación', cli: 'en la línea de órdenes', dashboard: 'en esta página' },
  more: (count) => `y ${count} más`,
};
