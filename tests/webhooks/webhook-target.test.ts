import { describe, expect, test } from '@jest/globals';
import { problemOfTarget } from '../../src/webhooks/webhook-target.ts';
import { specialAddresses } from '../support/special-addresses.ts';

const strict = { allowHttp: false, allowPrivate: false };

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

test('where private addresses are allowed, every host is a target', () => {
  for (const host of ['localhost', '127.0.0.1', '10.0.0.1', '[::1]']) {
    expect(problemOfTarget(`https://${host}/`, { ...strict, allowPrivate: true })).toBeUndefined();
    expect(problemOfTarget(`http://${host}/`, { ...strict, allowPrivate: true })).toBe('must begin with https://');
  }
});

test('where http is allowed, nothing else is', () => {
  const rules = { ...strict, allowHttp: true };
  expect(problemOfTarget('http://example.com/', rules)).toBeUndefined();
  expect(problemOfTarget('ws://example.com/', rules)).toBe('must begin with https://');
  expect(problemOfTarget('http://127.0.0.1/', rules)).toBe('must have a public host');
});
