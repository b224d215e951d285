import { OperatorError } from '../errors/operator-error.ts';
import { verifyBooks } from '../verify-books.ts';
import { runCommand } from './run-command.ts';

const usage = {
  script: 'books:verify',
  purpose: 'Checks the books of all ledgers and prints what is wrong. Exit code 1 when anything is.',
  parameters: {},
  example: '',
};

await runCommand(usage, async (database) => {
  const findings = await verifyBooks(database);
  if (findings.length === 0) return 'The books are right.';
  const lines = findings.map(({ rule, ledgerId, subject }) => `not true: ${rule} (ledger ${ledgerId}, ${subject})`);
  throw new OperatorError(`The books are wrong.\n${lines.join('\n')}`);
});
