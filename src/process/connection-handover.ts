import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/** What the accepting process and those that answer say to each other of connections. */
export type ConnectionMessage = { type: 'connection'; id: number } | { type: 'taken'; id: number };

/** How long an accepted connection waits for a process that answers, and how many may. */
const patienceMs = 10_000;
const maxWaiting = 2_000;

/**
 * Gives the connections that one process accepts to others, in turn. Until a process has confirmed that it took one, it
 * is kept open here as well: a process that dies before leaves nobody waiting on a connection that belongs to no one,
 * which is what node's own cluster does (it forgets what is on its way to a process that dies).
 */
export class ConnectionHandover {
  #takers: ChildProcess[] = [];
  readonly #waiting = new Map<Socket, NodeJS.Timeout>();
  readonly #given = new Map<number, { socket: Socket; taker: ChildProcess }>();
  #lastId = 0;

  /** Gives a connection to the process whose turn it is; it waits where there is none. */
  give(socket: Socket): void {
    // What goes wrong with it shows where it is read.
    socket.on('error', () => {});
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#keep(socket);
      return;
    }
    this.#takers.push(taker);
    const id = ++this.#lastId;
    this.#given.set(id, { socket, taker });
    taker.send({ type: 'connection', id } satisfies ConnectionMessage, socket, { keepOpen: true }, (error) => {
      if (error === null) return;
      this.#given.delete(id);
      this.remove(taker);
      this.give(socket);
    });
  }

  /** The process answers from now on. */
  add(taker: ChildProcess): void {
    this.#takers.push(taker);
    for (const [socket, timeout] of this.#waiting) {
      clearTimeout(timeout);
      this.#waiting.delete(socket);
      this.give(socket);
    }
  }

  /** The process has taken the connection: here it is closed, there it is open. */
  taken(id: number): void {
    this.#given.get(id)?.socket.destroy();
    this.#given.delete(id);
  }

  /** The process gets no further connections. */
  remove(taker: ChildProcess): void {
    this.#takers = this.#takers.filter((other) => other !== taker);
  }

  /**
   * The process has ended. What it was given and had not taken, or not confirmed, ends too: it may have read some of
   * it.
   */
  gone(gone: ChildProcess): void {
    this.remove(gone);
    for (const [id, { taker }] of this.#given) if (taker === gone) this.taken(id);
  }

  /** Ends the connections that wait. */
  close(): void {
    for (const [socket, timeout] of this.#waiting) {
      clearTimeout(timeout);
      socket.destroy();
    }
    this.#waiting.clear();
  }

  #keep(socket: Socket): void {
    const end = () => {
      this.#waiting.delete(socket);
      socket.destroy();
    };
    if (this.#waiting.size >= maxWaiting) socket.destroy();
    else this.#waiting.set(socket, setTimeout(end, patienceMs));
  }
}
