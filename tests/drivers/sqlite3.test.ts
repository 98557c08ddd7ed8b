import { describeDriver } from '../support/driver-scenario';

describeDriver('sqlite3');
