import { correctTimes } from '../ledger/correct-times.ts';
import { runCommand } from './run-command.ts';

const usage = {
  script: 'books:correct-times',
  purpose: 'Gives what was booked ahead of the clock its right time, once the clock is right again.',
  parameters: {},
  example: '',
};

await runCommand(usage, async (database) => {
  const corrected = await correctTimes(database);
  if (corrected.size === 0) return 'Nothing is booked ahead of the clock.';
  const lines = [...corrected].map(([ledgerId, count]) => `${count} transactions corrected in ledger ${ledgerId}`);
  return lines.join('\n');
});
