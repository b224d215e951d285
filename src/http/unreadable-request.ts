import { randomUUID } from 'node:crypto';
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Response } from 'express';
import type { Logger } from 'pino';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { problemDocument, problemMediaType } from './problem.ts';
import { problemStatus } from './problem-status.ts';
import { logRefusal } from './request-log.ts';

/** The newest request of a connection, and the one before it, which may still wait for its answer (pipelining). */
interface Newest {
  readonly res: Response;
  readonly before: Response | undefined;
}

/** For how long a client that was answered may go on sending. */
const lingerMs = 1_000;

/**
 * Answers what node's HTTP parser refuses, and no route ever sees, with a problem document too; then hangs up. Hangs up
 * as well on a client that long goes on sending a body that was refused. Each gets its line in the log.
 */
export function answerUnreadableRequests(server: Server, logger: Logger): void {
  const newest = new WeakMap<Duplex, Newest>();
  const ending = new WeakSet<Duplex>();
  server.prependListener('request', (req, res: Response) => {
    newest.set(req.socket, { res, before: newest.get(req.socket)?.res });
    res.once('finish', () => {
      if (!req.complete) setTimeout(() => req.complete || req.socket.destroy(), lingerMs).unref();
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (ending.has(socket)) return;
    const { res, before } = newest.get(socket) ?? {};
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
    } else if (res === undefined || res.writableFinished) {
      const refused = unreadable(error.code);
      const requestId = randomUUID();
      refuse(socket, refused, requestId);
      logger.info({ requestId, status: problemStatus[refused.code], code: refused.code }, 'request refused');
    } else if (res.req.complete) {
      // This stands behind a request that was understood, whose caller must not take it for its answer.
      ending.add(socket);
      logger.info({ code: unreadable(error.code).code }, 'request refused, without an answer');
      res.once('finish', () => socket.end());
    } else if (res.headersSent || before?.writableFinished === false) {
      socket.destroy();
    } else {
      // The application is reading the body of this request, and finds it broken as well.
      const refused = unreadable(error.code);
      logRefusal(res, refused);
      refuse(socket, refused, res.locals.requestId);
    }
  });
}

function refuse(socket: Duplex, refused: Refusal, requestId: string): void {
  const status = problemStatus[refused.code];
  const body = problemDocument(refused, requestId);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Content-Type: ${problemMediaType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function unreadable(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return refusal('headers_too_large', 'All headers together may have 16 KiB.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal('request_timeout', 'Send the whole request within a minute.');
  if (code === 'HPE_INVALID_EOF_STATE') return refusal('malformed_request', 'The request ends in its middle.');
  return refusal('malformed_request', 'The request line, a header or the framing of the body is not valid HTTP/1.1.');
}
