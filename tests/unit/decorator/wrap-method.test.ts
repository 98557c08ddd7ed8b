import { applyDecorators, SetMetadata } from '@nestjs/common';
import 'reflect-metadata';
import { AutoBackup, BackupService } from 'sqlite-autobackup';
import ts from 'typescript';
import { fakeSnapshotter } from '../../support/fake-snapshotter';
import { memoryLogger } from '../../support/memory-logger';
import { useTempFolder } from '../../support/temp-folder';

const folder = useTempFolder();
let service: BackupService;
let snapshots: ReturnType<typeof fakeSnapshotter>;

// What is tested here happens around the snapshot, so a fake one will do.
beforeEach(() => {
  snapshots = fakeSnapshotter();
  service = new BackupService({ database: folder.file('app.db'), snapshotter: snapshots, logger: memoryLogger() });
});
const get = () => service;
const labels = () => snapshots.requests.map(({ label }) => label);

describe('a wrapped method', () => {
  const mark = (key: string, value: unknown): MethodDecorator => SetMetadata(key, value);
  const own: MethodDecorator = (_target, _key, descriptor) => {
    Object.assign(descriptor.value as object, { own: 'property' });
  };

  class Shop {
    name = 'shop';

    @mark('above', 1)
    @AutoBackup({ service: get })
    @mark('below', 2)
    @own
    async sell(_goods: string, count = 1): Promise<unknown[]> {
      return [this.name, _goods, count];
    }
  }

  test('keeps name, length, own properties, and the metadata set below and above it', () => {
    const method = Object.getOwnPropertyDescriptor(Shop.prototype, 'sell')!.value as { own?: string } & (() => unknown);
    expect([method.name, method.length, method.own]).toEqual(['sell', 1, 'property']);
    expect(Reflect.getMetadata('below', method)).toBe(2);
    expect(Reflect.getMetadata('above', method)).toBe(1);
    expect(Reflect.getMetadata('design:returntype', Shop.prototype, 'sell')).toBe(Promise);
  });

  test('passes on this and the arguments, whether a backup is due or not', async () => {
    const shop = new Shop();
    expect(await shop.sell('pens', 3)).toEqual(['shop', 'pens', 3]);
    expect(await shop.sell('pens', 4)).toEqual(['shop', 'pens', 4]);
    expect(labels()).toEqual(['Shop.sell']);
  });

  test('is not enumerable, as a method of a class is not', () => {
    expect(Object.keys(Shop.prototype)).toEqual([]);
  });
});

test('every key of metadata and every own property comes along, of any type and with its attributes', () => {
  const [token, hidden] = [Symbol('token'), Symbol('hidden')];
  const original = async () => 1;
  Object.defineProperty(original, hidden, { value: 'fixed', enumerable: false, writable: false });
  Object.defineProperty(original, 'lazy', { get: () => 'computed', enumerable: true, configurable: true });
  for (const key of ['text', token, original]) Reflect.defineMetadata(key, { of: key }, original);
  const descriptor = { value: original };
  AutoBackup({ service: get })({}, 'run', descriptor);
  const wrapper = descriptor.value;
  expect(wrapper).not.toBe(original);
  expect(Reflect.ownKeys(wrapper)).toEqual(expect.arrayContaining(Reflect.ownKeys(original)));
  for (const key of Reflect.ownKeys(original)) {
    expect(Object.getOwnPropertyDescriptor(wrapper, key)).toEqual(Object.getOwnPropertyDescriptor(original, key));
  }
  expect(Reflect.getOwnMetadataKeys(wrapper)).toEqual(Reflect.getOwnMetadataKeys(original));
  for (const key of ['text', token, original]) expect(Reflect.getMetadata(key, wrapper)).toEqual({ of: key });
});

