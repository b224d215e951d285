/**
 * A joint account as plainly as it can be told: whole cents, lists, and for each thing that somebody may do the answer
 * that the service owes. It shares no code with the service, and knows nothing of databases, locks or hashes.
 */
export interface Life {
  readonly overdraft: number;
  balance: number;
  version: number;
  revision: number;
  /** By the number of the party. */
  readonly places: Map<number, Place>;
  mandate: Rule;
  mandateVersion: number;
  readonly restrictions: Array<Made & { by: By; isActive: boolean }>;
  readonly orders: Array<Made & Voices & Order>;
  readonly holds: Array<Made & { by: By; remaining: number }>;
  readonly changes: Array<Made & Voices & { by: number; terms: Terms; isOpen: boolean }>;
}

export type Role = 'owner' | 'delegate' | 'viewer';
/** Any one signs, all owners do, or as many as the number says. */
export type Rule = 'any' | 'all' | 2 | 3;
/** The number of a party; null for the service. */
export type By = number | null;

interface Place {
  role: Role;
  status: 'invited' | 'active' | 'gone';
}

/** Something that the service gave an id, and if it is signed a hash. */
interface Made {
  id?: string;
  hash?: string;
}

interface Voices {
  readonly approved: Set<number>;
  readonly rejected: Set<number>;
}

interface Order {
  readonly by: number;
  readonly cents: number;
  readonly isTransfer: boolean;
  readonly rule: Rule;
  isOpen: boolean;
}

type Terms =
  | { kind: 'mandate'; rule: Rule }
  | { kind: 'invite'; party: number; role: Role }
  | { kind: 'remove'; party: number }
  | { kind: 'lift'; index: number };

export type Act =
  | { type: 'deposit'; by: By; cents: number }
  | { type: 'withdraw' | 'transfer' | 'hold'; by: By; cents: number }
  | { type: 'signOrder' | 'signChange'; index: number; by: number; approve: boolean }
  | { type: 'cancelOrder' | 'cancelChange' | 'void' | 'lift'; index: number; by: By }
  | { type: 'capture'; index: number; cents: number }
  | { type: 'accept' | 'decline' | 'leave' | 'die'; party: number }
  | { type: 'invite'; by: By; party: number; role: Role }
  | { type: 'remove'; by: By; party: number }
  | { type: 'mandate'; by: By; rule: Rule }
  | { type: 'restrict'; by: By };

/** Status and, when it is a refusal, code. */
export type Told = readonly [number, string?];

/** An account of three owners, under a mandate of their own. */
export function beginLife(overdraft: number, mandate: Rule): Life {
  const places = new Map<number, Place>([0, 1, 2].map((party) => [party, { role: 'owner', status: 'active' }]));
  return {
    ...{ overdraft, balance: 0, version: 0, revision: 0, places, mandate, mandateVersion: 1 },
    ...{ restrictions: [], orders: [], holds: [], changes: [] },
  };
}

export function heldIn({ orders, holds }: Life): number {
  const sum = (amounts: number[]) => amounts.reduce((total, cents) => total + cents, 0);
  return (
    sum(orders.filter(({ isOpen }) => isOpen).map(({ cents }) => cents)) + sum(holds.map(({ remaining }) => remaining))
  );
}

export const isStopped = ({ restrictions }: Life) => restrictions.some(({ isActive }) => isActive);

export const activeParties = ({ places }: Life) =>
  [...places].filter(([, { status }]) => status === 'active').map(([party]) => party);

