import { BlockList, isIP } from 'node:net';
import type { TargetRules } from '../http/service-parts.ts';
import { isListedAddress, isListedHost, isListedPort, isMetadataAddress } from './allowed-targets.ts';

const maxUrlLength = 2_048;

/**
 * Every notation of an address is normal form once the URL is parsed: 0x7f.1, 2130706433 and 127.0.0.1. are 127.0.0.1.
 */
const specialIPv4 = subnets('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, reserved and broadcast.
  ['224.0.0.0', 3],
]);

/** All else is loopback, link-local, unique local, multicast, or stands for an IPv4 address (mapped, NAT64). */
const globalIPv6 = subnets('ipv6', [['2000::', 3]]);

const specialIPv6 = subnets('ipv6', [
  // Protocol assignments; Teredo among them.
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4, which has an IPv4 address inside.
  ['2002::', 16],
  ['2620:4f:8000::', 48],
  ['3fff::', 20],
]);

function subnets(family: 'ipv4' | 'ipv6', networks: ReadonlyArray<readonly [string, number]>): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, family);
  return list;
}

/**
 * What is wrong with a URL as the target of webhooks, in words that follow its name ("must ..."); undefined if nothing
 * is. Looks at the URL alone, not at what its host name resolves to: that can change at any time and is looked at
 * whenever a webhook is sent (`mayConnect`). Special addresses are those of the IANA special-purpose registries
 * (RFC 6890).
 */
export function problemOfTarget(url: string, rules: TargetRules): string | undefined {
  if (url.length > maxUrlLength) return `must have at most ${maxUrlLength} characters`;
  // The parser would quietly mend other slashes, and drop white space.
  if (!/^[a-z]+:\/\/[^\s\\\p{Cc}]+$/iu.test(url) || !URL.canParse(url)) {
    return 'must be an absolute URL such as https://example.com/webhooks';
  }
  const { protocol, username, password } = new URL(url);
  if (protocol !== 'https:' && !(protocol === 'http:' && rules.allowHttp)) return 'must begin with https://';
  if (username !== '' || password !== '') return 'must not contain a user name or password';
  if (url.includes('#')) return 'must not have a fragment';
  return problemOfPlace(placeOf(new URL(url)), rules);
}

/** A host as URLs have it, without brackets and a dot at the end, and a port. */
export interface TargetPlace {
  readonly host: string;
  readonly port: number;
}

export function placeOf({ protocol, hostname, port }: URL): TargetPlace {
  const standardPort = protocol === 'https:' ? 443 : 80;
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
  return { host, port: port === '' ? standardPort : Number.parseInt(port, 10) };
}

/** Of names only those are refused that mean this machine (RFC 6761); what others resolve to is looked at later. */
function problemOfPlace(place: TargetPlace, rules: TargetRules): string | undefined {
  const { host, port } = place;
  const isAddress = isIP(host) !== 0;
  if (isAddress ? mayConnect(host, place, rules) : isListedHost(rules.allowed, host, port)) return undefined;
  const isPublic = isAddress ? isPublicAddress(host) : !/(^|\.)localhost$|^$/.test(host);
  if (!isPublic) return 'must have a public host';
  if (isPublicPort(port, rules) || (!isAddress && isListedPort(rules.allowed, port))) return undefined;
  return 'must have port 443 or one from 1024 on';
}

/**
 * Whether a webhook for this place may go to this address, which its host is or resolves to at this moment: one of a
 * listed host, a listed one, or a public one at a port that is not for another service of the machine.
 */
export function mayConnect(address: string, { host, port }: TargetPlace, rules: TargetRules): boolean {
  // An interface of this machine can be named behind an address.
  const bare = address.replace(/%.*$/, '');
  if (isMetadataAddress(bare)) return false;
  if (isListedHost(rules.allowed, host, port) || isListedAddress(rules.allowed, bare, port)) return true;
  return isPublicAddress(bare) && isPublicPort(port, rules);
}

function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !specialIPv4.check(address, 'ipv4');
  return globalIPv6.check(address, 'ipv6') && !specialIPv6.check(address, 'ipv6');
}

/** Below 1024 are mail, remote shells and other services that take what begins like a request for their own. */
function isPublicPort(port: number, { allowHttp }: TargetRules): boolean {
  return port === 443 || (port === 80 && allowHttp) || port >= 1_024;
}
