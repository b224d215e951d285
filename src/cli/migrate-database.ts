import { migrate } from '../database/migrate.ts';
import { runCommand } from './run-command.ts';

/** `npm run migrate`: brings the database up to date without starting the service. */
await runCommand(async (database) => {
  const names = await migrate(database);
  return names.length === 0 ? 'The database is up to date.' : `Migrated: ${names.join(', ')}`;
});
