import { AutoBackup } from 'sqlite-autobackup';
import * as app from '../../support/app.js';
import { post } from './http.js';

type Run = (this: any, ...args: any[]) => Promise<unknown>;
type Context = ClassMethodDecoratorContext;

/** One decorator made of two. */
const dangerousPost = (path: string) => (method: Run, context: Context) => {
  post(path)(method, context);
  return AutoBackup()(method, context);
};

/** A decorator that puts a function of its own in the method's place, and copies the method's properties to it. */
function logged<F extends Run>(method: F, _context: Context): F {
  const wrapper: Run = function (...args) {
    return Reflect.apply(method, this, args) as Promise<unknown>;
  };
  return Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(method)) as F;
}

/** A method that stays with its object, as TC39 decorators do it: whatever is in the method's place in the end is bound. */
function bound(_method: Run, context: ClassMethodDecoratorContext<any>): void {
  context.addInitializer(function () {
    this[context.name] = this[context.name].bind(this);
  });
}

class Base {
  @AutoBackup()
  @post('/inherited')
  async inherited() {
    return ran('inherited');
  }

  @AutoBackup()
  async super_() {
    return ran('super');
  }
}

export class Compositions extends Base {
  @dangerousPost('/composed')
  async composed() {
    return ran('composed');
  }

  @post('/wrapped')
  @logged
  @AutoBackup()
  async wrapped() {
    return ran('wrapped');
  }

  @AutoBackup()
  @logged
  @post('/wrapping')
  async wrapping() {
    return ran('wrapping');
  }

  @AutoBackup()
  @post('/super')
  override async super_() {
    return super.super_();
  }

  @AutoBackup()
  @post('/twice')
  @AutoBackup()
  async twice() {
    return ran('twice');
  }

  @AutoBackup()
  @logged
  @post('/around')
  @AutoBackup()
  async around() {
    return ran('around');
  }

  @AutoBackup()
  @bound
  @post('/bound')
  async bound() {
    return ran('bound');
  }

  @post('/private')
  async callsPrivate() {
    return this.#private();
  }

  @AutoBackup()
  async #private() {
    return ran('private');
  }
}

function ran(name: string) {
  app.called(name);
  return { ran: name };
}
