import { JsonController, Post } from 'routing-controllers';
import { Service } from 'typedi';
import * as app from '../../support/app.js';
import { autoBackup } from './auto-backup.js';

/** Decorators in one, as Nest's applyDecorators() does it: what they return is ignored. */
function applyDecorators(...decorators: MethodDecorator[]): MethodDecorator {
  return (target, key, descriptor) => {
    for (const decorate of decorators) decorate(target, key, descriptor);
  };
}

/** A decorator that puts a function of its own in the method's place, and copies properties and metadata to it. */
const logged: MethodDecorator = (_target, _key, descriptor) => {
  const method = descriptor.value as (...args: unknown[]) => unknown;
  const wrapper = function (this: unknown, ...args: unknown[]) {
    return Reflect.apply(method, this, args);
  };
  Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(method));
  for (const key of Reflect.getOwnMetadataKeys(method) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, method), wrapper);
  }
  descriptor.value = wrapper as never;
};

class Base {
  @autoBackup()
  @Post('/inherited')
  async inherited() {
    return ran('inherited');
  }

  @autoBackup()
  async super_() {
    return ran('super');
  }
}

@Service()
@JsonController('/compositions')
export class Compositions extends Base {
  @applyDecorators(Post('/composed') as MethodDecorator, autoBackup() as MethodDecorator)
  async composed() {
    return ran('composed');
  }

  @Post('/wrapped')
  @logged
  @autoBackup()
  async wrapped() {
    return ran('wrapped');
  }

  @autoBackup()
  @logged
  @Post('/wrapping')
  async wrapping() {
    return ran('wrapping');
  }

  @autoBackup()
  @Post('/super')
  override async super_() {
    return super.super_();
  }

  @autoBackup()
  @Post('/twice')
  @autoBackup()
  async twice() {
    return ran('twice');
  }

  @autoBackup()
  @logged
  @Post('/around')
  @autoBackup()
  async around() {
    return ran('around');
  }
}

function ran(name: string) {
  app.called(name);
  return { ran: name };
}
