import { migrate } from '../database/migrate.ts';
import { runCommand } from './run-command.ts';

const usage = {
  script: 'migrate',
  purpose: 'Brings the database up to date without starting the service.',
  parameters: {},
  example: '',
};

await runCommand(usage, async (database) => {
  const names = await migrate(database);
  return names.length === 0 ? 'The database is up to date.' : `Migrated: ${names.join(', ')}`;
});
