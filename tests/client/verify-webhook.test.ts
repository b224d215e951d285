import { expect, test } from '@jest/globals';
import { Webhook as Signer } from 'standardwebhooks';
import { type ReceivedWebhook, verifyWebhook, WebhookError } from '../../src/client/client.ts';
import { createWebhookSecret } from '../../src/webhooks/webhook-secret.ts';

const [secret, other] = [createWebhookSecret(), createWebhookSecret()];
const now = new Date('2026-11-21T09:30:00.400Z');
const body = '{"id":"0-1-01234567-0.01234567","type":"hold.placed","data":{"name":"Zoë"}}';

function received(change: Partial<ReceivedWebhook> = {}, signing = [secret], at = now): ReceivedWebhook {
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': `${Math.floor(at.getTime() / 1_000)}`,
    'webhook-signature': signing.map((each) => new Signer(each).sign('msg_1', at, body)).join(' '),
  };
  return { body, headers, secrets: [secret], now, ...change };
}

test('answers the event of a webhook that is signed with a secret of the endpoint', async () => {
  expect(await verifyWebhook(received())).toEqual(JSON.parse(body));
  expect(await verifyWebhook(received({ body: Buffer.from(body) }))).toEqual(JSON.parse(body));
  const { headers } = received();
  expect(await verifyWebhook(received({ headers: new Headers(headers as Record<string, string>) }))).toEqual(
    JSON.parse(body),
  );
});

test('takes either secret while one takes the place of the other', async () => {
  await verifyWebhook(received({}, [other, secret]));
  await verifyWebhook(received({ secrets: [other, secret] }));
});

test.each<[string, ReceivedWebhook]>([
  ['another secret', received({ secrets: [other] })],
  ['no secret', received({ secrets: [] })],
  ['an empty secret', received({ secrets: ['whsec_'] })],
  ['a changed body', received({ body: body.replace('placed', 'voided') })],
  ['a changed id', received({ headers: { ...received().headers, 'webhook-id': 'msg_2' } as Record<string, string> })],
  [
    'a changed time',
    received({ headers: { ...received().headers, 'webhook-timestamp': '1' } as Record<string, string> }),
  ],
  ['no signature', received({ headers: { ...received().headers, 'webhook-signature': '' } as Record<string, string> })],
  ['a signature of another version', received({}, [])],
  ['no header', received({ headers: {} })],
  ['one that is too old', received({}, [secret], new Date(now.getTime() - 301_000))],
  ['one of the future', received({}, [secret], new Date(now.getTime() + 302_000))],
])('refuses %s', async (_what, webhook) => {
  await expect(verifyWebhook(webhook)).rejects.toBeInstanceOf(WebhookError);
});

test('how old it may be can be set', async () => {
  const old = received({ toleranceSeconds: 600 }, [secret], new Date(now.getTime() - 500_000));
  expect(await verifyWebhook(old)).toMatchObject({ type: 'hold.placed' });
});
