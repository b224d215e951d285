import { BlockList, isIP } from 'node:net';
import type { AllowedTarget } from '../http/service-parts.ts';

const metadataIPv4 = [
  // AWS, Azure, Google Cloud and most others; credentials of tasks on AWS.
  ...['169.254.169.254', '169.254.170.2', '169.254.170.23'],
  // Azure, Alibaba Cloud, Oracle Cloud.
  ...['168.63.129.16', '100.100.100.200', '192.0.0.192'],
];

const metadata = new BlockList();
for (const address of metadataIPv4) {
  metadata.addAddress(address);
  // 6to4 has the IPv4 address in front.
  metadata.addSubnet(`2002:${lastHalfOf(`::ffff:${address}`)}::`, 48, 'ipv6');
}
for (const address of ['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254']) metadata.addAddress(address, 'ipv6');

/** As IPv6 addresses end that stand for one of them: mapped, compatible, and behind any NAT64 prefix of 96 bits. */
const metadataEndings = metadataIPv4.map((address) => `:${lastHalfOf(`::ffff:${address}`)}`);

/**
 * Whether a machine in a cloud finds its credentials at this address. No webhook ever goes there, because the
 * beginning of the answer can be read by the caller who registered the endpoint.
 */
export function isMetadataAddress(address: string): boolean {
  if (isIP(address) === 4) return metadata.check(address);
  return metadata.check(address, 'ipv6') || metadataEndings.some((ending) => normalIPv6(address).endsWith(ending));
}

/** `64:ff9b::169.254.169.254` is `64:ff9b::a9fe:a9fe`. */
function normalIPv6(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1);
}

/** The last 32 bits of an IPv6 address. */
function lastHalfOf(address: string): string {
  return normalIPv6(address).split(':').slice(-2).join(':');
}

/** Whether this host name (not an address) is listed at this port. */
export function isListedHost(targets: readonly AllowedTarget[], hostname: string, port: number): boolean {
  return targets.some((target) => {
    if (!('host' in target) || !isAtPort(target, port)) return false;
    return target.host.startsWith('*.') ? hostname.endsWith(target.host.slice(1)) : hostname === target.host;
  });
}

/** Whether this address is listed at this port. */
export function isListedAddress(targets: readonly AllowedTarget[], address: string, port: number): boolean {
  const listed = new BlockList();
  for (const target of targets) {
    if (!('network' in target) || !isAtPort(target, port)) continue;
    listed.addSubnet(target.network, target.prefix, familyOf(target.network));
  }
  return listed.check(address, familyOf(address));
}

/** Whether any address is listed at this port. */
export function isListedPort(targets: readonly AllowedTarget[], port: number): boolean {
  return targets.some((target) => 'network' in target && isAtPort(target, port));
}

function isAtPort(target: AllowedTarget, port: number): boolean {
  return target.port === undefined || target.port === port;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

/**
 * Reads a comma-separated list of hosts (`hooks.internal`, `*.internal`), addresses and networks (`10.0.0.0/8`, `::1`),
 * each with or without a port (`[::1]:8080`). Answers what is wrong with those entries that are none of them, a
 * sentence each.
 */
export function readAllowedTargets(list: string): { targets: AllowedTarget[]; problems: string[] } {
  const targets: AllowedTarget[] = [];
  const problems: string[] = [];
  for (const entry of list.split(',').map((part) => part.trim())) {
    if (entry === '') continue;
    const read = readEntry(entry);
    if (typeof read === 'string') problems.push(`has "${entry}", ${read}`);
    else targets.push(read);
  }
  return { targets, problems };
}

function readEntry(entry: string): AllowedTarget | string {
  const { name, port } = splitPort(entry);
  const at = port === undefined ? {} : { port: Number.parseInt(port, 10) };
  if (port !== undefined && (at.port === 0 || at.port! > 65_535)) return 'whose port is not from 1 to 65535';
  const [address = '', bits, ...rest] = name.split('/');
  const family = address.includes('%') ? 0 : isIP(address);
  if (family !== 0) {
    const most = family === 4 ? 32 : 128;
    const prefix = bits === undefined ? most : Number.parseInt(bits, 10);
    if (rest.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits)) || prefix > most) {
      return `whose network has no prefix from 0 to ${most}`;
    }
    if (prefix === most && isMetadataAddress(address)) return 'which is for cloud metadata and never called';
    return { network: address, prefix, ...at };
  }
  const host = name.toLowerCase();
  // Numbers alone are addresses in an unusual notation, or mistyped ones.
  if (!/^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_-]*[a-z_][a-z0-9_-]*$/.test(host) || host.length > 253) {
    return 'which is no host, IP address or network such as hooks.internal, *.internal, 127.0.0.1:3000 or 10.0.0.0/8';
  }
  return { host, ...at };
}

/** IPv6 addresses have colons of their own, so that a port needs brackets there. */
function splitPort(entry: string): { name: string; port?: string | undefined } {
  const bracketed = /^\[([^[\]]*)\](?::(\d{1,5}))?$/.exec(entry);
  if (bracketed !== null) return { name: bracketed[1]!, port: bracketed[2] };
  const plain = /^([^:]*):(\d{1,5})$/.exec(entry);
  return plain === null ? { name: entry } : { name: plain[1]!, port: plain[2] };
}