/** What the service has to answer; the life is then as it is after that answer. */
export function live(life: Life, act: Act): Told {
  switch (act.type) {
    case 'deposit':
      return lacks(life, act.by, (role) => role === 'owner') ?? book(life, act.cents, 201);
    case 'withdraw':
    case 'transfer':
    case 'hold':
      return pay(life, act);
    case 'signOrder':
      return signOrder(life, act);
    case 'cancelOrder': {
      const order = life.orders[act.index]!;
      const refused = act.by === order.by ? undefined : lacks(life, act.by, mayManage);
      return refused ?? (order.isOpen ? end(life, order, 200) : [409, 'payment_order_not_pending']);
    }
    case 'capture':
      return capture(life, act);
    case 'void': {
      const hold = life.holds[act.index]!;
      const isOrphan = hold.by !== null && life.places.get(hold.by)?.status !== 'active';
      const asOwner = isOrphan && act.by !== null && owners(life).includes(act.by);
      const isForeign = act.by !== null && act.by !== hold.by && !asOwner;
      const refused = lacks(life, act.by, mayWithdraw) ?? (isForeign ? ([403, 'right_missing'] as Told) : undefined);
      if (refused !== undefined || hold.remaining === 0) return refused ?? [409, 'hold_not_active'];
      hold.remaining = 0;
      return changed(life, 200);
    }
    case 'accept':
    case 'decline': {
      const place = life.places.get(act.party);
      if (place === undefined) return [404, 'holder_not_found'];
      if (place.status !== 'invited') return [409, 'invitation_not_open'];
      place.status = act.type === 'accept' ? 'active' : 'gone';
      // What it signed before it left is over.
      for (const { approved, rejected } of [...life.orders, ...life.changes]) {
        approved.delete(act.party);
        rejected.delete(act.party);
      }
      return changed(life, 200);
    }
    case 'leave':
    case 'die':
      return go(life, act.type, act.party);
    case 'restrict': {
      const refused = lacks(life, act.by, () => true);
      if (refused !== undefined) return refused;
      const own = life.restrictions.some(({ by, isActive }) => isActive && by === act.by);
      if (own && act.by !== null) return [409, 'restriction_in_place'];
      life.restrictions.push({ by: act.by, isActive: true });
      return changed(life, 201);
    }
    case 'invite':
      return ask(life, act.by, { kind: 'invite', party: act.party, role: act.role }, 201);
    case 'remove':
      return ask(life, act.by, { kind: 'remove', party: act.party }, 200);
    case 'mandate':
      return ask(life, act.by, { kind: 'mandate', rule: act.rule }, 200);
    case 'lift':
      return ask(life, act.by, { kind: 'lift', index: act.index }, 200);
    case 'signChange':
      return signChange(life, act);
    case 'cancelChange': {
      const change = life.changes[act.index]!;
      const isOwn = act.by === null || act.by === change.by;
      const refused = isOwn ? undefined : (lacks(life, act.by, () => true) ?? ([403, 'right_missing'] as const));
      if (refused !== undefined || !change.isOpen) return refused ?? [409, 'account_change_not_pending'];
      change.isOpen = false;
      return changed(life, 200);
    }
  }
}

const mayManage = (role: Role) => role === 'owner';
const mayWithdraw = (role: Role) => role !== 'viewer';

function lacks({ places }: Life, by: By, may: (role: Role) => boolean): Told | undefined {
  if (by === null) return undefined;
  const place = places.get(by);
  if (place?.status !== 'active') return [403, 'not_a_holder'];
  return may(place.role) ? undefined : [403, 'right_missing'];
}

function changed(life: Life, status: number): Told {
  life.revision++;
  return [status];
}

function book(life: Life, cents: number, status: number): Told {
  life.balance += cents;
  life.version++;
  return [status];
}

function owners({ places }: Life): number[] {
  return [...places].flatMap(([party, { role, status }]) => (status === 'active' && role === 'owner' ? party : []));
}

function signersOf(life: Life, isTransfer: boolean): Array<{ party: number; isOwner: boolean }> {
  return activeParties(life)
    .map((party) => ({ party, role: life.places.get(party)!.role }))
    .filter(({ role }) => role === 'owner' || (role === 'delegate' && !isTransfer))
    .map(({ party, role }) => ({ party, isOwner: role === 'owner' }));
}

