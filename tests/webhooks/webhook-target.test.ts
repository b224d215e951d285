import { describe, expect, test } from '@jest/globals';
import { readAllowedTargets } from '../../src/webhooks/allowed-targets.ts';
import { problemOfTarget } from '../../src/webhooks/webhook-target.ts';
import { specialAddresses } from '../support/special-addresses.ts';

const strict = { allowHttp: false, allowed: [] };

describe('for strangers', () => {
  test.each([
    'https://example.com',
    'https://example.com/webhooks?ledger=1',
    'https://example.com:8443/webhooks',
    'HTTPS://EXAMPLE.COM',
    'https://bücher.example/',
    'https://localhost.example.com/',
    'https://93.184.215.14/',
    'https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/',
    `https://example.com/${'x'.repeat(2_028)}`,
  ])('%s is a target', (url) => {
    expect(problemOfTarget(url, strict)).toBeUndefined();
  });

  test.each([
    ['', 'must be an absolute URL such as https://example.com/webhooks'],
    ['example.com', 'must be an absolute URL such as https://example.com/webhooks'],
    ['/webhooks', 'must be an absolute URL such as https://example.com/webhooks'],
    ['https:example.com', 'must be an absolute URL such as https://example.com/webhooks'],
    ['https:\\\\example.com', 'must be an absolute URL such as https://example.com/webhooks'],
    ['https://', 'must be an absolute URL such as https://example.com/webhooks'],
    ['https://exa mple.com', 'must be an absolute URL such as https://example.com/webhooks'],
    [' https://example.com', 'must be an absolute URL such as https://example.com/webhooks'],
    ['https://example.com/\n', 'must be an absolute URL such as https://example.com/webhooks'],
    ['https://example.com/\0', 'must be an absolute URL such as https://example.com/webhooks'],
    ['https://example.com:99999', 'must be an absolute URL such as https://example.com/webhooks'],
    ['https://1.2.3.4.5', 'must be an absolute URL such as https://example.com/webhooks'],
    ['http://example.com', 'must begin with https://'],
    ['ftp://example.com', 'must begin with https://'],
    ['file:///etc/passwd', 'must begin with https://'],
    ['https://ann@example.com', 'must not contain a user name or password'],
    ['https://:secret@example.com', 'must not contain a user name or password'],
    ['https://example.com/#part', 'must not have a fragment'],
    ['https://example.com/#', 'must not have a fragment'],
    [`https://example.com/${'x'.repeat(2_029)}`, 'must have at most 2048 characters'],
  ])('%j is none', (url, problem) => {
    expect(problemOfTarget(url, strict)).toBe(problem);
  });

  test.each([
    'localhost',
    'localhost.',
    'LocalHost',
    'ledger.localhost',
    'ledger.localhost.',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '127.0.0.1.',
    '１２７.0.0.1',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::169.254.169.254]',
    '[4000::1]',
    ...specialAddresses.map((address) => (address.includes(':') ? `[${address}]` : address)),
  ])('the host %s is refused', (host) => {
    expect(problemOfTarget(`https://${host}:8443/webhooks`, strict)).toBe('must have a public host');
  });
});

