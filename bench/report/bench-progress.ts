import cliProgress from 'cli-progress';

/** Tells whoever waits how far the bench is. */
export interface BenchProgress {
  /** Something that takes a while begins. */
  say(what: string): void;
  /** A run begins. */
  beginRun(what: string): void;
  /** The run that began last is over. */
  endRun(result: string): void;
  stop(): void;
}

/** A bar with the time left on a terminal, a line for each run anywhere else. */
export function createBenchProgress(totalRuns: number): BenchProgress {
  return process.stdout.isTTY ? createBar(totalRuns) : createLines(totalRuns);
}

function createBar(totalRuns: number): BenchProgress {
  const format = '{bar} {value}/{total} runs, {eta_formatted} left | {what}';
  const bar = new cliProgress.SingleBar({ format, hideCursor: true, clearOnComplete: true, etaBuffer: 30 });
  bar.start(totalRuns, 0, { what: 'starting' });
  return {
    say: (what) => bar.update({ what }),
    beginRun: (what) => bar.update({ what }),
    endRun: () => bar.increment(),
    stop: () => bar.stop(),
  };
}

function createLines(totalRuns: number): BenchProgress {
  let begun = 0;
  let current = '';
  return {
    say: (what) => console.log(what),
    beginRun(what) {
      begun += 1;
      current = `${begun}/${totalRuns} ${what}`;
    },
    endRun: (result) => console.log(`${current}: ${result}`),
    stop: () => {},
  };
}
