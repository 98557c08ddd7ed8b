import type { VerdictDictionary, VerdictFacts } from '../../service/verdict-words.js';

const copias = (count: number): string => (count === 1 ? '1 copia' : `${count} copias`);
const cosas = (count: number): string => (count === 1 ? 'falta una cosa' : `faltan ${count} cosas`);
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const atrasado = ({ name, pending, waits, why }: VerdictFacts['stores'][number]): string =>
  pending === 0
    ? `${name}: todavía no hay nada`
    : `${name}: ${copias(pending)} en espera, la más antigua de ${waits}${why && ` (${why})`}`;

/** The verdict in Spanish. English is that of the terminal. */
export const VERDICT_ES: VerdictDictionary = {
  questions: { recent: 'Reciente', proven: 'Comprobada', elsewhere: 'En otro sitio', room: 'Espacio' },
  headline({ level, recent, answers }) {
    const todo = answers.filter(({ mark }) => mark !== 'good').length;
    if (level === 'good') return 'A salvo';
    if (level === 'bad') return 'En riesgo';
    if (level === 'unknown') return 'No se sabe';
    return recent.mark === 'good' ? `A salvo aquí, ${cosas(todo)}` : capital(cosas(todo));
  },
  answers: {
    'not-asked': () => ({ say: 'No se sabe ahora mismo', more: 'No se ha podido preguntar.' }),
    'folder-missing': () => ({ say: 'La carpeta de copias no está', more: 'Quizá falte conectar o montar su disco.' }),
    'folder-unreadable': ({ reason }) => ({ say: 'No se sabe qué copias hay', more: reason }),
    disabled: () => ({ say: 'Las copias están desactivadas', more: 'No se hace ninguna.' }),
    failed: ({ reason, next, free, needed, ago }) => ({
      say: `La última copia falló: ${reason}`,
      more: [
        free && needed && `${free} libres, una copia necesita ${needed}.`,
        ago ? `La más reciente es de ${ago}.` : 'Todavía no hay ninguna.',
        next ? `Próximo intento ${next}.` : 'Próximo intento con el próximo cambio.',
      ]
        .filter(Boolean)
        .join(' '),
    }),
    'no-backup': () => ({ say: 'Todavía no hay ninguna copia', more: 'La primera se hace antes del próximo cambio.' }),
    'dated-ahead': ({ count }) => ({
      say: 'El reloj de este equipo está mal, o lo estuvo',
      more: `${capital(copias(count))} con fecha futura: contarán cuando llegue su hora. Ponga el reloj en hora.`,
    }),
    unusable: ({ count }) => ({ say: 'Ninguna copia sirve', more: `Hay ${count} y ninguna está entera.` }),
    'database-gone': ({ ago }) => ({
      say: 'La base de datos no está',
      more: ago ? `La copia más reciente es de ${ago}: vuelva a ella.` : 'Tampoco hay ninguna copia.',
    }),
    'database-unusable': ({ reason, ago }) => ({
      say: `La base de datos no se puede usar: ${reason}`,
      more: ago ? `La copia más reciente es de ${ago}: vuelva a ella.` : 'Tampoco hay ninguna copia.',
    }),
    'database-unseen': ({ reason, ago }) => ({
      say: reason ? `No se ha podido mirar la base de datos: ${reason}` : 'Se está mirando la base de datos',
      more: ago && `La copia más reciente es de ${ago}.`,
    }),
    clock: ({ count, ago }) => ({
      say: `${capital(copias(count))} con fecha posterior al reloj`,
      more: `Ponga en hora el reloj de este equipo. La copia más reciente que cuenta es de ${ago}.`,
    }),
    due: ({ ago }) => ({ say: `La última copia es de ${ago}`, more: 'La próxima se hace antes del próximo cambio.' }),
    fresh: ({ ago, nextDate }) => ({
      say: `La última copia es de ${ago}`,
      more: `Próxima: antes del primer cambio a partir del ${nextDate}`,
    }),
    'nothing-to-prove': () => ({ say: 'Todavía no hay nada que probar' }),
    'verify-failed': ({ name, ago }) => ({ say: 'Una copia está rota', more: `${name}, hallado ${ago}. No la use.` }),
    'drill-failed': ({ name, ago }) => ({ say: 'El último simulacro falló', more: `Con ${name}, ${ago}.` }),
    'broken-backups': ({ count }) => ({
      say: count === 1 ? '1 copia no sirve' : `${count} copias no sirven`,
      more: 'Las demás sí. Borre lo que está roto.',
    }),
    unverified: () => ({ say: 'La copia más reciente nunca se ha verificado', more: 'La hizo otro programa.' }),
    'never-drilled': ({ ago }) => ({
      say: 'Nunca se ha probado a restaurar',
      more: `La copia más reciente se verificó ${ago}. Un simulacro la restaura aparte y mira.`,
    }),
    'verify-old': ({ ago }) => ({
      say: `La copia más reciente se verificó por última vez ${ago}`,
      more: 'Los discos se estropean. Verifíquela otra vez.',
    }),
    'drill-old': ({ ago }) => ({ say: `El último simulacro fue ${ago}`, more: 'Haga otro.' }),
    drilled: ({ ago }) => ({ say: `Un simulacro de restauración salió bien ${ago}` }),
    'nothing-to-copy': () => ({ say: 'Todavía no hay nada que copiar' }),
    'only-here': () => ({
      say: 'Solo en este equipo',
      more: 'Si lo roban, se quema o se rompe su disco, las copias se van con él. Añada un almacén a «copies», o acéptelo.',
    }),
    'only-here-accepted': ({ by, ago }) => ({
      say: 'Solo en este equipo',
      more: `Aceptado${by && ` por ${by}`} ${ago}.`,
    }),
    'stores-behind': ({ stores }) => {
      const late = stores.filter(({ mark }) => mark !== 'good');
      const current = stores.filter(({ mark }) => mark === 'good').map(({ name }) => `${name}: al día`);
      return {
        say: atrasado(late[0]!),
        more: [...late.slice(1).map(atrasado), ...current].join('. ') || undefined,
      };
    },
    'stores-shipping': ({ stores }) => ({
      say: `De camino a ${stores
        .filter(({ pending }) => pending > 0)
        .map(({ name }) => name)
        .join(', ')}`,
    }),
    'stores-current': ({ stores }) => ({
      say: `También en ${stores.map(({ name }) => name).join(', ')}`,
      more: 'Al día.',
    }),
    'space-unknown': () => ({ say: 'El disco no dice cuánto queda libre' }),
    full: ({ free, needed }) => ({
      say: `${free} libres, una copia necesita ${needed}`,
      more: 'La próxima copia fallará. Libere espacio.',
    }),
    tight: ({ free, needed }) => ({
      say: `${free} libres, una copia necesita ${needed}`,
      more: 'No caben las dos próximas. Libere espacio.',
    }),
    enough: ({ free, needed }) => ({ say: `${free} libres`, more: `Una copia necesita ${needed}.` }),
  },
};