test('what is put on the wrapper later does not reach the original', () => {
  const original = async () => 1;
  const descriptor = { value: original };
  AutoBackup({ service: get })({}, 'run', descriptor);
  Reflect.defineMetadata('later', 1, descriptor.value);
  expect(Reflect.hasMetadata('later', original)).toBe(false);
});

test('static methods and symbols have their names in the label', async () => {
  const wipe = Symbol('wipe');
  class Shop {
    @AutoBackup({ service: get })
    static async open(): Promise<string> {
      return this.name;
    }
    @AutoBackup({ service: get })
    async [wipe](): Promise<void> {}
  }
  expect(await Shop.open()).toBe('Shop');
  for (const name of folder.list()) if (name.startsWith('app_')) await service.deleteBackup(name);
  await new Shop()[wipe]();
  expect(labels()).toEqual(['Shop.open', 'Shop.Symbol(wipe)']);
});

test('an override that calls super takes one backup, of the method that is decorated', async () => {
  class Base {
    @AutoBackup({ service: get })
    async run(): Promise<string> {
      return 'base';
    }
  }
  class Derived extends Base {
    override async run(): Promise<string> {
      return `derived, ${await super.run()}`;
    }
  }
  expect(await new Derived().run()).toBe('derived, base');
  expect(labels()).toEqual(['Base.run']);
});

test('the decorator twice wraps once', async () => {
  const descriptor = { value: async () => 1 } as TypedPropertyDescriptor<() => Promise<number>>;
  AutoBackup({ service: get })({}, 'run', descriptor);
  const once = descriptor.value;
  AutoBackup({ service: get })({}, 'run', descriptor);
  expect(descriptor.value).toBe(once);

  const context = { kind: 'method', name: 'run' } as unknown as ClassMethodDecoratorContext<
    object,
    () => Promise<number>
  >;
  expect(AutoBackup({ service: get })(once!, context)).toBe(once);
});

test('a decorator above that takes the method from the class, not from the descriptor, keeps the backup', async () => {
  // As Ts.ED's @Intercept() does.
  const intercept = (target: object, key: string): PropertyDescriptor => {
    const descriptor = Object.getOwnPropertyDescriptor(target, key)!;
    const inner = descriptor.value as (...args: unknown[]) => Promise<unknown>;
    descriptor.value = async function (this: unknown, ...args: unknown[]) {
      return ['intercepted', await inner.apply(this, args)];
    };
    Object.defineProperty(target, key, descriptor);
    return descriptor;
  };

  class Shop {
    @intercept
    @AutoBackup({ service: get })
    async sell(): Promise<unknown> {
      return 'sold';
    }

    @intercept
    @AutoBackup({ service: get })
    static async close(): Promise<unknown> {
      return 'closed';
    }
  }
  expect(await new Shop().sell()).toEqual(['intercepted', 'sold']);
  expect(labels()).toEqual(['Shop.sell']);
  service = new BackupService({ database: folder.file('other.db'), snapshotter: snapshots, logger: memoryLogger() });
  expect(await Shop.close()).toEqual(['intercepted', 'closed']);
  expect(labels()).toEqual(['Shop.sell', 'Shop.close']);
});

test('an inherited method is decorated where the decorator is called, not in the class that it comes from', async () => {
  class Shop {
    async sell(): Promise<string> {
      return 'sold';
    }
  }
  class Market extends Shop {}
  const { sell } = Shop.prototype;
  const descriptor = { value: sell, writable: true, configurable: true, enumerable: false };
  AutoBackup({ service: get })(Market.prototype, 'sell', descriptor);
  expect(descriptor.value).not.toBe(sell);
  expect([Object.hasOwn(Market.prototype, 'sell'), Shop.prototype.sell]).toEqual([false, sell]);
});