describe('what the operator listed', () => {
  const rules = (list: string) => ({ ...strict, allowed: readAllowedTargets(list).targets });

  test.each([
    ['127.0.0.1', 'https://127.0.0.1:3000/'],
    ['127.0.0.1', 'https://127.0.0.1/'],
    ['127.0.0.1:25', 'https://127.0.0.1:25/'],
    ['10.0.0.0/8', 'https://10.255.255.255:1/'],
    ['10.0.0.0/8:8080', 'https://10.0.0.1:8080/'],
    ['::1', 'https://[::1]:3000/'],
    ['[::1]:3000', 'https://[0:0::1]:3000/'],
    ['[fd00::/8]', 'https://[fd12::1]/'],
    ['[fd00::/8]:443', 'https://[fd12::1]/'],
    ['localhost', 'https://localhost:3000/'],
    ['Hooks.Internal:81', 'https://hooks.internal.:81/'],
    ['*.internal:81', 'https://a.b.internal:81/'],
    ['192.168.0.1, 10.0.0.1', 'https://10.0.0.1/'],
    // The name may resolve to what is listed.
    ['10.0.0.0/8:81', 'https://receiver.example:81/'],
  ])('%s: %s is a target', (list, url) => {
    expect(problemOfTarget(url, rules(list))).toBeUndefined();
    expect(problemOfTarget(url.replace('https', 'http'), rules(list))).toBe('must begin with https://');
  });

  test.each([
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.1:3000', '127.0.0.1:3001'],
    ['127.0.0.1:3000', '127.0.0.1'],
    ['10.0.0.0/8', '192.168.0.1'],
    ['10.0.0.0/8:8080', '10.0.0.1:8081'],
    ['127.0.0.1', 'localhost:3000'],
    ['*.localhost', 'localhost'],
    ['localhost', 'other.localhost'],
    ['0.0.0.0/0', '169.254.169.254'],
    ['169.254.0.0/16', '169.254.169.254'],
    ['::/0', '[fd00:ec2::254]'],
    ['::/0', '[::ffff:169.254.169.254]'],
    ['64:ff9b::/96', '[64:ff9b::a9fe:a9fe]'],
    ['64:ff9b:1::/48', '[64:ff9b:1::168.63.129.16]'],
    ['2002::/16', '[2002:6464:64c8::1]'],
    ['0.0.0.0/0,::/0', '100.100.100.200'],
  ])('%s: %s is none', (list, host) => {
    expect(problemOfTarget(`https://${host}/`, rules(list))).toBe('must have a public host');
  });

  test.each([
    ['1.2.3', 'which is no host'],
    ['10.0.0.0/33', 'whose network has no prefix from 0 to 32'],
    ['10.0.0.0/8/8', 'whose network has no prefix from 0 to 32'],
    ['::/129', 'whose network has no prefix from 0 to 128'],
    ['10.0.0.0/', 'whose network has no prefix from 0 to 32'],
    ['hooks.internal:0', 'whose port is not from 1 to 65535'],
    ['127.0.0.1:65536', 'whose port is not from 1 to 65535'],
    ['https://hooks.internal', 'which is no host'],
    ['*', 'which is no host'],
    ['hooks.*.internal', 'which is no host'],
    ['fe80::1%eth0', 'which is no host'],
    ['[hooks', 'which is no host'],
    ['169.254.169.254', 'which is for cloud metadata and never called'],
    ['[fd00:ec2::254]:80', 'which is for cloud metadata and never called'],
  ])('%s cannot be listed', (entry, problem) => {
    const { targets, problems } = readAllowedTargets(`10.0.0.1,${entry}`);
    expect(targets).toHaveLength(1);
    expect(problems).toEqual([expect.stringContaining(`has "${entry}", ${problem}`)]);
  });
});

test.each([25, 22, 80, 81, 444, 1_023])('port %d of a public host is refused, whatever it is called', (port) => {
  const problem = 'must have port 443 or one from 1024 on';
  expect(problemOfTarget(`https://example.com:${port}/`, strict)).toBe(problem);
  expect(problemOfTarget(`https://93.184.215.14:${port}/`, strict)).toBe(problem);
});

test('where http is allowed, nothing else is', () => {
  const rules = { ...strict, allowHttp: true };
  expect(problemOfTarget('http://example.com/', rules)).toBeUndefined();
  expect(problemOfTarget('http://example.com:81/', rules)).toBe('must have port 443 or one from 1024 on');
  expect(problemOfTarget('ws://example.com/', rules)).toBe('must begin with https://');
  expect(problemOfTarget('http://127.0.0.1/', rules)).toBe('must have a public host');
});
