import { describeDriver } from '../support/driver-scenario';

describeDriver('better-sqlite3');
describeDriver('better-sqlite3-copy');
describeDriver('sqlite3');
describeDriver('libsql');
describeDriver('libsql-client');
