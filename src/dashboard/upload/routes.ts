import type { Context, Hono } from 'hono';
import { timeInName } from '../../service/imported.js';
import type { Fields } from '../body.js';
import { HttpError } from '../http-error.js';
import { answerStarted } from '../jobs/answers.js';
import type { Started } from '../jobs/jobs.js';
import { requireRight } from '../middleware.js';
import { beginJob, lead } from '../pages.js';
import type { DashboardEnv, ServiceView } from '../service-view.js';
import { uploadPage } from '../views/upload.js';
import { viewOf } from '../views/view.js';
import { knownViewer } from '../viewer.js';
import { readIncoming } from './incoming.js';
import type { Incoming } from './incoming.js';

type C = Context<DashboardEnv>;

/** A backup file that comes from elsewhere. Whoever may put any state in the place of the database may bring one in. */
export function addUpload(app: Hono<DashboardEnv>, base: string, serviceView: ServiceView): void {
  const { service, operations, uploadLimit } = serviceView;

  /** The job begins while the file arrives, and shows it; the answer comes when all has been sent. */
  const begin = async (incoming: Incoming, owner?: string): Promise<Started> => {
    const { fields, fileName, sizeBytes, body, finish } = incoming;
    const { label, takenAt } = detailsOf(fields);
    let over!: () => void;
    const taken = new Promise<void>((resolve) => (over = resolve));
    async function* watched(): AsyncGenerator<Uint8Array, void> {
      try {
        yield* body;
      } finally {
        over();
      }
    }
    const started = operations.jobs.start({ kind: 'upload', key: String((number += 1)), owner }, async (control) => {
      try {
        const options = { fileName, label, takenAt, sizeBytes, maxBytes: uploadLimit, ...control };
        return { kind: 'upload', report: await service.importBackup(watched(), options) };
      } finally {
        over();
      }
    });
    await taken;
    await finish();
    return started;
  };

  app.get(`${base}/upload`, requireRight('restore'), (c) => c.html(uploadPage(viewOf(c, serviceView), serviceView)));
  app.post(`${base}/upload`, requireRight('restore'), async (c) => {
    const incoming = await readIncoming(c.req.raw, {}, uploadLimit);
    const back = (done: 'nothingSent' | 'sayWhen'): Promise<Response> =>
      incoming.finish().then(() => lead(c, serviceView, `${viewOf(c, serviceView).home}upload`, { done }));
    if (incoming.fileName === '') return back('nothingSent');
    if (!knowsWhen(incoming)) return back('sayWhen');
    return orFinish(incoming, () => beginJob(c, serviceView, () => begin(incoming, knownViewer(c))));
  });
  app.post(`${base}/api/uploads`, requireRight('restore'), async (c) => {
    const incoming = await readIncoming(c.req.raw, fieldsOf(c), uploadLimit);
    return orFinish(incoming, async () => answerStarted(c, serviceView, await begin(incoming), 201));
  });
}

/** Each upload is its own work. */
let number = 0;

/** What is refused is sent to its end all the same: before that, a client shows no answer. */
async function orFinish<T>(incoming: Incoming, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await incoming.finish();
    throw error;
  }
}

function fieldsOf(c: C): Fields {
  return Object.fromEntries(['name', 'taken', 'label'].map((key) => [key, c.req.query(key)]));
}

function knowsWhen({ fields: { taken = '' }, fileName }: Incoming): boolean {
  return taken !== '' || timeInName(fileName) !== undefined;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?$/;
const MAX_LABEL = 200;

/** Without a zone, a moment is one of this computer's, as all times on the page are. */
function detailsOf({ taken = '', label = '' }: Fields): { label: string | undefined; takenAt: Date | undefined } {
  if (typeof taken !== 'string' || typeof label !== 'string' || label.length > MAX_LABEL) {
    throw new HttpError('ERR_DASHBOARD_BODY');
  }
  const takenAt = taken === '' ? undefined : new Date(MOMENT.test(taken) ? taken : NaN);
  if (takenAt && Number.isNaN(takenAt.getTime())) throw new HttpError('ERR_DASHBOARD_BODY');
  return { label: label.trim() || undefined, takenAt };
}
