import { BlockList, isIP } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether what is sent to this address, or to the name `localhost`, stays on this machine. */
export function isLoopback(host: string): boolean {
  // BlockList takes addresses of IPv4 that are mapped into IPv6 as what they are.
  return host === 'localhost' || (isIP(host) !== 0 && loopback.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6'));
}
