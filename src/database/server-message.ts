/**
 * What PostgreSQL or the driver says about a failure, without the statement that knex puts before it. Of an attempt to
 * connect to several addresses the message is empty; its code says more.
 */
export function serverMessage(error: Error): string {
  const message = error.message.slice(error.message.lastIndexOf(' - ') + 1).replace(/^- /, '');
  return message.trim() || ('code' in error ? String(error.code) : error.name);
}