function count(rule: Rule, signers: Array<{ party: number; isOwner: boolean }>, { approved, rejected }: Voices) {
  const pool = signers.filter(({ isOwner }) => rule !== 'all' || isOwner).map(({ party }) => party);
  const needed = rule === 'any' ? 1 : rule === 'all' ? Math.max(1, pool.length) : rule;
  const signed = pool.filter((party) => approved.has(party));
  const willing = pool.filter((party) => approved.has(party) || !rejected.has(party));
  return { signed, isComplete: signed.length >= needed, isReachable: willing.length >= needed };
}

function pay(
  life: Life,
  { type, by, cents }: Act & { type: 'withdraw' | 'transfer' | 'hold'; cents: number; by: By },
): Told {
  const isTransfer = type === 'transfer';
  const refused = lacks(life, by, isTransfer ? (role) => role === 'owner' : mayWithdraw);
  if (refused !== undefined) return refused;
  if (isStopped(life)) return [422, 'account_restricted'];
  if (life.balance - heldIn(life) + life.overdraft < cents) return [422, 'insufficient_funds'];
  const voices = { approved: new Set(by === null ? [] : [by]), rejected: new Set<number>() };
  const reading = count(life.mandate, signersOf(life, isTransfer), voices);
  const isSigned = by === null || reading.isComplete;
  if (!isSigned && !reading.isReachable) return [422, 'mandate_unreachable'];
  if (!isSigned && type === 'hold') return [403, 'signatures_missing'];
  if (type === 'hold') {
    life.holds.push({ by, remaining: cents });
    return changed(life, 201);
  }
  if (isSigned) return book(life, -cents, 201);
  const approved = new Set(reading.signed);
  life.orders.push({ by, cents, isTransfer, rule: life.mandate, isOpen: true, approved, rejected: new Set() });
  return changed(life, 202);
}

function end(life: Life, order: Order, status: number): Told {
  order.isOpen = false;
  return changed(life, status);
}

/** Adds a voice, or answers why it can't be heard. */
function hear({ approved, rejected }: Voices, by: number, approve: boolean): Told | undefined {
  if ((approve ? rejected : approved).has(by)) return [409, 'already_decided'];
  (approve ? approved : rejected).add(by);
  return undefined;
}

function signOrder(life: Life, { index, by, approve }: { index: number; by: number; approve: boolean }): Told {
  const order = life.orders[index]!;
  const refused = lacks(life, by, order.isTransfer ? (role) => role === 'owner' : mayWithdraw);
  if (refused !== undefined || !order.isOpen) return refused ?? [409, 'payment_order_not_pending'];
  const before = order.approved.has(by);
  const deaf = hear(order, by, approve);
  if (deaf !== undefined) return deaf;
  const reading = count(order.rule, signersOf(life, order.isTransfer), order);
  const isPaid = approve && reading.isComplete;
  if (isPaid && isStopped(life)) {
    if (!before) order.approved.delete(by);
    return [422, 'account_restricted'];
  }
  if (isPaid) book(life, -order.cents, 200);
  return isPaid || !reading.isReachable ? end(life, order, 200) : changed(life, 200);
}

function capture(life: Life, { index, cents }: { index: number; cents: number }): Told {
  const hold = life.holds[index]!;
  if (hold.remaining === 0) return [409, 'hold_not_active'];
  if (cents > hold.remaining) return [409, 'hold_amount_exceeded'];
  if (isStopped(life)) return [422, 'account_restricted'];
  hold.remaining -= cents;
  life.revision++;
  return book(life, -cents, 201);
}

function go(life: Life, type: 'leave' | 'die', party: number): Told {
  const place = life.places.get(party);
  if (place?.status !== 'active') return [404, 'holder_not_found'];
  const isLast = place.role === 'owner' && owners(life).length === 1;
  if (isLast && type === 'leave') return [409, 'last_owner'];
  if (isLast) life.restrictions.push({ by: null, isActive: true });
  if (type === 'leave') liftOf(life, party);
  return leave(life, place, 200);
}

/** What a party stops ends with its membership. */
function liftOf(life: Life, party: number): void {
  for (const restriction of life.restrictions) if (restriction.by === party) restriction.isActive = false;
}

