import { readFile } from 'node:fs/promises';
import { allScenarios } from './all-scenarios.ts';
import { pageFolder } from './lab-page.ts';
import { mostTelling } from './page/draw-findings.js';
import { drawRound } from './page/draw-round.js';
import type { RunResult } from './run-result.ts';
import { allStrategies } from './strategies/all-strategies.ts';

/** A picture for each strategy of a run, of the round that tells most: SVG that needs no other file. */
export async function drawResult(
  result: RunResult,
): Promise<ReadonlyArray<{ readonly file: string; readonly svg: string }>> {
  const { scenario } = result.parameters;
  const css = await readFile(new URL('picture.css', pageFolder), 'utf8');
  return result.strategies.map(({ strategy, trace, verdict }) => {
    const title = `${titleOf(allScenarios, scenario)}: ${titleOf(allStrategies, strategy)}`;
    return {
      file: `${scenario}-${strategy}.svg`,
      svg: `${drawRound(trace, { title, css, finding: mostTelling(trace.findings, verdict) })}\n`,
    };
  });
}

function titleOf(all: ReadonlyArray<{ readonly name: string; readonly title: string }>, wanted: string): string {
  return all.find(({ name }) => name === wanted)!.title;
}
