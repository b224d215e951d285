/** The part of autocannon that the bench uses; the package brings no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  namespace autocannon {
    interface Options {
      url: string;
      connections: number;
      /** Seconds. */
      duration: number;
      /** Seconds after which a request without an answer is given up. */
      timeout: number;
      /** Milliseconds between two looks at the clock; a run ends at one of them. */
      sampleInt: number;
      setupClient(client: Client): void;
    }

    /** One connection, which sends its next request as soon as the answer to the last one is in. */
    interface Client extends EventEmitter {
      _doRequest(): void;
      getRequestBuffer(): Buffer | string;
      requestIterator: {
        nextRequest(): void;
        recordBody(request: unknown, status: number, body: string): void;
      };
    }

    interface Instance extends EventEmitter {
      stop(): void;
    }
  }

  function autocannon(options: autocannon.Options, done: (error: Error | null) => void): autocannon.Instance;

  export = autocannon;
}
