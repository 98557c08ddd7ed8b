import { describeDriver } from '../support/driver-scenario';

// sqlite3, which is compiled when it is installed, is tested in tests/drivers.
describeDriver('libsql');
