import { InvalidArgumentError } from 'commander';
import { roleNames, rolesScript } from '../roles-script.ts';
import type { DatabaseCommand } from './ledger-command.ts';

/** Roles of the database that may do no more than they need. */
export const rolesCommand: DatabaseCommand = {
  name: 'roles',
  summary: 'Prints SQL that makes a role each for the owner, the service, the workers and readers of the books.',
  remarks:
    'Run it as a superuser or the owner of the database, and after each migration. The roles have no passwords: set ' +
    'them, such as with \\password of psql.',
  parameters: {},
  options: {
    '--prefix <text>': { meaning: 'what their names begin with', otherwise: 'joint_ledger', read: readPrefix },
    '--apply': { meaning: 'runs the SQL on the database, all of it or nothing, instead of printing it' },
  },
  example: '--prefix bank',
  async run(database, _args, { options }) {
    const sql = rolesScript(options.prefix!);
    const names = roleNames(options.prefix!);
    if (options.apply === undefined) return { text: `begin;\n${sql}commit;`, json: { roles: names, sql } };
    await database.transaction((transaction) => transaction.raw(sql));
    return { text: `Roles: ${Object.values(names).join(', ')}.`, json: { roles: names } };
  },
};

function readPrefix(text: string): string {
  if (/^[a-z][a-z0-9_]{0,49}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be up to 50 lower-case letters, digits and _, a letter first.');
}
