import { OperatorError } from '../errors/operator-error.ts';
import type { CommandCall, CommandResult, NamedParameter } from './ledger-command.ts';

/** Where a command that changes something takes its consent, and the key that makes it happen once. */
export const consentOptions: Readonly<Record<string, NamedParameter>> = {
  '--yes': { meaning: 'does it without asking, for scripts' },
  '--key <key>': {
    meaning: 'the idempotency key: with the same one, the same command is done once; made up by default',
  },
};

/**
 * Whether to go on: with `--yes`, or after the question, which is made of what would happen. Throws OperatorError where
 * there is neither the option nor a terminal, before anything is looked at.
 */
export async function agree({ options, confirm }: CommandCall, describe: () => Promise<string>): Promise<boolean> {
  if (options.yes !== undefined) return true;
  if (confirm === undefined) throw new OperatorError('There is no terminal to ask at: add --yes to do it unasked.');
  return confirm(`${await describe()}\nDo it?`);
}

/** What is answered where the question was answered with no. */
export const declined: CommandResult = { text: 'Nothing was done.', json: { done: false }, isBad: true };