test('the descriptor is changed and returned, so that it works where one of the two is ignored', async () => {
  const original = async () => 1;
  const descriptor = { value: original, configurable: true };
  expect(AutoBackup({ service: get })({}, 'run', descriptor)).toBe(descriptor);
  expect(descriptor.value).not.toBe(original);

  const Protected = () =>
    applyDecorators(SetMetadata('role', 'admin'), AutoBackup({ service: get }) as MethodDecorator);
  class Shop {
    @Protected()
    async sell(): Promise<void> {}
  }
  await new Shop().sell();
  expect(labels()).toEqual(['Shop.sell']);
});

describe('at run time, for JavaScript,', () => {
  const decorate = AutoBackup() as (...args: unknown[]) => unknown;
  class Shop {}
  class Named {
    static name(): string {
      return 'Named';
    }
  }

  test.each<[string, unknown[], string]>([
    ['a field', [Shop.prototype, 'field', undefined], 'the field "Shop.field"'],
    ['a field of Babel', [Shop.prototype, 'field', { initializer: () => 1 }], 'the field "Shop.field"'],
    ['an accessor', [Shop.prototype, 'total', { get: () => 1 }], 'the accessor "Shop.total"'],
    ['a class', [Shop], 'the class "Shop"'],
    ['a class with a static name()', [Named], 'the class "(anonymous)"'],
    ['a parameter', [Shop.prototype, 'sell', 0], 'a parameter of "Shop.sell"'],
    ['a generator', [Shop.prototype, 'all', { value: function* all() {} }], 'the generator "all"'],
    ['an async generator', [Shop.prototype, 'all', { value: async function* all() {} }], 'the generator "all"'],
    ['a TC39 field', [undefined, { kind: 'field', name: 'x' }], 'the field "x"'],
    ['a TC39 accessor', [{}, { kind: 'accessor', name: 'x' }], 'the accessor "x"'],
    ['a TC39 class', [Shop, { kind: 'class', name: 'Shop' }], 'the class "Shop"'],
  ])('%s is refused', (_, args, named) => {
    expect(() => decorate(...args)).toThrow(
      expect.objectContaining({ code: 'ERR_BACKUP_DECORATOR', message: expect.stringContaining(named) }),
    );
  });

  test('the decorator without parentheses is refused', () => {
    const bare = AutoBackup as unknown as (...args: unknown[]) => unknown;
    expect(() => bare(Shop.prototype, 'sell', {})).toThrow(/without parentheses.*@AutoBackup\(\)/);
    expect(() => bare(Shop)).toThrow(/without parentheses/);
  });
});

test('the same import is a TC39 decorator: this, static, private, inheritance, the label', async () => {
  const source = `
    class Shop {
      name = 'shop';
      @AutoBackup({ service: get }) async sell(count) { return [this.name, count]; }
      @AutoBackup({ service: get }) static async open() { return this.name; }
      @AutoBackup({ service: (self) => self.get() }) async #close() { return 'closed'; }
      get() { return get(); }
      close() { return this.#close(); }
    }
    return Shop;`;
  const target = { target: ts.ScriptTarget.ES2022, experimentalDecorators: false };
  const compiled = ts.transpileModule(`function make() {${source}}`, { compilerOptions: target }).outputText;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- ts-jest compiles with legacy decorators
  const make = new Function('AutoBackup', 'get', `${compiled}; return make();`) as (...args: unknown[]) => unknown;
  const Shop = make(AutoBackup, get) as { new (): Record<string, (count?: number) => unknown>; open(): unknown };

  const forget = async () => {
    for (const name of folder.list()) if (name.startsWith('app_')) await service.deleteBackup(name);
  };
  expect(await new Shop()['sell']!(3)).toEqual(['shop', 3]);
  await forget();
  expect(await Shop.open()).toBe('Shop');
  await forget();
  expect(await new Shop()['close']!()).toBe('closed');
  expect(labels()).toEqual(['Shop.sell', 'Shop.open', 'Shop.#close']);
  expect(Shop.prototype.constructor).toBe(Shop);
  expect((Shop.prototype as Record<string, { name?: string }>)['sell']!.name).toBe('sell');
});
