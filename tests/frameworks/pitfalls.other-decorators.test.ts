// What docs/pitfalls.md says of decorators beside @AutoBackup().
import 'reflect-metadata';
import { AutoBackup, withAutoBackup } from 'sqlite-autobackup';
import { DAY } from '../support/planted-backups';
import { useFakeService } from './fake-service';

const { get, labels, dueAfter } = useFakeService();

type Run = (this: unknown, ...args: unknown[]) => unknown;

/** A decorator that puts a function of its own in the method's place. */
const replacing =
  (make: (method: Run) => Run): MethodDecorator =>
  (_target, _key, descriptor) => {
    descriptor.value = make(descriptor.value as Run) as never;
  };
const forgetful = replacing(
  (method) =>
    function (...args) {
      return Reflect.apply(method, this, args);
    },
);
const copying = replacing((method) =>
  Object.defineProperties(function (this: unknown, ...args: unknown[]) {
    return Reflect.apply(method, this, args);
  }, Object.getOwnPropertyDescriptors(method)),
);
/** As frameworks mark methods. */
const guarded: MethodDecorator = (_target, _key, descriptor) => {
  Reflect.defineMetadata('guards', ['admin'], descriptor.value as object);
};
const guardsOf = (type: { prototype: object }, key: string) =>
  Reflect.getMetadata('guards', (type.prototype as Record<string, object>)[key]!) as unknown;

describe('a decorator that replaces the function and copies nothing', () => {
  class Shop {
    @forgetful
    @guarded
    async without(): Promise<void> {}

    @AutoBackup({ service: get })
    @forgetful
    @guarded
    async below(): Promise<void> {}

    @forgetful
    @AutoBackup({ service: get })
    @guarded
    async above(): Promise<void> {}

    @guarded
    @forgetful
    @AutoBackup({ service: get })
    async first(): Promise<void> {}
  }

  test('loses what stands below it, with and without @AutoBackup(), and not what stands above it', () => {
    expect(guardsOf(Shop, 'without')).toBeUndefined();
    expect(guardsOf(Shop, 'below')).toBeUndefined();
    expect(guardsOf(Shop, 'above')).toBeUndefined();
    expect(guardsOf(Shop, 'first')).toEqual(['admin']);
  });

  test.each(['below', 'above', 'first'] as const)('does not keep @AutoBackup() from working: %s', async (method) => {
    await new Shop()[method]();
    expect(labels()).toEqual([`Shop.${method}`]);
  });
});

describe('a decorator that puts a function around the method', () => {
  const login = replacing(
    (method) =>
      async function (...args) {
        if (args[0] !== 'ada') throw new Error('Log in first.');
        return Reflect.apply(method, this, args);
      },
  );
  class Shop {
    @login
    @AutoBackup({ service: get })
    async checkedFirst(_user: string): Promise<void> {}

    @AutoBackup({ service: get })
    @login
    async backedUpFirst(_user: string): Promise<void> {}
  }

  test('turns calls away before the backup only where it stands above @AutoBackup()', async () => {
    await expect(new Shop().checkedFirst('nobody')).rejects.toThrow('Log in first.');
    expect(labels()).toEqual([]);
    await expect(new Shop().backedUpFirst('nobody')).rejects.toThrow('Log in first.');
    expect(labels()).toEqual(['Shop.backedUpFirst']);
  });

  test.each([
    ['one backup', 7 * DAY, ['Shop.wipe']],
    ['two where interval is 0', 0, ['Shop.wipe', 'Shop.wipe']],
  ])('hides from @AutoBackup() above it that there is another one below: %s', async (_, interval, expected) => {
    dueAfter(interval);
    class Shop {
      @AutoBackup({ service: get })
      @copying
      @AutoBackup({ service: get })
      async wipe(): Promise<void> {}
    }
    await new Shop().wipe();
    expect(labels()).toEqual(expected);
  });

  test('may copy properties as it likes: what was wrapped is not among them', async () => {
    class Shop {
      @AutoBackup({ service: get })
      async protected(): Promise<void> {}
      async unprotected(): Promise<void> {}
    }
    const { unprotected, protected: marked } = Shop.prototype;
    Object.defineProperties(unprotected, Object.getOwnPropertyDescriptors(marked));
    AutoBackup({ service: get })(
      Shop.prototype,
      'unprotected',
      Object.getOwnPropertyDescriptor(Shop.prototype, 'unprotected')!,
    );
    const decorated = withAutoBackup(unprotected, { service: get, label: 'a copy of its properties' });
    await decorated();
    expect(labels()).toEqual(['a copy of its properties']);
  });
});
