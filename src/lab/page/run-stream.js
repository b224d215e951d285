/**
 * Plays a run and passes on each message of its answer. Throws an Error with the service's words when it is refused or
 * breaks off. Aborting the signal hangs up, and that ends the run.
 *
 * @param {object} request What `POST /lab/runs` takes.
 * @param {AbortSignal} signal
 * @param {(message: any) => void} onMessage
 */
export async function playRun(request, signal, onMessage) {
  const answer = await fetch('/lab/runs', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
    signal,
  });
  if (!answer.ok || answer.body === null) throw new Error(await refusalOf(answer));
  let isOver = false;
  for await (const message of linesOf(answer.body)) {
    if (message.type === 'failed') throw new Error(message.detail);
    isOver ||= message.type === 'result';
    onMessage(message);
  }
  if (!isOver) throw new Error('The answer broke off before its end.');
}

/** @param {Response} answer */
async function refusalOf(answer) {
  const problem = await answer.json().catch(() => ({}));
  const fields = (problem.errors ?? []).map((/** @type {any} */ { path, message }) => `${path} ${message}`);
  return [problem.detail ?? `The service answered ${answer.status}.`, ...fields].join(' ');
}

/** @param {ReadableStream<Uint8Array>} body */
async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line);
  }
}
