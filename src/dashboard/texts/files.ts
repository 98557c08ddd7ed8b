/** The texts of the two ways to handle a file oneself: bringing one in, and asking one a question. */
export const filesEn = {
  upload: {
    title: 'Bring a backup file in',
    link: 'Bring a backup file in…',
    note: [
      'One that was downloaded, or that lies on a USB stick. It is checked in full before it counts, and then is protected.',
      'It is as old as its data, and never counts as fresh: the next backup is made all the same.',
    ],
    file: 'The file',
    limit: (size: string) => `A SQLite database of at most ${size}.`,
    taken: 'When its data is from',
    takenNote: (zone: string) =>
      `Only if its name does not say so, as app_backup_20261124_093000.db does. Time zone: ${zone}.`,
    label: 'What it is (if you like)',
    send: 'Send and check it',
    tag: 'from elsewhere',
    at: 'Brought in',
  },
  query: {
    title: 'Ask this backup',
    note: 'A SELECT over its tables, for whoever knows SQL. It reads only: nothing can be changed by it.',
    open: 'Ask…',
    sql: 'The question, in SQL',
    ask: 'Ask',
    none: 'No row answers it.',
    rows: (count: string) => (count === '1' ? '1 row' : `${count} rows`),
    truncated: (count: string) =>
      `These are the first ${count} rows; there are more. Ask for fewer, with WHERE or LIMIT.`,
    csv: 'Download as CSV',
    csvNote: 'A spreadsheet may take texts that begin with = for formulas.',
    bytes: (count: string) => `${count} bytes`,
    empty: 'empty text',
  },
};

export const filesEs: typeof filesEn = {
  upload: {
    title: 'Traer un archivo de copia',
    link: 'Traer un archivo de copia…',
    note: [
      'Uno que se descargó, o que está en una memoria USB. Se comprueba entero antes de contar, y queda protegido.',
      'Es tan antiguo como sus datos y nunca cuenta como reciente: la próxima copia se hace igualmente.',
    ],
    file: 'El archivo',
    limit: (size) => `Una base de datos SQLite de ${size} como mucho.`,
    taken: 'De cuándo son sus datos',
    takenNote: (zone) => `Solo si su nombre no lo dice, como app_backup_20261124_093000.db. Zona horaria: ${zone}.`,
    label: 'Qué es (si quiere)',
    send: 'Enviarlo y comprobarlo',
    tag: 'traída de fuera',
    at: 'Traída',
  },
  query: {
    title: 'Preguntar a esta copia',
    note: 'Un SELECT sobre sus tablas, para quien sabe SQL. Solo lee: no se puede cambiar nada.',
    open: 'Preguntar…',
    sql: 'La pregunta, en SQL',
    ask: 'Preguntar',
    none: 'Ninguna fila responde.',
    rows: (count) => (count === '1' ? '1 fila' : `${count} filas`),
    truncated: (count) => `Estas son las primeras ${count} filas; hay más. Pida menos, con WHERE o LIMIT.`,
    csv: 'Descargar como CSV',
    csvNote: 'Una hoja de cálculo puede tomar por fórmulas los textos que empiezan por =.',
    bytes: (count) => `${count} bytes`,
    empty: 'texto vacío',
  },
};
