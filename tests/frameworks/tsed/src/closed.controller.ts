import { Controller, inject, Intercept } from '@tsed/di';
import { Post } from '@tsed/schema';
import { BackupService } from 'sqlite-autobackup';
import { decoratorsOf } from './edition.js';
import { Closed } from './middlewares.js';

const { above } = decoratorsOf('above');

/** An interceptor that turns every request away, on either side of `@AutoBackup()`. */
@Controller('/closed')
export class ClosedController {
  readonly backups = inject(BackupService);

  @Post('/above')
  @Intercept(Closed)
  @above
  async interceptorAbove(): Promise<void> {}

  @Post('/below')
  @above
  @Intercept(Closed)
  async interceptorBelow(): Promise<void> {}
}
