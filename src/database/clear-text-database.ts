import pg from 'pg';
import { isLoopback } from './loopback.ts';
import { urlsOfHosts } from './open-session.ts';

/**
 * Whether a database's address, which must be a good one, leads beyond this machine without TLS: what is written and
 * read could be seen and changed on the way. Sockets of Unix stay on the machine.
 */
export function isReachedInClear(url: string): boolean {
  return urlsOfHosts(url).some((each) => {
    // The driver reads the address and its own environment variables as it does when it connects; and files of
    // certificates, which mean TLS wherever they are.
    const withoutFiles = each.replaceAll(/([?&])ssl(?:cert|key|rootcert)=[^&]*/g, '$1ssl=true');
    const { host, ssl } = new pg.Client({ connectionString: withoutFiles }) as pg.Client & { ssl: unknown };
    return !ssl && !host.startsWith('/') && !isLoopback(host.replace(/^\[(.*)\]$/, '$1'));
  });
}
