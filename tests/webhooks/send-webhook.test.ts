import { createHmac } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Webhook as Verifier } from 'standardwebhooks';
import { readAllowedTargets } from '../../src/webhooks/allowed-targets.ts';
import { type SendingOptions, sendWebhook, type Webhook } from '../../src/webhooks/send-webhook.ts';
import { isDelivered } from '../../src/webhooks/sending-outcome.ts';
import { createWebhookSecret } from '../../src/webhooks/webhook-secret.ts';
import { localTargets } from '../support/local-webhooks.ts';
import { createSelfSignedCertificate } from '../support/self-signed-certificate.ts';
import { specialAddresses } from '../support/special-addresses.ts';
import { behaviour, startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

const secret = createWebhookSecret();
const anyMs = expect.any(Number);
let receiver: WebhookReceiver;

beforeEach(async () => {
  receiver = await startWebhookReceiver();
});

afterEach(() => receiver.close());

function send(webhook: Partial<Webhook> = {}, terms: Partial<SendingOptions> = {}) {
  const whole = {
    url: `${receiver.url}/webhooks?a=1`,
    id: 'msg_1',
    body: '{"type":"booked","text":"Grüße"}',
    contentType: 'application/cloudevents+json',
    secrets: [secret],
    sentAt: new Date(),
  };
  const patient = {
    rules: localTargets,
    timeoutMs: 30_000,
    stop: new AbortController().signal,
  };
  return sendWebhook({ ...whole, ...webhook }, { ...patient, ...terms });
}

/** Resolves every name to these addresses. */
function resolvingTo(...addresses: readonly string[]): LookupFunction {
  const answers: LookupAddress[] = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_hostname, { all }, callback) => {
    if (all) process.nextTick(callback, null, answers);
    else process.nextTick(callback, null, answers[0]!.address, answers[0]!.family);
  };
}

