import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import pg from 'pg';
import { OperatorError } from '../errors/operator-error.ts';
import { isLoopback } from './loopback.ts';

/** These travel with the connection's first message: a transaction pooler sees to them on each of its servers. */
const startupSettings = { DateStyle: 'ISO, MDY', TimeZone: 'UTC', standard_conforming_strings: 'on' };

/** The driver's client of one server, which takes more settings along and keeps the password to itself. */
export class DatabaseClient extends pg.Client {
  /**
   * The driver knows only some of the parameters that a server takes (PostgreSQL manual, chapter 54.7, StartupMessage).
   */
  getStartupConf(): Record<string, string> {
    const driver = pg.Client.prototype as unknown as { getStartupConf(this: pg.Client): Record<string, string> };
    return { ...driver.getStartupConf.call(this), ...startupSettings };
  }

  /** All who can listen on the way, or answer in the place of the server, would have the password. */
  _handleAuthCleartextPassword(message: unknown): void {
    this.#answerInPrivate('_handleAuthCleartextPassword', message, 'in clear text');
  }

  /**
   * The answer lets in who passes the request of the real server on and takes the answer, and the password can be found
   * from it by trying billions a second.
   */
  _handleAuthMD5Password(message: unknown): void {
    this.#answerInPrivate('_handleAuthMD5Password', message, 'by MD5');
  }

  #answerInPrivate(request: PasswordRequest, message: unknown, how: string): void {
    if (isPrivate(this.connection.stream as Socket)) driverOf[request].call(this, message);
    else this.connection.emit('error', new OperatorError(passwordExposed(how)));
  }
}

type PasswordRequest = '_handleAuthCleartextPassword' | '_handleAuthMD5Password';

const driverOf = pg.Client.prototype as unknown as Record<PasswordRequest, (this: pg.Client, message: unknown) => void>;

/** Encrypted, or on this machine alone: sockets of Unix have no address. */
function isPrivate(stream: Socket): boolean {
  return stream instanceof TLSSocket || stream.remoteAddress === undefined || isLoopback(stream.remoteAddress);
}

const passwordExposed = (how: string) =>
  `The database asks for the password ${how}, and the connection has no TLS: use sslmode=require in ` +
  'DATABASE_URL, or have the server ask for scram-sha-256.';
