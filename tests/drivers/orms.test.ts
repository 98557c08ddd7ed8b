import { describeDriver } from '../support/driver-scenario';

describeDriver('typeorm');
describeDriver('prisma');
describeDriver('drizzle');
describeDriver('knex');
describeDriver('kysely');
describeDriver('mikro-orm');
