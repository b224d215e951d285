import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startEphemeralServer } from '../../src/database/embedded/ephemeral-server.ts';
import { allScenarios } from '../../src/lab/all-scenarios.ts';
import { drawResult } from '../../src/lab/draw-result.ts';
import { figuresTable } from '../../src/lab/result-table.ts';
import { runLab } from '../../src/lab/run-lab.ts';
import { completeParameters } from '../../src/lab/run-request.ts';
import type { RunResult } from '../../src/lab/run-result.ts';
import { claimLab } from '../../src/lab/run-schema.ts';
import { projectFolder } from './server-process.ts';

/**
 * Makes the figures of docs/locking.md and all pictures of the race lab in the documentation anew, out of runs that it
 * plays: `npm run docs:locking`. It takes some minutes, and is best done while the machine does nothing else.
 */
const page = path.join(projectFolder, 'docs/locking.md');
const folder = path.join(projectFolder, 'docs/pictures/locking');
const signal = new AbortController().signal;

const server = await startEphemeralServer();
try {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const play = async (request: Parameters<typeof completeParameters>[0]): Promise<RunResult> => {
    process.stderr.write(`playing ${request.scenario}\n`);
    const parameters = completeParameters(request);
    const processScript = path.join(projectFolder, 'dist/src/lab/lab-process.js');
    return runLab(await claimLab(server.url), { parameters, signal, onMessage: () => {}, processScript });
  };
  const text = await readFile(page, 'utf8');
  const named = new Set([...text.matchAll(/\(pictures\/locking\/([a-z-]+\.svg)\)/g)].map(([, file]) => file!));
  const figures: string[] = [];
  for (const { name } of allScenarios) {
    const result = await play({ scenario: name });
    figures.push(`\`\`\`\n${figuresTable(result)}\n\`\`\``);
    await drawAll(result, named);
  }
  // The two that README begins with: as few callers as it takes.
  const two = { scenario: 'joint-account', strategies: ['nothing', 'for-update'], callers: 2, rounds: 1 };
  let joint = await play(two);
  // README tells of the deposit that is lost; as often it is the withdrawal.
  while (joint.strategies[0]!.verdict.lost === '0.00') joint = await play(two);
  await drawAll(joint, undefined, 'two-callers-');
  const [before] = text.split('<!-- figures -->');
  await writeFile(page, `${before}<!-- figures -->\n\n${figures.join('\n\n')}\n`);
} finally {
  await server.stop();
}

/** Only those that are named, where names are given. */
async function drawAll(result: RunResult, named: ReadonlySet<string> | undefined, prefix = ''): Promise<void> {
  for (const { file, svg } of await drawResult(result)) {
    if (named === undefined || named.has(file)) await writeFile(path.join(folder, prefix + file), svg);
  }
}
