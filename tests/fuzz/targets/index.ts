import type { TargetModule } from '../target';
import { answers } from './answers';
import { manifests } from './manifests';
import { names } from './names';
import { options } from './options';
import { page } from './page';
import { pages } from './pages';
import { records } from './records';
import { assertions, where } from './sql';

const ALL = { names, manifests, records, options, answers, page, pages, where, assertions };

/** By the name on the command line. */
export const TARGETS = ALL as Readonly<Record<string, TargetModule>>;
