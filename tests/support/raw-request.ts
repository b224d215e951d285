import { request } from 'node:http';
import { connect } from 'node:net';
import { problemOfAnswer } from './answer-contract.ts';
import type { TestService } from './test-service.ts';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed JSON, undefined when the answer has no body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back.
  readonly body: any;
}

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  /** Sent byte for byte. An array is sent chunked, one chunk an item, without a content length. */
  readonly body?: string | Buffer | readonly Buffer[] | undefined;
  /** On top of the ledger's key and, with a body, the JSON media type. `undefined` removes one. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

/** Sends what no well-behaved client would, to a service that must answer it all the same. */
export function sendRaw(service: TestService, { method, path, body, headers }: RawRequest): Promise<RawAnswer> {
  const all = {
    authorization: `Bearer ${service.apiKey}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(typeof body === 'string' || Buffer.isBuffer(body) ? { 'content-length': String(Buffer.byteLength(body)) } : {}),
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: service.api.port, method: method ?? (body ? 'POST' : 'GET'), path };
    const outgoing = request({ ...options, headers: sent as Record<string, string> }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const answer = readAnswer(incoming.statusCode!, incoming.headers, Buffer.concat(chunks));
        const type = String(answer.headers['content-type']).split(';')[0]!;
        const problem = problemOfAnswer(options.method, path, { status: answer.status, type, body: answer.body });
        if (problem === undefined) resolve(answer);
        else reject(new Error(problem));
      });
    });
    outgoing.on('error', reject);
    if (Array.isArray(body)) {
      for (const chunk of body) outgoing.write(chunk);
      outgoing.end();
    } else {
      outgoing.end(body as string | Buffer | undefined);
    }
  });
}

function readAnswer(status: number, headers: RawAnswer['headers'], bytes: Buffer): RawAnswer {
  const text = bytes.toString('utf8');
  const isJson = /[/+]json/.test(String(headers['content-type'])) && text !== '';
  return { status, headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/**
 * Writes bytes to a socket and answers everything that came back until the service closed it. With `end` the service
 * sees at once that nothing more comes.
 */
export function sendBytes(service: TestService, bytes: Buffer, { end = false } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port: service.api.port, host: '127.0.0.1', allowHalfOpen: true };
    const socket = connect(options, () => (end ? socket.end(bytes) : socket.write(bytes)));
    let answered = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk) => {
      answered += chunk;
    });
    socket.on('end', () => {
      socket.end();
      resolve(answered);
    });
    socket.on('error', reject);
  });
}
