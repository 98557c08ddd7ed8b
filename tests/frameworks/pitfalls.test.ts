// What docs/pitfalls.md says, in its order.
import path from 'node:path';
import 'reflect-metadata';
import { AutoBackup, BackupError, configureAutoBackup, isBackupError, withAutoBackup } from 'sqlite-autobackup';
import { rejectionOf, thrownBy } from '../support/errors';
import { useFakeService } from './fake-service';

const { get, labels, dueAfter } = useFakeService();

describe('an override without the decorator', () => {
  class Base {
    @AutoBackup({ service: get })
    async wipe(): Promise<string> {
      return 'wiped';
    }
  }

  test('is not protected', async () => {
    class Shop extends Base {
      override async wipe(): Promise<string> {
        return 'wiped otherwise';
      }
    }
    expect(await new Shop().wipe()).toBe('wiped otherwise');
    expect(labels()).toEqual([]);
  });

  test('that calls super.method() is, from there on', async () => {
    let before: unknown;
    class Shop extends Base {
      override async wipe(): Promise<string> {
        before = labels();
        return super.wipe();
      }
    }
    await new Shop().wipe();
    expect(before).toEqual([]);
    expect(labels()).toEqual(['Base.wipe']);
  });

  test('with the decorator, too, takes one backup', async () => {
    class Shop extends Base {
      @AutoBackup({ service: get })
      override async wipe(): Promise<string> {
        return super.wipe();
      }
    }
    await new Shop().wipe();
    expect(labels()).toEqual(['Shop.wipe']);
  });
});

describe('a property that holds an arrow function', () => {
  test('is no method: the decorator is refused when the class is defined', () => {
    const decorate = AutoBackup() as unknown as PropertyDecorator;
    const define = () => {
      class Shop {
        @decorate
        wipe = async () => 'wiped';
      }
      return Shop;
    };
    expect(thrownBy(define)).toMatchObject({
      code: 'ERR_BACKUP_DECORATOR',
      message: expect.stringContaining('the field "Shop.wipe"'),
    });
  });

  test('is protected by withAutoBackup(), and keeps its this', async () => {
    class Shop {
      name = 'shop';
      wipe = withAutoBackup(async () => `${this.name} wiped`, { service: get, label: 'Shop.wipe' });
      unnamed = withAutoBackup(async () => {}, { service: get });
    }
    dueAfter(0);
    const { wipe, unnamed } = new Shop();
    expect(await wipe()).toBe('shop wiped');
    await unnamed();
    expect(labels()).toEqual(['Shop.wipe', 'anonymous function']);
  });
});

describe('a method that is detached from its object', () => {
  let ran = 0;
  class Shop {
    readonly backups = get();

    @AutoBackup({ service: (self: Shop) => self.backups })
    async wipe(): Promise<string> {
      ran += 1;
      return 'wiped';
    }

    @AutoBackup({ service: get })
    async self(): Promise<unknown> {
      return this;
    }
  }
  beforeEach(() => (ran = 0));

  test('has no this to find the service in: the call is rejected, and the method does not run', async () => {
    const { wipe } = new Shop();
    await expect(wipe.call(undefined as never)).rejects.toThrow(TypeError);
    expect([ran, labels()]).toEqual([0, []]);
  });

  test('is protected where the service is not looked for there, but has no this, as without the decorator', async () => {
    const { self } = new Shop();
    expect(await self.call(undefined as never)).toBeUndefined();
    expect(labels()).toEqual(['Shop.self']);
  });

  test('can be bound', async () => {
    const shop = new Shop();
    expect(await shop.wipe.bind(shop)()).toBe('wiped');
  });
});

describe('design:returntype', () => {
  type Wiped = Promise<string>;
  class Shop {
    @AutoBackup({ service: get })
    async wipe(): Promise<string> {
      return 'wiped';
    }

    @AutoBackup({ service: get })
    wipeLater(): Wiped {
      return Promise.resolve('wiped');
    }

    @(AutoBackup({ service: get }) as MethodDecorator)
    count(): number {
      return labels().length;
    }
  }
  const returnType = (key: string) => Reflect.getMetadata('design:returntype', Shop.prototype, key) as unknown;

  test('stays as the compiler wrote it', () => {
    expect(returnType('wipe')).toBe(Promise);
    expect(returnType('count')).toBe(Number);
  });

  test('says nothing that the decorator goes by: what counts is what the method returns', async () => {
    expect(returnType('wipeLater')).toBe(Object);
    expect(await new Shop().wipeLater()).toBe('wiped');
    const error = await rejectionOf(Promise.resolve().then(() => new Shop().count()));
    expect(error.code).toBe('ERR_BACKUP_NOT_ASYNC');
  });
});

describe('two copies of the package', () => {
  // Another file is another module: the packed package, and this repository's build.
  const other = require(
    path.join(__dirname, 'pitfalls', 'node_modules', 'sqlite-autobackup'),
  ) as typeof import('sqlite-autobackup');
  const never = () => Promise.resolve();

  test('share the default service', async () => {
    expect(other.AutoBackup).not.toBe(AutoBackup);
    configureAutoBackup(get());
    await withAutoBackup(never)();
    expect(labels()).toEqual(['never']);
    dueAfter(0);
    await other.withAutoBackup(never)();
  });

  test('take each other’s services and know each other’s errors', async () => {
    await other.withAutoBackup(never, { service: get() as never })();
    expect(labels()).toEqual(['never']);
    const error = thrownBy(() => other.withAutoBackup('no function' as never));
    expect(error).not.toBeInstanceOf(BackupError);
    expect(isBackupError(error)).toBe(true);
  });

  test('on the same method take one backup', async () => {
    class Shop {
      @other.AutoBackup({ service: get as never })
      @AutoBackup({ service: get })
      async wipe(): Promise<void> {}
    }
    await new Shop().wipe();
    expect(labels()).toEqual(['Shop.wipe']);
  });
});
