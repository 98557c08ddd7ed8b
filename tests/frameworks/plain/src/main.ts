import { configureAutoBackup } from 'sqlite-autobackup';
import * as app from '../../support/app.js';
import { Compositions } from './compositions.js';
import { serve } from './http.js';
import { invoices } from './invoices.js';

configureAutoBackup(app.backupOptions);

const editions = ['none', 'above', 'between', 'below'];
const controllers = Object.fromEntries(editions.map((edition) => [edition, invoices(edition)]));
serve({ ...controllers, compositions: new Compositions() }, app.announce);