/** Orders that those who are left can't complete end; those that are complete now wait for the next signature. */
function leave(life: Life, place: Place, status: number): Told {
  place.status = 'gone';
  for (const order of life.orders.filter(({ isOpen }) => isOpen)) {
    const reading = count(order.rule, signersOf(life, order.isTransfer), order);
    if (!reading.isComplete && !reading.isReachable) order.isOpen = false;
  }
  return changed(life, status);
}

/** Why it is impossible; or how it is done. */
function plan(life: Life, terms: Terms, by: By): Told | ((status: number) => Told) {
  if (terms.kind === 'mandate') {
    return (status) => {
      life.mandate = terms.rule;
      life.mandateVersion++;
      return changed(life, status);
    };
  }
  if (terms.kind === 'lift') {
    const restriction = life.restrictions[terms.index]!;
    if (restriction.by === null && by !== null) return [403, 'right_missing'];
    if (!restriction.isActive) return [409, 'restriction_not_active'];
    return (status) => {
      restriction.isActive = false;
      return changed(life, status);
    };
  }
  const place = life.places.get(terms.party);
  const isPresent = place !== undefined && place.status !== 'gone';
  if (terms.kind === 'invite') {
    if (isPresent) return [409, 'already_a_holder'];
    return (status) => {
      life.places.set(terms.party, { role: terms.role, status: 'invited' });
      return changed(life, status);
    };
  }
  if (!isPresent) return [404, 'holder_not_found'];
  const isLast = place.status === 'active' && place.role === 'owner' && owners(life).length === 1;
  if (isLast) return [409, 'last_owner'];
  return (status) => {
    liftOf(life, terms.party);
    return leave(life, place, status);
  };
}

/** What a managing holder does alone. */
function isFree(life: Life, terms: Terms, by: number): boolean {
  switch (terms.kind) {
    case 'invite':
      return terms.role === 'viewer';
    case 'remove': {
      const { role, status } = life.places.get(terms.party)!;
      return status === 'invited' || role !== 'owner';
    }
    case 'mandate': {
      if (life.mandate === 'any' || life.mandate === 'all') return life.mandate === 'any' || terms.rule === 'all';
      if (terms.rule === 'any') return false;
      return (terms.rule === 'all' ? owners(life).length : terms.rule) >= life.mandate;
    }
    case 'lift': {
      const placer = life.restrictions[terms.index]!.by;
      const placed = placer === null ? undefined : life.places.get(placer);
      return placed?.status === 'active' && placed.role !== 'owner' && owners(life).includes(by);
    }
  }
}

function ask(life: Life, by: By, terms: Terms, status: number): Told {
  const refused = lacks(life, by, terms.kind === 'lift' ? () => true : mayManage);
  if (refused !== undefined) return refused;
  const done = plan(life, terms, by);
  if (typeof done !== 'function') return done;
  const isOnlyOwner = owners(life).length === 1 && owners(life)[0] === by;
  if (by === null || isFree(life, terms, by) || isOnlyOwner) return done(status);
  if (owners(life).length === 0) return [422, 'mandate_unreachable'];
  const approved = new Set(owners(life).filter((owner) => owner === by));
  life.changes.push({ by, terms, isOpen: true, approved, rejected: new Set() });
  return changed(life, 202);
}

function signChange(life: Life, { index, by, approve }: { index: number; by: number; approve: boolean }): Told {
  const change = life.changes[index]!;
  const refused = lacks(life, by, (role) => role === 'owner');
  if (refused !== undefined || !change.isOpen) return refused ?? [409, 'account_change_not_pending'];
  const before = change.approved.has(by);
  const deaf = hear(change, by, approve);
  if (deaf !== undefined) return deaf;
  const isSigned = owners(life).every((owner) => change.approved.has(owner));
  if (approve && !isSigned) return changed(life, 200);
  const done = approve ? plan(life, change.terms, change.by) : (status: number) => changed(life, status);
  if (typeof done !== 'function') {
    if (!before) change.approved.delete(by);
    return done;
  }
  change.isOpen = false;
  return done(200);
}
