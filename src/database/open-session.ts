import { OperatorError } from '../errors/operator-error.ts';
import { ConnectionError } from './connection-error.ts';
import type { DatabaseSession, Server, SessionOptions } from './session.ts';
import type { SessionWatch } from './session-watch.ts';

export interface OpenedSession {
  readonly session: DatabaseSession;
  readonly server: Server;
}

/**
 * Opens a session with the first of the servers in `url` that can be written to, as libpq does with
 * `target_session_attrs=read-write` (PostgreSQL manual, chapter 32.1.1.3). Throws ConnectionError when none can, and
 * OperatorError for a database that can't be used at all.
 */
export async function openSession(watch: SessionWatch, options: SessionOptions): Promise<OpenedSession> {
  let failure: unknown;
  for (const url of urlsOfHosts(options.url)) {
    const session = watch.create({ ...options, url });
    try {
      return { session, server: await session.open(options) };
    } catch (error) {
      session.discard(error as Error);
      if (error instanceof OperatorError) throw error;
      failure = error;
    }
  }
  throw new ConnectionError((failure as Error).message, { cause: failure });
}

/**
 * The addresses of the single servers of an address that may name several: `postgres://user@one:5432,two:5433/db`.
 * The hosts stand between the last `@` and the path, and no URL parser takes more than one there.
 */
export function urlsOfHosts(url: string): string[] {
  const parts = /^([a-z]+:\/\/(?:[^/?#]*@)?)([^/?#@]*)(.*)$/i.exec(url);
  if (parts === null) return [url];
  const [, before, hosts, after] = parts;
  return hosts!.split(',').map((host) => `${before}${host}${after}`);
}
