import { randomUUID } from 'node:crypto';
import { type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Refusal, refusal } from '../errors/refusal.ts';
import { problemDocument, problemMediaType } from './problem.ts';
import { problemStatus } from './problem-status.ts';

/** Answers what node's HTTP parser refuses, and no route ever sees, with a problem document too; then hangs up. */
export function answerUnreadableRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const refused = unreadable(error.code);
    const status = problemStatus[refused.code];
    const requestId = randomUUID();
    const body = problemDocument(refused, requestId);
    const head = [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${problemMediaType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  });
}

function unreadable(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return refusal('headers_too_large', 'All headers together may have 16 KiB.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal('request_timeout', 'Send the whole request within a minute.');
  return refusal('malformed_request', 'The request line or a header is not valid HTTP/1.1.');
}
