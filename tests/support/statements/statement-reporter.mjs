import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const check = fileURLToPath(new URL('./check-statements.ts', import.meta.url));

/** Checks the statements that the processes of a run have sent, once it is over; the run fails with what is wrong. */
export default class StatementReporter {
  #problem;

  onRunComplete() {
    const folder = process.env.STATEMENTS_FOLDER;
    if (folder === undefined) return;
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', check, folder], { stdio: 'inherit' });
    if (status !== 0) this.#problem = new Error('Statements were sent that name no ledger, or are wrong otherwise.');
  }

  getLastError() {
    return this.#problem;
  }
}
