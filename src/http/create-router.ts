import { Router } from 'express';

/** A router that takes paths literally: `/v1/Parties` and `/v1/parties/` are not `/v1/parties`. */
export function createRouter(): Router {
  return Router({ caseSensitive: true, strict: true });
}
