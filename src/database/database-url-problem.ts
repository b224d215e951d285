const example = 'such as postgres://user:password@host:5432/database';
const encoded = `\
percent-encode special characters of the user name and the password: \
@ as %40, : as %3A, / as %2F, ? as %3F, # as %23, % as %25`;

/** What a session must be able to do for a service that writes (libpq, target_session_attrs). */
const writableSessions = ['any', 'read-write', 'primary'];

/**
 * What may stand behind the ?: what the driver reads, and `target_session_attrs`. A misspelt `sslmode` would drop TLS.
 */
const knownParameters = new Set([
  ...['host', 'port', 'user', 'password', 'database', 'client_encoding', 'options', 'connect_timeout'],
  ...['application_name', 'fallback_application_name', 'target_session_attrs', 'uselibpqcompat'],
  ...['ssl', 'sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'sslnegotiation'],
]);

/**
 * What is wrong with a database's address, to be read behind its name; undefined when nothing is. Besides ordinary URLs
 * it takes several hosts with commas between them, and a Unix socket's folder as `?host=` (PostgreSQL manual, 34.1.1).
 * Never says anything of what stands in the address: wherever it is broken, parts of the password may stand.
 */
export function databaseUrlProblem(url: string): string | undefined {
  const [, rest] = /^postgres(?:ql)?:\/\/(.*)$/s.exec(url) ?? [];
  if (rest === undefined) return `must begin with postgres:// or postgresql://, ${example}`;
  if (rest.includes('#')) return `has a # in it: ${encoded}`;
  const [, authority = '', path = '', query = ''] = /^([^/?]*)(\/[^?]*)?(?:\?(.*))?$/s.exec(rest) ?? [];
  const login = authority.slice(0, Math.max(0, authority.lastIndexOf('@')));
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  if (!authority.includes('@') && (path.includes('@') || (path === '' && query.includes('@')))) {
    return `has a / or a ? before its @: ${encoded}`;
  }
  if (!isDecodable(login) || !isDecodable(path)) return `has a % that encodes nothing: ${encoded}`;
  const parameters = new URLSearchParams(query);
  if (hosts === '' && !parameters.get('host')) return `names no host; write it ${example}`;
  if (hosts !== '' && !hosts.split(',').every(isHost)) {
    return `must name each host with nothing but a port from 1 to 65535 behind it, ${example}; ${encoded}`;
  }
  // Whatever else the driver can't read: it takes one host.
  if (!URL.canParse(`postgres://${login}@host${path}?${query}`)) return `must be a URL ${example}; ${encoded}`;
  const unknown = [...parameters.keys()].find((name) => !knownParameters.has(name));
  if (unknown !== undefined)
    return `has a parameter behind its ? that is not known: ${[...knownParameters].join(', ')} are`;
  const isForReaders = parameters.getAll('target_session_attrs').some((wanted) => !writableSessions.includes(wanted));
  if (isForReaders) return `may ask for target_session_attrs=read-write, primary or any only: the service writes`;
  return undefined;
}

/** Each % begins a character of UTF-8. */
function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** A name, an address, one of IPv6 in brackets, or the percent-encoded folder of a Unix socket; a port may follow. */
function isHost(text: string): boolean {
  const [, host, port] = /^([^:[\]]+|\[[^[\]]+\])(?::(\d*))?$/.exec(text) ?? [];
  if (host === undefined || !isDecodable(host) || !URL.canParse(`postgres://${host}`)) return false;
  return !port || (Number.parseInt(port, 10) >= 1 && Number.parseInt(port, 10) <= 65_535);
}
