// Legacy decorators (experimentalDecorators): compiled by `npm run typecheck`, never run. Each `@ts-expect-error` is a shape that must be refused.
import { AutoBackup, BackupService } from 'sqlite-autobackup';

const service = new BackupService({ database: 'app.db' });

class Invoices {
  private readonly backups = service;

  @AutoBackup()
  async create(customer: string, total: number): Promise<string> {
    return customer + total;
  }

  @AutoBackup({ service: (self: Invoices) => self.backups, timing: 'after', label: 'remove' })
  async remove(id: number): Promise<void> {}

  @AutoBackup({ service })
  async find<T extends object>(query: T): Promise<T[]> {
    return [query];
  }

  @AutoBackup()
  static async import(): Promise<void> {}

  // @ts-expect-error -- not a promise of the language
  @AutoBackup()
  thenable(): PromiseLike<number> {
    return Promise.resolve(1);
  }

  @AutoBackup({ blocking: true })
  total(a: number): number {
    return a;
  }

  @AutoBackup({ blocking: true })
  async either(): Promise<void> {}

  @AutoBackup({
    interval: '1h',
    when: (self: Invoices, id: number) => id > 3,
    label: (_: Invoices, id, why) => `${id} ${why}`,
  })
  async typed(id: number, why?: string): Promise<void> {}

  // @ts-expect-error -- other arguments than the method's
  @AutoBackup({ when: (self: Invoices, id: string) => id === '' })
  async otherArguments(id: number): Promise<void> {}

  // @ts-expect-error -- another "this"
  @AutoBackup({ signal: (self: Date) => undefined })
  async otherThis(): Promise<void> {}

  // @ts-expect-error -- a value, without blocking
  @AutoBackup()
  sync(): number {
    return 1;
  }

  // @ts-expect-error -- sometimes a value, without blocking
  @AutoBackup()
  sometimes(): number | Promise<number> {
    return 1;
  }

  // @ts-expect-error -- a generator
  @AutoBackup()
  *generate(): Generator<number> {
    yield 1;
  }

  // @ts-expect-error -- an async generator
  @AutoBackup()
  async *stream(): AsyncGenerator<number> {
    yield 1;
  }

  // @ts-expect-error -- a generator, also with blocking
  @AutoBackup({ blocking: true })
  *generateBlocking(): Generator<number> {
    yield 1;
  }

  // @ts-expect-error -- an async generator, also with blocking
  @AutoBackup({ blocking: true })
  async *streamBlocking(): AsyncGenerator<number> {
    yield 1;
  }

  // @ts-expect-error -- a field
  @AutoBackup()
  field = async (): Promise<void> => {};

  // @ts-expect-error -- an auto-accessor
  @AutoBackup()
  accessor auto = async (): Promise<void> => {};

  // @ts-expect-error -- a getter
  @AutoBackup()
  get getter(): number {
    return 1;
  }

  // @ts-expect-error -- a setter
  @AutoBackup()
  set setter(value: number) {}

  // @ts-expect-error -- a static field
  @AutoBackup()
  static field = async (): Promise<void> => {};

  // @ts-expect-error -- may return undefined
  @AutoBackup()
  optional(): Promise<number> | undefined {
    return undefined;
  }

  // @ts-expect-error -- no such option
  @AutoBackup({ wen: 'before' })
  async misspelled(): Promise<void> {}

  // @ts-expect-error -- without parentheses
  @AutoBackup
  async bare(): Promise<void> {}
}

// @ts-expect-error -- a class
@AutoBackup()
class Decorated {}

class Parameters {
  // @ts-expect-error -- a parameter
  async create(@AutoBackup() id: number): Promise<void> {}
}

// The method's own type is kept.
const created: Promise<string> = new Invoices().create('Ana', 2);
// @ts-expect-error -- and so are its parameters
void new Invoices().create('Ana', '2');
