import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sendBytes, sendRaw } from '../support/raw-request.ts';
import { expectProblem, leavingTheBooksAlone } from '../support/refusals.ts';
import { startTestService, type TestService } from '../support/test-service.ts';

let service: TestService;
/** Where a deposit of the good body would be booked. */
let path: string;
const good = '{"amount":"1.00","currency":"USD"}';

beforeAll(async () => {
  service = await startTestService();
  path = `/v1/accounts/${await service.client.openAccount({ balance: '10.00' })}/deposits`;
});

afterAll(() => service.stop());

/** The good body with more fields, written as JSON text. */
function withFields(fields: string): string {
  return `${good.slice(0, -1)},${fields}}`;
}

describe('JSON', () => {
  const malformed = [
    ...['{', '}', '[', `${good}}`, `${good}${good}`, good.slice(0, -1), good.slice(0, 12), `${good},`],
    ...[
      "{'amount':'1.00'}",
      '{amount:"1.00"}',
      '{"amount":"1.00",}',
      '{"amount":01}',
      '{"amount":NaN}',
      '{"amount":+1}',
    ],
    ...[
      '{"amount":"1\n"}',
      '{"amount":"\\x31"}',
      `/* */${good}`,
      `${good}//`,
      'undefined',
      'amount=1.00',
      '<a/>',
      ' ',
      '\0',
    ],
  ];
  test.each(malformed)('refuses %j as malformed', async (body) => {
    await leavingTheBooksAlone(service, async () => {
      expectProblem(await sendRaw(service, { path, body }), 'malformed_json');
    });
  });

  test.each([
    ['a stray continuation byte', Buffer.from([0x80])],
    ['an overlong slash', Buffer.from([0xc0, 0xaf])],
    ['an encoded surrogate', Buffer.from([0xed, 0xa0, 0x80])],
    ['a cut-off character', Buffer.from([0xe2, 0x82])],
    ['Latin-1', Buffer.from('é', 'latin1')],
  ])('refuses %s, which is not UTF-8', async (_name, bytes) => {
    const [before, after] = withFields('"description":"|"').split('|');
    await leavingTheBooksAlone(service, async () => {
      const answer = await sendRaw(service, {
        path,
        body: Buffer.concat([Buffer.from(before!), bytes, Buffer.from(after!)]),
      });
      expectProblem(answer, 'malformed_json');
      expect(answer.body.detail).toContain('UTF-8');
    });
  });

  test.each(['[]', `[${good}]`, '"text"', 'null', 'true', '1', '""'])(
    'refuses %s, which is not an object',
    async (body) => {
      await leavingTheBooksAlone(service, async () => {
        expectProblem(await sendRaw(service, { path, body }), 'validation_failed', ['']);
        expectProblem(await sendRaw(service, { path: '/v1/parties', body }), 'validation_failed', ['']);
      });
    },
  );

  test.each([undefined, 'application/json', 'text/plain'])(
    'says that the body is missing (content type %s)',
    async (type) => {
      await leavingTheBooksAlone(service, async () => {
        const answer = await sendRaw(service, {
          method: 'POST',
          path,
          headers: { 'content-type': type, 'content-length': '0' },
        });
        expectProblem(answer, 'validation_failed', ['']);
      });
    },
  );

  test('needs no body and no content type where there is nothing to say', async () => {
    for (const headers of [
      {},
      { 'content-length': '0' },
      { 'content-length': '0', 'content-type': 'application/json' },
    ]) {
      const account = await service.client.openAccount();
      const answer = await sendRaw(service, { method: 'POST', path: `/v1/accounts/${account}/close`, headers });
      expect([answer.status, answer.body.status]).toEqual([200, 'closed']);
    }
  });

  test.each([
    ['the amount', '{"amount":"1.00","currency":"USD","amount":"9.00"}', 'amount'],
    ['the same amount', '{"amount":"1.00","currency":"USD","amount":"1.00"}', 'amount'],
    ['an escaped amount', '{"amount":"1.00","currency":"USD","\\u0061mount":"9.00"}', 'amount'],
    ['a field of metadata', withFields('"metadata":{"a":[1,{"b":1,"c":{"b":2},"b":3}]}'), 'metadata.a.1.b'],
  ])(
    'refuses a document that says %s twice, because readers would differ on which counts',
    async (_name, body, field) => {
      await leavingTheBooksAlone(service, async () => {
        const answer = await sendRaw(service, { path, body });
        expectProblem(answer, 'validation_failed', [field]);
        expect(answer.body.errors[0].message).toBe('must not stand twice');
      });
    },
  );

  test('takes the same name in different objects, and names that look like JSON', async () => {
    const metadata = {
      a: { a: [{ a: 1 }, { a: 2 }] },
      'a"': 1,
      '"a': 2,
      '{"a":1,"a":2}': '{"a":1,"a":2}',
      '\\': '\\"',
    };
    const answer = await service.client.post(path, { amount: '1.00', currency: 'USD', metadata });
    expect([answer.status, answer.body.metadata]).toEqual([201, metadata]);
  });

  test.each([
    ['__proto__ at the top', '{"amount":"1.00","currency":"USD","__proto__":{"initiatedBy":"x"}}'],
    ['an escaped __proto__', '{"amount":"1.00","currency":"USD","\\u005f_proto__":{"initiatedBy":"x"}}'],
    ['__proto__ in metadata', withFields('"metadata":{"a":{"__proto__":1}}')],
    ['constructor.prototype at the top', withFields('"constructor":{"prototype":{"admin":true}}')],
    ['constructor.prototype in metadata', withFields('"metadata":{"constructor":{"prototype":{"admin":true}}}')],
  ])('refuses %s', async (_name, body) => {
    await leavingTheBooksAlone(service, async () => {
      const answer = await sendRaw(service, { path, body });
      expectProblem(answer, 'malformed_json');
      expect(answer.body.detail).toMatch(/__proto__.*constructor/);
    });
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test('keeps a field of metadata that is merely called constructor', async () => {
    const metadata = { constructor: 'Smith & Sons', prototype: null, toString: 1, hasOwnProperty: false };
    const answer = await service.client.post(path, { amount: '1.00', currency: 'USD', metadata });
    expect([answer.status, answer.body.metadata]).toEqual([201, metadata]);
    const read = await service.client.get(answer.headers.location!);
    expect(read.body.metadata).toEqual(metadata);
  });
});

describe('media type and encoding', () => {
  test.each([
    undefined,
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/problem+json',
    'application/*',
    'application/json, text/plain',
    'json',
    ';;;',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json; charset="iso-8859-1"',
  ])('refuses a body with content type %s', async (type) => {
    await leavingTheBooksAlone(service, async () => {
      for (const body of [good, [Buffer.from(good)]]) {
        expectProblem(
          await sendRaw(service, { path, body, headers: { 'content-type': type } }),
          'unsupported_media_type',
        );
      }
    });
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF8"', 'application/json; profile=x'])(
    'takes a body with content type %s',
    async (type) => {
      expect((await sendRaw(service, { path, body: good, headers: { 'content-type': type } })).status).toBe(201);
    },
  );

  test.each([
    ['gzip', gzipSync(good)],
    ['gzip', Buffer.from(good)],
    ['br', Buffer.from(good)],
    ['x-nonsense', Buffer.from(good)],
  ])('refuses content encoding %s', async (encoding, body) => {
    await leavingTheBooksAlone(service, async () => {
      expectProblem(
        await sendRaw(service, { path, body, headers: { 'content-encoding': encoding } }),
        'unsupported_media_type',
      );
    });
  });
});

describe('size', () => {
  const kibibytes64 = 64 * 1024;

  test('takes a body of 64 KiB and refuses one byte more, announced or chunked', async () => {
    const largest = Buffer.from(good.padEnd(kibibytes64));
    const larger = Buffer.from(good.padEnd(kibibytes64 + 1));
    expect((await sendRaw(service, { path, body: largest })).status).toBe(201);
    expect((await sendRaw(service, { path, body: [largest] })).status).toBe(201);
    await leavingTheBooksAlone(service, async () => {
      expectProblem(await sendRaw(service, { path, body: larger }), 'payload_too_large');
      expectProblem(await sendRaw(service, { path, body: [larger] }), 'payload_too_large');
    });
  });

  test('refuses a body of 1 MiB, announced or chunked, valid JSON or not', async () => {
    const valid = Buffer.from(good.padEnd(1024 * 1024));
    const chunks = Array.from({ length: 64 }, () => Buffer.alloc(16 * 1024, '['));
    await leavingTheBooksAlone(service, async () => {
      for (const body of [valid, [valid], Buffer.concat(chunks), chunks]) {
        expectProblem(await sendRaw(service, { path, body }), 'payload_too_large');
      }
    });
  });

  test.each([
    ['announced and hardly begun', 'Content-Length: 70000\r\n\r\n{}', 'payload_too_large'],
    [
      'chunked and without an end',
      `Transfer-Encoding: chunked\r\n\r\n14000\r\n${' '.repeat(0x14000)}\r\n`,
      'payload_too_large',
    ],
    ['from somebody unknown', 'Content-Length: 70000\r\nAuthorization: x\r\n\r\n{}', 'unauthorized'],
  ])('refuses a large body that is %s at once, and hangs up', async (_name, rest, code) => {
    const key = rest.includes('Authorization') ? '' : `Authorization: Bearer ${service.apiKey}\r\n`;
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${key}`;
    await leavingTheBooksAlone(service, async () => {
      expect(await sendBytes(service, Buffer.from(head + rest))).toContain(`"code":"${code}"`);
    });
  });

  test('hears nobody out who goes on sending after the refusal', async () => {
    const socket = connect(service.api.port, '127.0.0.1');
    const more = Buffer.alloc(64 * 1024, ' ');
    let answered = '';
    socket.on('data', (bytes) => (answered += bytes));
    socket.on('error', () => {});
    const send = () => {
      while (socket.writable && socket.write(more));
    };
    socket.on('drain', send);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${service.apiKey}\r\n`);
    socket.write('Content-Type: application/json\r\nContent-Length: 900000000000\r\n\r\n');
    send();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answered).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('refuses deep nesting at the field where it becomes too deep', async () => {
    const nest = (levels: number) => withFields(`"metadata":${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
    expect((await sendRaw(service, { path, body: nest(15) })).status).toBe(201);
    await leavingTheBooksAlone(service, async () => {
      for (const levels of [16, 20]) {
        const answer = await sendRaw(service, { path, body: nest(levels) });
        expectProblem(answer, 'validation_failed', [`metadata${'.a'.repeat(16)}`]);
      }
      const brackets = '['.repeat(30_000) + ']'.repeat(30_000);
      expectProblem(await sendRaw(service, { path, body: brackets }), 'validation_failed', [
        Array(17).fill('0').join('.'),
      ]);
      expectProblem(await sendRaw(service, { path, body: '['.repeat(60_000) }), 'malformed_json');
    });
  });

  test('answers briefly however much is wrong', async () => {
    const fields = Array.from({ length: 2_000 }, (_, index) => `"surprise ${index} ✓😀":1`).join();
    await leavingTheBooksAlone(service, async () => {
      for (const more of [fields, `"${'😀'.repeat(15_000)}":1`, `"metadata":{"${'a'.repeat(60_000)}":"\\u0000"}`]) {
        const answer = await sendRaw(service, { path, body: withFields(more) });
        expect([answer.status, answer.body.code]).toEqual([400, 'validation_failed']);
        expect(answer.text.length).toBeLessThan(8_000);
        expect(JSON.stringify(answer.body)).not.toMatch(/\\ud[89a-f]/i);
      }
    });
  });
});

describe('text that cannot be kept', () => {
  test.each([
    ['description', '"description":"a\\u0000b"'],
    ['reference', '"reference":"\\u0000"'],
    ['amount', '"metadata":null,"amount":"1\\u0000"'],
    ['metadata.a', '"metadata":{"a":"\\u0000"}'],
    ['metadata.a.0.b', '"metadata":{"a":[{"b":"x\\u0000"}]}'],
    ['metadata', '"metadata":{"a\\u0000":1}'],
    ['', '"a\\u0000":1'],
    ['description', '"description":"\\ud800"'],
    ['description', '"description":"\\udc00\\ud800"'],
    ['metadata.a', '"metadata":{"a":"x\\udfff"}'],
    ['metadata', '"metadata":{"\\ud83d":1}'],
  ])('refuses NUL and unpaired surrogates and names %j in {…,%s}', async (field, fields) => {
    const body = fields.includes('"amount"') ? `{"currency":"USD",${fields}}` : withFields(fields);
    await leavingTheBooksAlone(service, async () => {
      const answer = await sendRaw(service, { path, body });
      expectProblem(answer, 'validation_failed', [field]);
      expect(answer.body.errors[0].message).toMatch(/NUL or unpaired surrogates/);
    });
  });

  test('keeps every other character unchanged', async () => {
    const description = 'a\u0001\u007f\u0085\u2028\ufeff\ufffe\ufffd é 👩‍👩‍👧 \u{10ffff} "\\';
    const answer = await service.client.post(path, {
      amount: '1.00',
      currency: 'USD',
      description,
      metadata: { [description]: description },
    });
    const read = await service.client.get(answer.headers.location!);
    expect([read.body.description, read.body.metadata]).toEqual([description, { [description]: description }]);
  });

  test.each(['1e400', '-1e400', '12345678901234567890', '9007199254740992', '-9007199254740993', '1e20'])(
    'refuses the number %s, which would come back as another',
    async (number) => {
      await leavingTheBooksAlone(service, async () => {
        const answer = await sendRaw(service, { path, body: withFields(`"metadata":{"a":[0,${number}]}`) });
        expectProblem(answer, 'validation_failed', ['metadata.a.1']);
      });
    },
  );
});
