import { createReadStream } from 'node:fs';
import { OperatorError } from '../errors/operator-error.ts';

/** The content of a file that an operator named. Throws OperatorError when it can't be read. */
export async function* readChunks(file: string): AsyncGenerator<Buffer, void> {
  const stream = createReadStream(file, { highWaterMark: 256 * 1_024 });
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const { done, value } = await chunks.next().catch((error) => {
        throw new OperatorError(`${file} could not be read: ${error.message}.`, { cause: error });
      });
      if (done) return;
      yield value;
    }
  } finally {
    stream.destroy();
  }
}
