/** The part of cli-progress that the bench uses; the package brings no types. */
declare module 'cli-progress' {
  interface BarOptions {
    format: string;
    hideCursor: boolean;
    clearOnComplete: boolean;
    /** Over how many steps the time left is estimated. */
    etaBuffer: number;
  }

  class SingleBar {
    constructor(options: BarOptions);
    start(total: number, startValue: number, payload: Record<string, string>): void;
    increment(): void;
    update(payload: Record<string, string>): void;
    stop(): void;
  }

  const cliProgress: { SingleBar: typeof SingleBar };
  export default cliProgress;
}
