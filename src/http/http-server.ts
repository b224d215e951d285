import { createServer, IncomingMessage, type Server, type ServerOptions, ServerResponse } from 'node:http';
import type { Express, Request, Response } from 'express';

/**
 * A server for an Express application that makes its requests and answers with Express' prototypes from the start.
 * Express gives each of them its own prototype otherwise, and to change an object's prototype makes all that is done
 * with it afterwards slow: half of the time of a request was lost to it (docs/adr/0009).
 */
export function createHttpServer(options: ServerOptions, app: Express): Server {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse<Req extends IncomingMessage = IncomingMessage> extends ServerResponse<Req> {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  app.request = ExpressRequest.prototype as Request;
  app.response = ExpressResponse.prototype as unknown as Response;
  return createServer({ ...options, IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse }, app);
}
