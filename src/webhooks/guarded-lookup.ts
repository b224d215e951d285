import dns from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { TargetRules } from '../http/service-parts.ts';
import { mayConnect, placeOf } from './webhook-target.ts';

/** A host name resolves to an address that webhooks must not go to. Its words are not for the endpoint's owner. */
export class AddressNotAllowedError extends Error {
  override name = 'AddressNotAllowedError';
}

/**
 * Resolves the host name of a webhook's target, and fails with AddressNotAllowedError when any of its addresses is one
 * that the rules do not allow. The connection goes to an address that was checked, never to one of a second look.
 */
export function guardedLookup(url: URL, rules: TargetRules, lookup: LookupFunction = dns.lookup): LookupFunction {
  const place = placeOf(url);
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, resolved, family) => {
      if (error) return callback(error, resolved, family);
      const addresses = typeof resolved === 'string' ? [resolved] : resolved.map(({ address }) => address);
      if (addresses.every((address) => mayConnect(address, place, rules))) return callback(null, resolved, family);
      callback(new AddressNotAllowedError(`${hostname} resolves to an address that is not allowed`), []);
    });
  };
}
