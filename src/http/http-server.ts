import { createServer, IncomingMessage, type Server, type ServerOptions, ServerResponse } from 'node:http';
import type { Express, Request, Response } from 'express';

/**
 * A server for an Express application that makes its requests and answers with Express' prototypes from the start.
 * Express gives each of them its own prototype otherwise, and to change an object's prototype makes all that is done
 * with it afterwards slow: half of the time of a request was lost to it (docs/adr/0009).
 *
 * @param unreadMs An answer of which nothing was taken in for so long is given up, and the connection with it.
 */
export function createHttpServer(options: ServerOptions, app: Express, unreadMs = 30_000): Server {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse<Req extends IncomingMessage = IncomingMessage> extends ServerResponse<Req> {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  app.request = ExpressRequest.prototype as Request;
  app.response = ExpressResponse.prototype as unknown as Response;
  const server = createServer({ ...options, IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse });
  server.on('request', (req, res) => {
    res.once('prefinish', () => endUnread(res, unreadMs));
    if (!app.locals.shortWay?.(req, res)) app(req, res);
  });
  return server;
}

/** Of an answer that is whole: what the system did not take at once is waited for, but not without end. */
function endUnread(res: ServerResponse, unreadMs: number): void {
  const unsent = () => res.socket?.writableLength ?? 0;
  let before = unsent();
  if (before === 0) return;
  const timer = setInterval(() => {
    if (unsent() >= before) res.destroy();
    before = unsent();
  }, unreadMs).unref();
  res.once('close', () => clearInterval(timer));
}
