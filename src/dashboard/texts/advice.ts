import type { AdviceAction, AdviceKind } from '../advice.js';

type Advices = Readonly<Record<AdviceKind, string>>;
type Buttons = Readonly<Record<NonNullable<AdviceAction>, string>>;

/** What to do about each kind of trouble: `adviceFor()` in advice.ts says which kind a code is. */
export const adviceEn: { readonly advice: Advices; readonly adviceButtons: Buttons } = {
  advice: {
    databaseGone:
      'The database file has been moved or deleted. If nobody knows where it is, go back to the newest backup.',
    databaseDamaged: 'Do not work on with it. Go back to the newest good backup; the damaged file is kept beside it.',
    databaseRights: 'This app may not read the database. Whoever looks after this computer has to allow it.',
    folderAway: 'Is the disk plugged in, and the network drive connected? Then look again.',
    folderRights: 'This app may not write there. Whoever looks after this computer has to allow it; then look again.',
    diskFull: 'Make room on the disk: other files, or old backups that could go.',
    wrongClock: 'The clock of this computer is wrong, or was: backups are dated ahead. Set it right, then look again.',
    busy: 'Something else was using it. It is tried again by itself; look again in a few minutes.',
    inUse: 'Close every other program that has the database open, then try again.',
    copyDiffers:
      'The copy was thrown away. If it happens again, the disk may be failing: ask whoever looks after this computer.',
    otherBackup: 'Do not use this backup. Choose another one.',
    isProtected: 'Take the protection off first, if it really may go.',
    gone: 'It may have been deleted meanwhile. Choose another one.',
    switchedOff: 'Backups are switched off in the app’s settings. Whoever looks after this app can switch them on.',
    stopping: 'The app was being stopped. Look again when it runs.',
    cancelled: 'Nothing was changed.',
    planAgain: 'Somebody has changed the data meanwhile, and nothing was written. Look at the new plan.',
    conflict: 'Nothing was written. Choose what should happen with the rows that are in the way.',
    rowsRefused:
      'Nothing was written. Ask whoever looks after this app: the rows need a decision that this page can’t make.',
    storeAway: 'Is it plugged in, and the network connected? It is tried again by itself.',
    storeRights: 'Whoever looks after this computer has to look at its access key and its space.',
    askHelp: 'Ask whoever looks after this computer. The log of the app has the details.',
  },
  adviceButtons: {
    'go-back': 'Go back to the newest good backup',
    'look-again': 'Look again',
    'make-room': 'See which could go',
    'see-backups': 'See all backups',
  },
};

export const adviceEs: typeof adviceEn = {
  advice: {
    databaseGone:
      'El archivo de la base de datos se ha movido o borrado. Si nadie sabe dónde está, vuelva a la última copia.',
    databaseDamaged:
      'No siga trabajando con ella. Vuelva a la última copia buena; el archivo dañado se conserva al lado.',
    databaseRights: 'La aplicación no puede leer la base de datos. Quien cuida de este equipo tiene que permitirlo.',
    folderAway: '¿Está conectado el disco o la unidad de red? Después, mire otra vez.',
    folderRights:
      'La aplicación no puede escribir ahí. Quien cuida de este equipo tiene que permitirlo; después, mire otra vez.',
    diskFull: 'Haga sitio en el disco: otros archivos o copias antiguas que podrían irse.',
    wrongClock:
      'El reloj de este equipo está mal, o lo estuvo: hay copias con fecha futura. Corríjalo y mire otra vez.',
    busy: 'Otra cosa la estaba usando. Se intenta de nuevo por sí solo; mire otra vez en unos minutos.',
    inUse: 'Cierre los demás programas que tengan abierta la base de datos e inténtelo de nuevo.',
    copyDiffers:
      'La copia se ha desechado. Si vuelve a pasar, puede que falle el disco: avise a quien cuida de este equipo.',
    otherBackup: 'No use esta copia. Elija otra.',
    isProtected: 'Quite antes la protección, si de verdad puede irse.',
    gone: 'Puede que se haya borrado entretanto. Elija otra.',
    switchedOff: 'Las copias están desactivadas en los ajustes de la aplicación. Quien cuida de ella puede activarlas.',
    stopping: 'La aplicación se estaba cerrando. Mire otra vez cuando funcione.',
    cancelled: 'No se ha cambiado nada.',
    planAgain: 'Alguien ha cambiado los datos entretanto y no se ha escrito nada. Mire el plan nuevo.',
    conflict: 'No se ha escrito nada. Elija qué hacer con las filas que estorban.',
    rowsRefused:
      'No se ha escrito nada. Avise a quien cuida de la aplicación: hace falta una decisión que no cabe aquí.',
    storeAway: '¿Está conectado, y hay red? Se intenta de nuevo por sí solo.',
    storeRights: 'Quien cuida de este equipo tiene que mirar su clave de acceso y su espacio.',
    askHelp: 'Avise a quien cuida de este equipo. El registro de la aplicación tiene los detalles.',
  },
  adviceButtons: {
    'go-back': 'Volver a la última copia buena',
    'look-again': 'Mirar otra vez',
    'make-room': 'Ver cuáles podrían irse',
    'see-backups': 'Ver todas las copias',
  },
};
