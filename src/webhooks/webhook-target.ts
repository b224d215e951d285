import { BlockList, isIP } from 'node:net';
import type { TargetRules } from '../http/service-parts.ts';

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
 * whenever a webhook is sent. Special addresses are those of the IANA special-purpose registries (RFC 6890).
 */
export function problemOfTarget(url: string, rules: TargetRules): string | undefined {
  if (url.length > maxUrlLength) return `must have at most ${maxUrlLength} characters`;
  // The parser would quietly mend other slashes, and drop white space.
  if (!/^[a-z]+:\/\/[^\s\\\p{Cc}]+$/iu.test(url) || !URL.canParse(url)) {
    return 'must be an absolute URL such as https://example.com/webhooks';
  }
  const { protocol, username, password, hostname } = new URL(url);
  if (protocol !== 'https:' && !(protocol === 'http:' && rules.allowHttp)) return 'must begin with https://';
  if (username !== '' || password !== '') return 'must not contain a user name or password';
  if (url.includes('#')) return 'must not have a fragment';
  if (!rules.allowPrivate && !mayBePublic(hostname)) return 'must have a public host';
  return undefined;
}

/** Of names only those are refused that mean this machine (RFC 6761); what others resolve to is looked at later. */
function mayBePublic(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');
  const family = isIP(host);
  if (family === 4) return !specialIPv4.check(host, 'ipv4');
  if (family === 6) return globalIPv6.check(host, 'ipv6') && !specialIPv6.check(host, 'ipv6');
  return host !== '' && host !== 'localhost' && !host.endsWith('.localhost');
}