/** The signature as the specification describes it. */
function signatureOf(key: string, { headers, body }: WebhookReceiver['received'][number]): string {
  const bytes = Buffer.from(key.slice('whsec_'.length), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return `v1,${createHmac('sha256', bytes).update(signed).digest('base64')}`;
}

describe('what is sent', () => {
  test('is one POST of the message with the headers of Standard Webhooks', async () => {
    expect(await send({ sentAt: new Date('2026-11-21T10:00:00.999Z') })).toEqual({
      status: 204,
      answer: '',
      ms: anyMs,
    });

    expect(receiver.received).toEqual([
      {
        method: 'POST',
        path: '/webhooks?a=1',
        headers: {
          host: `127.0.0.1:${receiver.port}`,
          connection: 'close',
          'content-type': 'application/cloudevents+json',
          'content-length': '34',
          'user-agent': 'joint-ledger',
          'webhook-id': 'msg_1',
          'webhook-timestamp': '1795255200',
          'webhook-signature': expect.any(String),
        },
        body: '{"type":"booked","text":"Grüße"}',
      },
    ]);
  });

  test('is signed so that the library verifies it, and only with its own secret and body', async () => {
    await send();
    const { headers, body } = receiver.received[0]!;
    const signed = headers as Record<string, string>;
    expect(new Verifier(secret).verify(body, signed)).toEqual({ type: 'booked', text: 'Grüße' });
    expect(() => new Verifier(createWebhookSecret()).verify(body, signed)).toThrow('No matching signature found');
    expect(() => new Verifier(secret).verify(`${body} `, signed)).toThrow('No matching signature found');
    expect(() => new Verifier(secret).verify(body, { ...signed, 'webhook-id': 'msg_2' })).toThrow('No matching');
  });

  test('is signed as the specification says', async () => {
    await send();
    expect(receiver.received[0]!.headers['webhook-signature']).toBe(signatureOf(secret, receiver.received[0]!));
  });

  test('has the signature of the known example', async () => {
    await send({
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      body: '{"test": 2432232314}',
      secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      sentAt: new Date(1_614_265_330_000),
    });
    expect(receiver.received[0]!.headers).toMatchObject({
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  test('is signed with both secrets while one replaces the other', async () => {
    const next = createWebhookSecret();
    await send({ secrets: [next, secret] });
    const { headers, body } = receiver.received[0]!;
    const both = [next, secret].map((key) => signatureOf(key, receiver.received[0]!));
    expect(headers['webhook-signature']).toBe(both.join(' '));
    for (const key of [next, secret]) {
      expect(new Verifier(key).verify(body, headers as Record<string, string>)).toMatchObject({ type: 'booked' });
    }
  });
});

describe('an answer', () => {
  test.each([
    [200, true],
    [204, true],
    [299, true],
    [300, false],
    [304, false],
    [400, false],
    [410, false],
    [500, false],
  ])('of status %i: delivered %p', async (status, delivered) => {
    receiver.behave(behaviour.answer(status));
    const outcome = await send();
    expect([outcome, isDelivered(outcome)]).toEqual([{ status, answer: '', ms: anyMs }, delivered]);
  });

  test('that is no success may ask for a pause, by seconds or by a date', async () => {
    for (const status of [302, 400, 429, 500, 503]) {
      receiver.behave(behaviour.answer(status, '', { 'retry-after': '120' }));
      expect(await send()).toEqual({ status, answer: '', retryAfterSeconds: 120, ms: anyMs });
    }
    receiver.behave(behaviour.answer(503, '', { 'retry-after': 'Fri, 31 Dec 2999 23:59:59 GMT' }));
    expect(await send()).toEqual({ status: 503, answer: '', retryAfterSeconds: 14_400, ms: anyMs });
    receiver.behave(behaviour.answer(503, '', { 'retry-after': 'soon' }));
    expect(await send()).toEqual({ status: 503, answer: '', ms: anyMs });
  });

  test('that is a success asks for nothing', async () => {
    receiver.behave(behaviour.answer(200, '', { 'retry-after': '120' }));
    expect(await send()).toEqual({ status: 200, answer: '', ms: anyMs });
  });

  test('is not followed where it redirects to', async () => {
    const other = await startWebhookReceiver();
    receiver.behave(behaviour.redirectTo(other.url));
    expect(await send()).toEqual({ status: 307, answer: '', ms: anyMs });
    await receiver.untilLetGo();
    expect(other.connections()).toBe(0);
    await other.close();
  });

  test('of a kilobyte at most is kept, without half a character at its end', async () => {
    receiver.behave(behaviour.answer(500, 'x'.repeat(1_023) + 'ü'.repeat(9)));
    expect(await send()).toEqual({ status: 500, answer: 'x'.repeat(1_023), ms: anyMs });
  });

  test('without end is let go of', async () => {
    receiver.behave(behaviour.sendHugeBody);
    expect(await send()).toEqual({ status: 200, answer: 'x'.repeat(1_024), ms: anyMs });
    await receiver.untilLetGo();
  });

  test('that could not be stored is kept as far as it can be', async () => {
    receiver.behave(behaviour.answer(200, Buffer.from('6100ff62eda08063', 'hex')));
    const outcome = await send();
    expect(outcome).toEqual({ status: 200, answer: 'a\ufffd\ufffdb\ufffd\ufffd\ufffdc', ms: anyMs });
  });

  test('that breaks off after its status counts', async () => {
    receiver.behave(behaviour.breakOff('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nso far'));
    expect(await send()).toEqual({ status: 200, answer: 'so far', ms: anyMs });
  });

  test('of which the body never ends counts when the time is over', async () => {
    receiver.behave(behaviour.trickleBody);
    const outcome = await send({}, { timeoutMs: 300 });
    expect(outcome).toMatchObject({ status: 200, answer: expect.stringMatching(/^so far *$/) });
    await receiver.untilLetGo();
  });
});

describe('there is no answer', () => {
  const failedWaiting = (timeoutMs: number) => ({
    failure: 'timeout',
    detail: `Not answered within ${timeoutMs} ms; the last step was waiting.`,
    ms: anyMs,
  });

  test('from a receiver that never answers', async () => {
    receiver.behave(behaviour.hang);
    const outcome = await send({}, { timeoutMs: 300 });
    expect([outcome, isDelivered(outcome)]).toEqual([failedWaiting(300), false]);
    await receiver.untilLetGo();
  });

  test('from a receiver whose headers never end', async () => {
    receiver.behave(behaviour.trickleHeaders);
    expect(await send({}, { timeoutMs: 300 })).toEqual(failedWaiting(300));
    await receiver.untilLetGo();
  });

  test.each([
    ['at once', '', 'socket hang up'],
    ['within the headers', 'HTTP/1.1 200 OK\r\nContent-', 'socket hang up'],
  ])('from a receiver that closes the connection %s', async (_when, bytes, detail) => {
    receiver.behave(behaviour.breakOff(bytes));
    expect(await send()).toEqual({ failure: 'connection_failed', detail, ms: anyMs });
  });

  test('from a receiver that wants to talk something else', async () => {
    receiver.behave(
      behaviour.breakOff('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    );
    const detail = 'The connection was closed without an answer.';
    expect(await send()).toEqual({ failure: 'connection_failed', detail, ms: anyMs });
  });

  test.each([
    ['no HTTP', 'SSH-2.0-none\r\n', 'Parse Error: Expected HTTP/, RTSP/ or ICE/'],
    ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(20_000)}`, 'Parse Error: Header overflow'],
  ])('from a receiver that sends %s', async (_what, bytes, detail) => {
    receiver.behave(behaviour.breakOff(bytes));
    expect(await send()).toEqual({ failure: 'answer_unreadable', detail, ms: anyMs });
  });

  test('where nobody listens', async () => {
    const gone = await startWebhookReceiver();
    await gone.close();
    const detail = `connect ECONNREFUSED 127.0.0.1:${gone.port}`;
    expect(await send({ url: gone.url })).toEqual({ failure: 'connection_failed', detail, ms: anyMs });
  });

  test('from a receiver that does not speak TLS', async () => {
    const url = receiver.url.replace('http:', 'https:');
    expect(await send({ url })).toMatchObject({ failure: 'tls_failed' });
    expect(receiver.received).toEqual([]);
  });

  test('from a receiver whose certificate nobody vouches for; it sees nothing of the message', async () => {
    const unknown = await startWebhookReceiver(createSelfSignedCertificate('receiver.example'));
    const url = `https://receiver.example:${unknown.port}/`;
    const outcome = await send({ url }, { lookup: resolvingTo('127.0.0.1') });
    expect(outcome).toEqual({
      failure: 'tls_failed',
      detail: expect.stringMatching(/^self-signed certificate/),
      ms: anyMs,
    });
    expect(unknown.received).toEqual([]);
    await unknown.close();
  });

  test('from a host name that means nothing', async () => {
    const lookup: LookupFunction = (hostname, _options, callback) => {
      const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' });
      process.nextTick(callback, error, []);
    };
    const detail = 'getaddrinfo ENOTFOUND receiver.example';
    const outcome = await send({ url: 'http://receiver.example/' }, { lookup });
    expect(outcome).toEqual({ failure: 'name_not_resolved', detail, ms: anyMs });
  });

  test('from a host name that is never resolved', async () => {
    const outcome = await send({ url: 'http://receiver.example/' }, { lookup: () => {}, timeoutMs: 300 });
    const detail = 'Not answered within 300 ms; the last step was resolving.';
    expect(outcome).toEqual({ failure: 'timeout', detail, ms: anyMs });
  });
});

describe('stopping', () => {
  const stopped = { failure: 'stopped', detail: 'The service stopped before the answer came.', ms: anyMs };

  test('ends an attempt that is under way', async () => {
    receiver.behave(behaviour.hang);
    const stop = new AbortController();
    const sending = send({}, { stop: stop.signal });
    await receiver.untilReceived(1);
    stop.abort();
    expect(await sending).toEqual(stopped);
    await receiver.untilLetGo();
  });

  test('lets none begin', async () => {
    expect(await send({}, { stop: AbortSignal.abort() })).toEqual(stopped);
    expect(receiver.connections()).toBe(0);
  });
});

describe('where only public addresses are allowed', () => {
  const rules = { allowHttp: true, allowed: [] };
  const refused = {
    failure: 'target_not_allowed',
    detail: 'The host name resolves to an address that is not public.',
    ms: anyMs,
  };

  test.each(specialAddresses)('a host name that resolves to %s is not connected to', async (address) => {
    const url = `http://receiver.example:${receiver.port}/`;
    expect(await send({ url }, { rules, lookup: resolvingTo(address) })).toEqual(refused);
  });

  test('a host name is not connected to of which any address is private', async () => {
    const url = `http://receiver.example:${receiver.port}/`;
    const lookup = resolvingTo('93.184.215.14', '127.0.0.1');
    expect(await send({ url }, { rules, lookup })).toEqual(refused);
    expect(receiver.connections()).toBe(0);
    expect(await send({ url }, { lookup: resolvingTo('127.0.0.1') })).toEqual({ status: 204, answer: '', ms: anyMs });
  });

  test('a private address itself is not connected to', async () => {
    const detail = 'The URL must have a public host.';
    expect(await send({}, { rules })).toEqual({ failure: 'target_not_allowed', detail, ms: anyMs });
    expect(receiver.connections()).toBe(0);
  });
});

describe('where hosts and addresses are listed', () => {
  const listing = (list: string) => ({ allowHttp: true, allowed: readAllowedTargets(list).targets });
  const url = () => `http://receiver.example:${receiver.port}/`;

  test.each(['127.0.0.0/8', 'receiver.example', '*.example', '127.0.0.1,10.0.0.1'])(
    'by %s a host name that resolves to 127.0.0.1 is connected to',
    async (list) => {
      const outcome = await send({ url: url() }, { rules: listing(list), lookup: resolvingTo('127.0.0.1') });
      expect(outcome).toMatchObject({ status: 204 });
    },
  );

  test.each(['10.0.0.0/8', 'other.example', '127.0.0.1:9', 'receiver.example:9'])('by %s it is not', async (list) => {
    const outcome = await send({ url: url() }, { rules: listing(list), lookup: resolvingTo('127.0.0.1') });
    expect(outcome).toMatchObject({ failure: 'target_not_allowed' });
    expect(receiver.connections()).toBe(0);
  });

  test.each([
    '169.254.169.254',
    '169.254.170.2',
    '168.63.129.16',
    '100.100.100.200',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::100.100.100.200',
    '2002:a83f:8110::1',
  ])('the metadata of a cloud at %s are not asked for, however wide the list', async (address) => {
    const rules = listing('receiver.example,0.0.0.0/0,::/0');
    const outcome = await send({ url: url() }, { rules, lookup: resolvingTo(address) });
    expect(outcome).toMatchObject({ failure: 'target_not_allowed' });
  });

  test('a name that resolves to a listed address and to another one is not connected to', async () => {
    const lookup = resolvingTo('127.0.0.1', '10.0.0.1');
    const outcome = await send({ url: url() }, { rules: listing('127.0.0.1'), lookup });
    expect(outcome).toMatchObject({ failure: 'target_not_allowed' });
    expect(receiver.connections()).toBe(0);
  });
});

test('where only https is allowed, http is not spoken', async () => {
  const outcome = await send({}, { rules: { ...localTargets, allowHttp: false } });
  const detail = 'The URL must begin with https://.';
  expect(outcome).toEqual({ failure: 'target_not_allowed', detail, ms: anyMs });
  expect(receiver.connections()).toBe(0);
});
