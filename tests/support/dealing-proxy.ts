import net from 'node:net';
import pg from 'pg';

/**
 * Two databases that stand in for the nodes of a distributed server: ledgers are dealt to them in turn, and a statement
 * goes to the one that has the ledger which it binds. What binds none goes to both; only of the list of ledgers are the
 * answers put together, of everything else the first one's stands. So a statement that does not name its ledger finds
 * nothing of every second one.
 */
export interface DealingProxy {
  readonly url: string;
  /** Which of the two has a ledger. */
  nodeOf(ledgerId: string): number;
  close(): Promise<void>;
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export async function startDealingProxy(urls: readonly [string, string]): Promise<DealingProxy> {
  const dealt = new Map<string, number>();
  const sockets = new Set<net.Socket>();

  const proxy = net.createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    client.once('data', (startup) => {
      client.pause();
      relay(client, startup).catch(() => client.destroy());
    });
  });

  async function relay(client: net.Socket, startup: Buffer): Promise<void> {
    const sessions = await Promise.all(urls.map((url) => openNode(url, settingsOf(startup))));
    const servers = sessions.map(({ socket }) => socket);
    for (const socket of [client, ...servers]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        for (const each of [client, ...servers]) each.destroy();
      });
    }
    const answers = servers.map((server, index) => readAnswers(server, index === 0 ? client : undefined));
    let turn = Promise.resolve();
    let bytes = Buffer.alloc(0);
    let unit: Message[] = [];
    client.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (let message = takeMessage(); message !== undefined; message = takeMessage()) {
        unit.push(message);
        if (!['Q', 'S', 'X'].includes(message.type)) continue;
        const whole = unit;
        unit = [];
        turn = turn.then(() => pass(whole)).catch(() => void client.destroy());
      }
    });
    client.write(sessions[0]!.greeting);
    client.resume();

    function takeMessage(): Message | undefined {
      if (bytes.length < 5) return undefined;
      const length = 1 + bytes.readInt32BE(1);
      if (bytes.length < length) return undefined;
      const message = { type: String.fromCharCode(bytes[0]!), bytes: bytes.subarray(0, length) };
      bytes = bytes.subarray(length);
      return message;
    }

    /** Sends what belongs together to those that it is for, and answers when they have. */
    async function pass(messages: readonly Message[]): Promise<void> {
      const node = nodeFor(messages);
      const whole = Buffer.concat(messages.map((message) => message.bytes));
      if (node !== undefined) {
        servers[node]!.write(whole);
        client.write(Buffer.concat((await answers[node]!()).map((message) => message.bytes)));
        return;
      }
      for (const server of servers) server.write(whole);
      const [first, second] = await Promise.all(answers.map((next) => next()));
      const isList = /from "?ledgers"?/.test(messages.map((message) => message.bytes.toString('latin1')).join(' '));
      const rows = isList ? second!.filter(({ type }) => type === 'D') : [];
      const at = first!.findIndex(({ type }) => type === 'C');
      const merged = at < 0 ? first! : [...first!.slice(0, at), ...rows, ...first!.slice(at)];
      client.write(Buffer.concat(merged.map((message) => message.bytes)));
    }
  }

  function nodeFor(messages: readonly Message[]): number | undefined {
    const bound = messages.filter(({ type }) => type === 'B').flatMap(({ bytes }) => boundTexts(bytes));
    const isNew = messages.some(({ type, bytes }) => type === 'P' && /insert into "ledgers"/.test(bytes.toString()));
    const created = isNew ? bound.find((text) => uuidPattern.test(text)) : undefined;
    if (created !== undefined && !dealt.has(created)) dealt.set(created, dealt.size % 2);
    const named = bound.find((text) => dealt.has(text));
    return named === undefined ? undefined : dealt.get(named);
  }

  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const url = new URL(urls[0]);
  url.host = `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
  return {
    url: url.href,
    nodeOf: (ledgerId) => dealt.get(ledgerId)!,
    close() {
      const closed = new Promise<void>((resolve) => proxy.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

/** A message of PostgreSQL's protocol (manual, chapter 55.7); the first one of a client has no type. */
interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Gives the messages of a server up to each time that it is ready again; what it says in between goes to `aside`. */
function readAnswers(server: net.Socket, aside: net.Socket | undefined): () => Promise<Message[]> {
  let bytes = Buffer.alloc(0);
  let answer: Message[] = [];
  const complete: Message[][] = [];
  const waiting: Array<(messages: Message[]) => void> = [];
  server.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (bytes.length >= 5 && bytes.length >= 1 + bytes.readInt32BE(1)) {
      const length = 1 + bytes.readInt32BE(1);
      const message = { type: String.fromCharCode(bytes[0]!), bytes: bytes.subarray(0, length) };
      bytes = bytes.subarray(length);
      if (message.type === 'A') {
        aside?.write(message.bytes);
        continue;
      }
      answer.push(message);
      if (message.type !== 'Z') continue;
      const next = waiting.shift();
      if (next === undefined) complete.push(answer);
      else next(answer);
      answer = [];
    }
  });
  return () => {
    const ready = complete.shift();
    return ready === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(ready);
  };
}

/** What a client asks for in its startup message, besides who it is and where it wants to go. */
function settingsOf(startup: Buffer): Array<[name: string, value: string]> {
  const parts = startup.subarray(8).toString().split('\0');
  const settings: Array<[string, string]> = [];
  for (let index = 0; parts[index]; index += 2) settings.push([parts[index]!, parts[index + 1]!]);
  return settings.filter(([name]) => !['user', 'database'].includes(name));
}

/** Opens a session by the driver, which can authenticate, and takes its connection over. */
async function openNode(url: string, settings: ReadonlyArray<[string, string]>) {
  const options = settings
    .filter(([name]) => name !== 'options')
    .map(([name, value]) => `-c ${name}=${value.replaceAll(/[ \\]/g, '\\$&')}`);
  const given = settings.filter(([name]) => name === 'options').map(([, value]) => value);
  const session = new pg.Client({ connectionString: url, options: [...options, ...given].join(' ') });
  const { connection } = session as unknown as { connection: NodeJS.EventEmitter & { stream: net.Socket } };
  const greeting = [message('R', Buffer.alloc(4))];
  connection.on('parameterStatus', ({ parameterName, parameterValue }) => {
    greeting.push(message('S', Buffer.from(`${parameterName}\0${parameterValue}\0`)));
  });
  await session.connect();
  greeting.push(message('K', Buffer.alloc(8)), message('Z', Buffer.from('I')));
  const socket = connection.stream;
  socket.removeAllListeners();
  return { socket, greeting: Buffer.concat(greeting) };
}

function message(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 0);
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

/** What a Bind message binds as text. */
function boundTexts(bytes: Buffer): string[] {
  let at = bytes.indexOf(0, 5) + 1;
  at = bytes.indexOf(0, at) + 1;
  at += 2 + 2 * bytes.readInt16BE(at);
  const count = bytes.readInt16BE(at);
  at += 2;
  const texts: string[] = [];
  for (let index = 0; index < count; index++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    if (length < 0) continue;
    texts.push(bytes.subarray(at, at + length).toString());
    at += length;
  }
  return texts;
}
