/** One message of a stream of server-sent events; without data it only says how far the stream has come. */
export interface Message {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: string | undefined;
}

/**
 * The messages of a stream (WHATWG HTML, "Server-sent events"), of what this service writes of it. Ends where the
 * stream ends; throws when nothing arrives for `silenceMs`. What came of an unfinished message is dropped.
 */
export async function* readMessages(
  stream: ReadableStream<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<Message, void> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read());
      if (done) return;
      const blocks = (text + value).split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) yield readMessage(block);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function readMessage(block: string): Message {
  const fields = new Map<string, string>();
  for (const line of block.split('\n')) {
    const [, name, value] = /^(\w+): ?(.*)$/s.exec(line) ?? [];
    if (name !== undefined) fields.set(name, value!);
  }
  return { id: fields.get('id'), event: fields.get('event') ?? 'message', data: fields.get('data') };
}

async function within<Result>(ms: number, promise: Promise<Result>): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing arrived for ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
