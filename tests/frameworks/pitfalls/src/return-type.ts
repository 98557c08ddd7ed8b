import 'reflect-metadata';
import { AutoBackup } from 'sqlite-autobackup';

class Shop {
  @AutoBackup()
  async wipe(): Promise<void> {}
}

const found = Reflect.getMetadata('design:returntype', Shop.prototype, 'wipe') as unknown;
console.log(JSON.stringify({ returnType: String(found) }));
