// Written by `npm run api:describe` from openapi.json.

export type Account = {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly currency: string;
  readonly ownership: 'sole' | 'joint' | 'clearing';
  readonly status: 'active' | 'closed';
  readonly balance: string;
  readonly held: string | null;
  readonly available: string | null;
  readonly overdraftLimit: string | null;
  readonly version: number | null;
  readonly revision: number | null;
  readonly holders: readonly Holder[];
  readonly mandate: Mandate | null;
  readonly debitsStopped: boolean;
  readonly creditsStopped: boolean;
  readonly timeZone: string;
  readonly survivorship: 'survivors' | 'estate';
  readonly statements: 'none' | 'daily' | 'weekly' | 'monthly' | 'quarterly';
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly createdAt: string;
  readonly closedAt: string | null;
};

export type AccountChange = {
  readonly id: string;
  readonly accountId: string;
  readonly kind: 'mandate' | 'holder_invitation' | 'holder_terms' | 'holder_removal' | 'restriction_lift';
  readonly change:
    | {
        readonly mandate: {
          readonly version: null;
          readonly signatures?: 'any' | 'own' | undefined;
          readonly bands: readonly MandateBand[];
        };
      }
    | { readonly holder: Holder; readonly expiresAt: string; readonly history: 'all' | 'joining' }
    | { readonly holder: Holder }
    | { readonly partyId: string }
    | { readonly restrictionId: string; readonly reason?: string | undefined };
  readonly status: 'waiting' | 'applied' | 'rejected' | 'cancelled' | 'expired';
  readonly instructionHash: string;
  readonly by: string;
  readonly authentication: Authentication | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finishedAt: string | null;
  readonly multiAuthorisation: MultiAuthorisation;
  readonly authorisations: readonly Authorisation[];
};

export type AccountMandate = {
  readonly version: number;
  readonly signatures?: 'any' | 'own' | undefined;
  readonly bands: readonly MandateBand[];
  readonly accountId: string;
};

export type Amount = string;

export type ApiKey = {
  readonly id: string;
  readonly name: string;
  readonly partyId: string | null;
  readonly scopes: readonly (
    | 'accounts:read'
    | 'accounts:manage'
    | 'movements:write'
    | 'movements:unsigned'
    | 'approvals:write'
    | 'holds:write'
    | 'standing-orders:write'
    | 'events:read'
    | 'webhooks:manage'
    | 'keys:manage'
    | 'operate'
  )[];
  readonly createdAt: string;
  readonly madeWith: string | null;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
};

export type AuditEntry = {
  readonly id: string;
  readonly at: string;
  readonly keyId: string | null;
  readonly partyId: string | null;
  readonly channel: string;
  readonly action: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly subjectId: string | null;
  readonly address: string | null;
  readonly outcome: 'succeeded' | 'refused';
  readonly status: number | null;
  readonly code: string | null;
  readonly requestId: string | null;
  readonly count: number;
};

export type Authentication = { readonly channel: 'own_key' | 'token' | 'service'; readonly keyId: string | null };

export type Authorisation = {
  readonly by: string;
  readonly decision: 'approve' | 'reject';
  readonly authentication: Authentication | null;
  readonly instructionHash: string | null;
  readonly at: string;
};

export type BalanceAt = {
  readonly accountId: string;
  readonly currency: string;
  readonly booked: string;
  readonly held: string | null;
  readonly available: string | null;
  readonly at: string;
};

export type BalanceSeries = {
  readonly accountId: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly interval: 'day' | 'week' | 'month';
  readonly at: string;
  readonly data: readonly BalanceStep[];
};

export type BalanceStep = {
  readonly from: string;
  readonly to: string;
  readonly opening: string;
  readonly closing: string;
  readonly lowest: string;
  readonly in: string;
  readonly out: string;
};

export type ChangedMandate = {
  readonly version: number;
  readonly signatures?: 'any' | 'own' | undefined;
  readonly bands: readonly MandateBand[];
  readonly accountId: string;
  readonly warnings?: readonly Warning[] | undefined;
};

export type Counterparty = { readonly accountId: string; readonly name: string };

export type CreatedWebhookEndpoint = {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  readonly eventTypes: readonly string[] | null;
  readonly accountIds: readonly string[] | null;
  readonly ordered: boolean;
  readonly status: 'active' | 'disabled';
  readonly disabledReason: ('requested' | 'gone' | 'failing') | null;
  readonly disabledAt: string | null;
  readonly failingSince: string | null;
  readonly previousSecretUntil: string | null;
  readonly createdAt: string;
  readonly secret: string;
};

export type Currency =
  | 'AED'
  | 'AFN'
  | 'ALL'
  | 'AMD'
  | 'AOA'
  | 'ARS'
  | 'AUD'
  | 'AWG'
  | 'AZN'
  | 'BAM'
  | 'BBD'
  | 'BDT'
  | 'BHD'
  | 'BIF'
  | 'BMD'
  | 'BND'
  | 'BOB'
  | 'BOV'
  | 'BRL'
  | 'BSD'
  | 'BTN'
  | 'BWP'
  | 'BYN'
  | 'BZD'
  | 'CAD'
  | 'CDF'
  | 'CHE'
  | 'CHF'
  | 'CHW'
  | 'CLF'
  | 'CLP'
  | 'CNY'
  | 'COP'
  | 'COU'
  | 'CRC'
  | 'CUP'
  | 'CVE'
  | 'CZK'
  | 'DJF'
  | 'DKK'
  | 'DOP'
  | 'DZD'
  | 'EGP'
  | 'ERN'
  | 'ETB'
  | 'EUR'
  | 'FJD'
  | 'FKP'
  | 'GBP'
  | 'GEL'
  | 'GHS'
  | 'GIP'
  | 'GMD'
  | 'GNF'
  | 'GTQ'
  | 'GYD'
  | 'HKD'
  | 'HNL'
  | 'HTG'
  | 'HUF'
  | 'IDR'
  | 'ILS'
  | 'INR'
  | 'IQD'
  | 'IRR'
  | 'ISK'
  | 'JMD'
  | 'JOD'
  | 'JPY'
  | 'KES'
  | 'KGS'
  | 'KHR'
  | 'KMF'
  | 'KPW'
  | 'KRW'
  | 'KWD'
  | 'KYD'
  | 'KZT'
  | 'LAK'
  | 'LBP'
  | 'LKR'
  | 'LRD'
  | 'LSL'
  | 'LYD'
  | 'MAD'
  | 'MDL'
  | 'MGA'
  | 'MKD'
  | 'MMK'
  | 'MNT'
  | 'MOP'
  | 'MRU'
  | 'MUR'
  | 'MVR'
  | 'MWK'
  | 'MXN'
  | 'MXV'
  | 'MYR'
  | 'MZN'
  | 'NAD'
  | 'NGN'
  | 'NIO'
  | 'NOK'
  | 'NPR'
  | 'NZD'
  | 'OMR'
  | 'PAB'
  | 'PEN'
  | 'PGK'
  | 'PHP'
  | 'PKR'
  | 'PLN'
  | 'PYG'
  | 'QAR'
  | 'RON'
  | 'RSD'
  | 'RUB'
  | 'RWF'
  | 'SAR'
  | 'SBD'
  | 'SCR'
  | 'SDG'
  | 'SEK'
  | 'SGD'
  | 'SHP'
  | 'SLE'
  | 'SOS'
  | 'SRD'
  | 'SSP'
  | 'STN'
  | 'SVC'
  | 'SYP'
  | 'SZL'
  | 'THB'
  | 'TJS'
  | 'TMT'
  | 'TND'
  | 'TOP'
  | 'TRY'
  | 'TTD'
  | 'TWD'
  | 'TZS'
  | 'UAH'
  | 'UGX'
  | 'USD'
  | 'USN'
  | 'UYI'
  | 'UYU'
  | 'UYW'
  | 'UZS'
  | 'VED'
  | 'VES'
  | 'VND'
  | 'VUV'
  | 'WST'
  | 'XAD'
  | 'XAF'
  | 'XCD'
  | 'XCG'
  | 'XOF'
  | 'XPF'
  | 'YER'
  | 'ZAR'
  | 'ZMW'
  | 'ZWG'
  | 'ADP'
  | 'AFA'
  | 'ANG'
  | 'AON'
  | 'AOR'
  | 'ATS'
  | 'AYM'
  | 'AZM'
  | 'BEF'
  | 'BGL'
  | 'BGN'
  | 'BYB'
  | 'BYR'
  | 'CHC'
  | 'CSD'
  | 'CUC'
  | 'CYP'
  | 'DEM'
  | 'ECS'
  | 'ECV'
  | 'EEK'
  | 'ESP'
  | 'FIM'
  | 'FRF'
  | 'GHC'
  | 'GHP'
  | 'GRD'
  | 'HRK'
  | 'IEP'
  | 'ITL'
  | 'LTL'
  | 'LUF'
  | 'LVL'
  | 'MGF'
  | 'MRO'
  | 'MTL'
  | 'MZM'
  | 'NLG'
  | 'PTE'
  | 'ROL'
  | 'RUR'
  | 'SDD'
  | 'SIT'
  | 'SKK'
  | 'SLL'
  | 'SRG'
  | 'STD'
  | 'TJR'
  | 'TMM'
  | 'TPE'
  | 'TRL'
  | 'USS'
  | 'VEB'
  | 'VEF'
  | 'XEU'
  | 'YUM'
  | 'ZMK'
  | 'ZRN'
  | 'ZWD'
  | 'ZWL'
  | 'ZWN'
  | 'ZWR';

export type DryRunHold = {
  readonly id: null;
  readonly kind: 'hold' | 'payment_order';
  readonly accountId: string;
  readonly toAccountId: string | null;
  readonly status: 'dry_run';
  readonly amount: string;
  readonly currency: string;
  readonly remaining: string;
  readonly captured: string;
  readonly initiatedBy: string | null;
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finishedAt: string | null;
  readonly explanation?: Explanation | undefined;
};

export type DryRunPaymentOrder = {
  readonly id: null;
  readonly kind: 'payment_order';
  readonly type: 'withdrawal' | 'transfer';
  readonly status: 'dry_run';
  readonly accountId: string;
  readonly toAccountId: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly valueDate: string | null;
  readonly initiatedBy: string | null;
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly externalId: string | null;
  readonly mandateVersion: number;
  readonly instructionHash: null;
  readonly transactionId: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finishedAt: string | null;
  readonly multiAuthorisation: MultiAuthorisation;
  readonly authorisations: readonly Authorisation[];
  readonly explanation?: Explanation | undefined;
};

export type DryRunTransaction = {
  readonly id: null;
  readonly kind: 'transaction';
  readonly type: 'deposit' | 'withdrawal' | 'transfer' | 'multi_leg' | 'capture' | 'reversal';
  readonly status: 'dry_run';
  readonly amount: string | null;
  readonly currency: string | null;
  readonly bookedAt: string;
  readonly valueDate: string;
  readonly initiatedBy: string | null;
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly externalId: string | null;
  readonly signedBy: readonly string[];
  readonly origin: {
    readonly type: 'payment_order' | 'hold' | 'proposal' | 'reversal' | 'standing_order';
    readonly id: string;
  } | null;
  readonly reversedBy: string | null;
  readonly reversedAmount: string | null;
  readonly entries: readonly TransactionEntry[];
  readonly explanation?: Explanation | undefined;
};

export type Entry = {
  readonly id: string;
  readonly transactionId: string;
  readonly accountId: string;
  readonly type: 'deposit' | 'withdrawal' | 'transfer' | 'multi_leg' | 'capture' | 'reversal';
  readonly amount: string;
  readonly currency: string;
  readonly balanceAfter: string | null;
  readonly version: number | null;
  readonly bookedAt: string;
  readonly valueDate: string;
  readonly initiatedBy: string | null;
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly externalId: string | null;
  readonly signedBy: readonly string[];
  readonly origin: {
    readonly type: 'payment_order' | 'hold' | 'proposal' | 'reversal' | 'standing_order';
    readonly id: string;
  } | null;
  readonly counterparty: Counterparty | null;
};

export type Event = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type:
    | 'party.created'
    | 'party.updated'
    | 'party.erased'
    | 'account.opened'
    | 'account.updated'
    | 'account.closed'
    | 'transaction.booked'
    | 'payment_order.waiting'
    | 'payment_order.signed'
    | 'payment_order.booked'
    | 'payment_order.rejected'
    | 'payment_order.cancelled'
    | 'payment_order.expired'
    | 'hold.placed'
    | 'hold.extended'
    | 'hold.captured'
    | 'hold.voided'
    | 'hold.expired'
    | 'project.opened'
    | 'project.assigned'
    | 'project.closed'
    | 'project.expired'
    | 'proposal.made'
    | 'proposal.signed'
    | 'proposal.accepted'
    | 'proposal.rejected'
    | 'proposal.withdrawn'
    | 'holder.invited'
    | 'holder.joined'
    | 'holder.declined'
    | 'holder.invitation_expired'
    | 'holder.changed'
    | 'holder.left'
    | 'holder.removed'
    | 'holder.deceased'
    | 'mandate.changed'
    | 'restriction.placed'
    | 'restriction.lifted'
    | 'account_change.waiting'
    | 'account_change.signed'
    | 'account_change.applied'
    | 'account_change.rejected'
    | 'account_change.cancelled'
    | 'account_change.expired'
    | 'standing_order.waiting'
    | 'standing_order.signed'
    | 'standing_order.activated'
    | 'standing_order.rejected'
    | 'standing_order.expired'
    | 'standing_order.paused'
    | 'standing_order.resumed'
    | 'standing_order.cancelled'
    | 'standing_order.completed'
    | 'standing_order.run_booked'
    | 'standing_order.run_refused'
    | 'standing_order.run_skipped'
    | 'statement.issued'
    | 'webhook_endpoint.disabled'
    | 'log.continued';
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly sequence?: string | undefined;
  readonly sequencetype?: 'Integer' | undefined;
  readonly accountid?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
};

export type Explanation = {
  readonly rule: string;
  readonly accountId: string;
  readonly currency: string;
  readonly booked: string;
  readonly held: string;
  readonly overdraftLimit: string;
  readonly available: string;
  readonly heldBy: readonly {
    readonly id: string;
    readonly kind: 'hold' | 'payment_order';
    readonly amount: string;
    readonly expiresAt: string;
  }[];
  readonly signatures?:
    | {
        readonly mandateVersion: number;
        readonly band: MandateBand;
        readonly required: number;
        readonly received: number;
        readonly missingFrom: readonly string[];
      }
    | undefined;
};

export type FailedWork = {
  readonly queue: string;
  readonly itemId: string;
  readonly attempts: number;
  readonly retryAt: string | null;
  readonly error: string;
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
};

export type Hold = {
  readonly id: string;
  readonly kind: 'hold' | 'payment_order';
  readonly accountId: string;
  readonly toAccountId: string | null;
  readonly status: 'active' | 'captured' | 'voided' | 'expired';
  readonly amount: string;
  readonly currency: string;
  readonly remaining: string;
  readonly captured: string;
  readonly initiatedBy: string | null;
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finishedAt: string | null;
};

export type Holder = {
  readonly partyId: string;
  readonly rights: readonly ('view' | 'deposit' | 'withdraw' | 'transfer' | 'manage' | 'delegate')[];
  readonly limits: HolderLimits;
};

export type HolderLimits = {
  readonly perMovement: string | null;
  readonly perDay: string | null;
  readonly perMonth: string | null;
};

export type HolderRecord = {
  readonly accountId: string;
  readonly partyId: string;
  readonly rights: readonly ('view' | 'deposit' | 'withdraw' | 'transfer' | 'manage' | 'delegate')[];
  readonly limits: HolderLimits;
  readonly status: 'invited' | 'active' | 'declined' | 'left' | 'removed' | 'deceased' | 'expired';
  readonly by: string | null;
  readonly expiresAt: string | null;
  readonly joinedAt: string | null;
  readonly endedAt: string | null;
  readonly history: 'all' | 'joining';
};

export type MadeApiKey = {
  readonly id: string;
  readonly name: string;
  readonly partyId: string | null;
  readonly scopes: readonly (
    | 'accounts:read'
    | 'accounts:manage'
    | 'movements:write'
    | 'movements:unsigned'
    | 'approvals:write'
    | 'holds:write'
    | 'standing-orders:write'
    | 'events:read'
    | 'webhooks:manage'
    | 'keys:manage'
    | 'operate'
  )[];
  readonly createdAt: string;
  readonly madeWith: string | null;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  readonly lastUsedAt: string | null;
  readonly apiKey: string | null;
};

export type Mandate = {
  readonly version: number;
  readonly signatures?: 'any' | 'own' | undefined;
  readonly bands: readonly MandateBand[];
};

export type MandateBand =
  | {
      readonly rule: 'any';
      readonly kinds?: readonly ('withdrawal' | 'transfer')[] | undefined;
      readonly upTo?: Amount | undefined;
      readonly per?: 'movement' | 'day' | 'month' | undefined;
    }
  | {
      readonly rule: 'all';
      readonly kinds?: readonly ('withdrawal' | 'transfer')[] | undefined;
      readonly upTo?: Amount | undefined;
      readonly per?: 'movement' | 'day' | 'month' | undefined;
    }
  | {
      readonly rule: 'count';
      readonly count: number;
      readonly signatories?: readonly string[] | undefined;
      readonly kinds?: readonly ('withdrawal' | 'transfer')[] | undefined;
      readonly upTo?: Amount | undefined;
      readonly per?: 'movement' | 'day' | 'month' | undefined;
    }
  | {
      readonly rule: 'named';
      readonly signatories: readonly string[];
      readonly kinds?: readonly ('withdrawal' | 'transfer')[] | undefined;
      readonly upTo?: Amount | undefined;
      readonly per?: 'movement' | 'day' | 'month' | undefined;
    }
  | {
      readonly rule: 'weighted';
      readonly weights: Weights;
      readonly threshold: number;
      readonly kinds?: readonly ('withdrawal' | 'transfer')[] | undefined;
      readonly upTo?: Amount | undefined;
      readonly per?: 'movement' | 'day' | 'month' | undefined;
    };

export type MandateVersion = {
  readonly version: number;
  readonly signatures?: 'any' | 'own' | undefined;
  readonly bands: readonly MandateBand[];
  readonly accountId: string;
  readonly by: string | null;
  readonly createdAt: string;
};

export type MultiAuthorisation = {
  readonly status: 'AwaitingFurtherAuthorisation' | 'Authorised' | 'Rejected';
  readonly numberRequired: number;
  readonly numberReceived: number;
  readonly missingFrom: readonly string[];
  readonly signedBy: readonly string[];
  readonly expiresAt: string | null;
};

export type NamedHolder = {
  readonly accountId: string;
  readonly partyId: string;
  readonly rights: readonly ('view' | 'deposit' | 'withdraw' | 'transfer' | 'manage' | 'delegate')[];
  readonly limits: HolderLimits;
  readonly status: 'invited' | 'active' | 'declined' | 'left' | 'removed' | 'deceased' | 'expired';
  readonly by: string | null;
  readonly expiresAt: string | null;
  readonly joinedAt: string | null;
  readonly endedAt: string | null;
  readonly history: 'all' | 'joining';
  readonly name: string;
};

export type OpenedAccount = {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly currency: string;
  readonly ownership: 'sole' | 'joint' | 'clearing';
  readonly status: 'active' | 'closed';
  readonly balance: string;
  readonly held: string | null;
  readonly available: string | null;
  readonly overdraftLimit: string | null;
  readonly version: number | null;
  readonly revision: number | null;
  readonly holders: readonly Holder[];
  readonly mandate: Mandate | null;
  readonly debitsStopped: boolean;
  readonly creditsStopped: boolean;
  readonly timeZone: string;
  readonly survivorship: 'survivors' | 'estate';
  readonly statements: 'none' | 'daily' | 'weekly' | 'monthly' | 'quarterly';
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly createdAt: string;
  readonly closedAt: string | null;
  readonly warnings?: readonly Warning[] | undefined;
};

export type Party = {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly createdAt: string;
  readonly erasedAt: string | null;
};

export type PartyName = { readonly id: string; readonly name: string };

export type PaymentOrder = {
  readonly id: string;
  readonly kind: 'payment_order';
  readonly type: 'withdrawal' | 'transfer';
  readonly status: 'waiting' | 'booked' | 'rejected' | 'cancelled' | 'expired';
  readonly accountId: string;
  readonly toAccountId: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly valueDate: string | null;
  readonly initiatedBy: string | null;
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly externalId: string | null;
  readonly mandateVersion: number;
  readonly instructionHash: string;
  readonly transactionId: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finishedAt: string | null;
  readonly multiAuthorisation: MultiAuthorisation;
  readonly authorisations: readonly Authorisation[];
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code:
    | 'malformed_request'
    | 'headers_too_large'
    | 'request_timeout'
    | 'malformed_json'
    | 'validation_failed'
    | 'invalid_cursor'
    | 'cursor_outdated'
    | 'log_forked'
    | 'unauthorized'
    | 'payload_too_large'
    | 'unsupported_media_type'
    | 'not_acceptable'
    | 'route_not_found'
    | 'method_not_allowed'
    | 'account_not_found'
    | 'party_holds_accounts'
    | 'party_not_found'
    | 'transaction_not_found'
    | 'not_a_holder'
    | 'right_missing'
    | 'own_signature_required'
    | 'payment_order_not_found'
    | 'hold_not_found'
    | 'failed_work_not_found'
    | 'event_not_found'
    | 'project_not_found'
    | 'proposal_not_found'
    | 'holder_not_found'
    | 'restriction_not_found'
    | 'account_change_not_found'
    | 'standing_order_not_found'
    | 'statement_not_found'
    | 'api_key_not_found'
    | 'webhook_endpoint_not_found'
    | 'webhook_delivery_not_found'
    | 'clearing_account'
    | 'account_closed'
    | 'currency_mismatch'
    | 'insufficient_funds'
    | 'balance_limit_exceeded'
    | 'balance_not_zero'
    | 'account_restricted'
    | 'limit_exceeded'
    | 'batch_item_refused'
    | 'signatures_missing'
    | 'mandate_unreachable'
    | 'too_many_payment_orders'
    | 'too_many_changes'
    | 'payment_order_not_pending'
    | 'instruction_mismatch'
    | 'instruction_altered'
    | 'already_decided'
    | 'hold_not_active'
    | 'hold_amount_exceeded'
    | 'project_already_assigned'
    | 'project_not_open'
    | 'proposal_not_pending'
    | 'too_many_proposals'
    | 'already_reversed'
    | 'reversal_not_possible'
    | 'account_change_not_pending'
    | 'already_a_holder'
    | 'invitation_not_open'
    | 'last_owner'
    | 'too_many_holders'
    | 'restriction_in_place'
    | 'restriction_not_active'
    | 'overdraft_in_use'
    | 'standing_order_not_open'
    | 'too_many_standing_orders'
    | 'api_key_ended'
    | 'too_many_webhook_endpoints'
    | 'webhook_endpoint_disabled'
    | 'webhook_delivery_pending'
    | 'period_not_over'
    | 'statement_covered'
    | 'too_many_entries'
    | 'foreign_site'
    | 'key_not_allowed'
    | 'scope_missing'
    | 'expiry_exceeded'
    | 'version_mismatch'
    | 'external_id_taken'
    | 'external_id_differs'
    | 'idempotency_key_reused'
    | 'idempotency_in_progress'
    | 'account_locked'
    | 'ledger_busy'
    | 'database_unavailable'
    | 'clock_unreliable'
    | 'booked_in_the_future'
    | 'token_keys_unavailable'
    | 'outcome_unknown'
    | 'tls_required'
    | 'too_many_requests'
    | 'too_many_streams'
    | 'lab_busy'
    | 'not_ready'
    | 'internal_error';
  readonly requestId?: string | undefined;
  readonly errors?:
    | readonly { readonly in: 'body' | 'query' | 'path' | 'header'; readonly path: string; readonly message: string }[]
    | undefined;
  readonly [more: string]: unknown;
};

export type Project = {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly description: string | null;
  readonly status: 'open' | 'assigned' | 'closed' | 'expired';
  readonly by: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly finishedAt: string | null;
  readonly acceptedProposalId: string | null;
};

export type Proposal = {
  readonly id: string;
  readonly projectId: string;
  readonly accountId: string;
  readonly toAccountId: string | null;
  readonly title: string;
  readonly description: string | null;
  readonly amount: string;
  readonly currency: string;
  readonly status: 'pending' | 'accepted' | 'rejected' | 'withdrawn';
  readonly by: string | null;
  readonly instructionHash: string;
  readonly transactionId: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly multiAuthorisation: MultiAuthorisation;
  readonly authorisations: readonly Authorisation[];
};

export type RequestedMandate = {
  readonly id: string;
  readonly accountId: string;
  readonly kind: 'mandate' | 'holder_invitation' | 'holder_terms' | 'holder_removal' | 'restriction_lift';
  readonly change:
    | {
        readonly mandate: {
          readonly version: null;
          readonly signatures?: 'any' | 'own' | undefined;
          readonly bands: readonly MandateBand[];
        };
      }
    | { readonly holder: Holder; readonly expiresAt: string; readonly history: 'all' | 'joining' }
    | { readonly holder: Holder }
    | { readonly partyId: string }
    | { readonly restrictionId: string; readonly reason?: string | undefined };
  readonly status: 'waiting' | 'applied' | 'rejected' | 'cancelled' | 'expired';
  readonly instructionHash: string;
  readonly by: string;
  readonly authentication: Authentication | null;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly finishedAt: string | null;
  readonly multiAuthorisation: MultiAuthorisation;
  readonly authorisations: readonly Authorisation[];
  readonly warnings?: readonly Warning[] | undefined;
};

export type Restriction = {
  readonly id: string;
  readonly accountId: string;
  readonly scope: 'debits' | 'credits' | 'both';
  readonly reason: string;
  readonly by: string | null;
  readonly placedAt: string;
  readonly liftedBy: string | null;
  readonly liftedAt: string | null;
  readonly liftReason: string | null;
};

export type RotatedWebhookSecret = { readonly secret: string; readonly previousSecretUntil: string };

export type Schedule = {
  readonly startsAt: string;
  readonly timeZone: string;
  readonly recurrence: string | null;
  readonly weekends: 'keep' | 'skip' | 'next' | 'previous';
};

export type SignedAmount = string;

export type SignedStandingOrder = {
  readonly amount: string | null;
  readonly sweep: { readonly keep: string } | null;
  readonly topUp: { readonly to: string } | null;
  readonly most: string | null;
  readonly id: string;
  readonly status: 'waiting' | 'active' | 'paused' | 'completed' | 'rejected' | 'cancelled' | 'expired';
  readonly fromAccountId: string;
  readonly toAccountId: string;
  readonly currency: string;
  readonly schedule: Schedule;
  readonly catchUp: 'all' | 'latest' | 'none';
  readonly retries: { readonly times: number; readonly everyMinutes: number };
  readonly initiatedBy: string | null;
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly mandateVersion: number;
  readonly instructionHash: string;
  readonly multiAuthorisation: MultiAuthorisation;
  readonly handledUntil: string | null;
  readonly nextRunAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly finishedAt: string | null;
  readonly authorisations: readonly Authorisation[];
};

export type StandingOrderRun = {
  readonly id: string;
  readonly standingOrderId: string;
  readonly occurrenceAt: string;
  readonly dueAt: string;
  readonly status: 'booked' | 'retrying' | 'refused' | 'nothing_to_do' | 'missed';
  readonly attempts: number;
  readonly amount: string | null;
  readonly transactionId: string | null;
  readonly refusal: {
    readonly code:
      | 'malformed_request'
      | 'headers_too_large'
      | 'request_timeout'
      | 'malformed_json'
      | 'validation_failed'
      | 'invalid_cursor'
      | 'cursor_outdated'
      | 'log_forked'
      | 'unauthorized'
      | 'payload_too_large'
      | 'unsupported_media_type'
      | 'not_acceptable'
      | 'route_not_found'
      | 'method_not_allowed'
      | 'account_not_found'
      | 'party_holds_accounts'
      | 'party_not_found'
      | 'transaction_not_found'
      | 'not_a_holder'
      | 'right_missing'
      | 'own_signature_required'
      | 'payment_order_not_found'
      | 'hold_not_found'
      | 'failed_work_not_found'
      | 'event_not_found'
      | 'project_not_found'
      | 'proposal_not_found'
      | 'holder_not_found'
      | 'restriction_not_found'
      | 'account_change_not_found'
      | 'standing_order_not_found'
      | 'statement_not_found'
      | 'api_key_not_found'
      | 'webhook_endpoint_not_found'
      | 'webhook_delivery_not_found'
      | 'clearing_account'
      | 'account_closed'
      | 'currency_mismatch'
      | 'insufficient_funds'
      | 'balance_limit_exceeded'
      | 'balance_not_zero'
      | 'account_restricted'
      | 'limit_exceeded'
      | 'batch_item_refused'
      | 'signatures_missing'
      | 'mandate_unreachable'
      | 'too_many_payment_orders'
      | 'too_many_changes'
      | 'payment_order_not_pending'
      | 'instruction_mismatch'
      | 'instruction_altered'
      | 'already_decided'
      | 'hold_not_active'
      | 'hold_amount_exceeded'
      | 'project_already_assigned'
      | 'project_not_open'
      | 'proposal_not_pending'
      | 'too_many_proposals'
      | 'already_reversed'
      | 'reversal_not_possible'
      | 'account_change_not_pending'
      | 'already_a_holder'
      | 'invitation_not_open'
      | 'last_owner'
      | 'too_many_holders'
      | 'restriction_in_place'
      | 'restriction_not_active'
      | 'overdraft_in_use'
      | 'standing_order_not_open'
      | 'too_many_standing_orders'
      | 'api_key_ended'
      | 'too_many_webhook_endpoints'
      | 'webhook_endpoint_disabled'
      | 'webhook_delivery_pending'
      | 'period_not_over'
      | 'statement_covered'
      | 'too_many_entries'
      | 'foreign_site'
      | 'key_not_allowed'
      | 'scope_missing'
      | 'expiry_exceeded'
      | 'version_mismatch'
      | 'external_id_taken'
      | 'external_id_differs'
      | 'idempotency_key_reused'
      | 'idempotency_in_progress'
      | 'account_locked'
      | 'ledger_busy'
      | 'database_unavailable'
      | 'clock_unreliable'
      | 'booked_in_the_future'
      | 'token_keys_unavailable'
      | 'outcome_unknown'
      | 'tls_required'
      | 'too_many_requests'
      | 'too_many_streams'
      | 'lab_busy'
      | 'not_ready'
      | 'internal_error';
    readonly detail: string;
  } | null;
  readonly lastAttemptAt: string;
};

export type Statement = {
  readonly id: string;
  readonly number: number | null;
  readonly accountId: string;
  readonly currency: string;
  readonly timeZone: string;
  readonly periodFrom: string;
  readonly periodTo: string;
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly opening: string;
  readonly closing: string;
  readonly credits: StatementSum;
  readonly debits: StatementSum;
  readonly by: readonly StatementShare[];
  readonly others: { readonly credits: StatementSum; readonly debits: StatementSum };
  readonly issuedAt: string;
  readonly hash: string;
};

export type StatementLine = {
  readonly transactionId: string;
  readonly version: number;
  readonly type: 'deposit' | 'withdrawal' | 'transfer' | 'multi_leg' | 'capture' | 'reversal';
  readonly amount: string;
  readonly balanceAfter: string;
  readonly bookedAt: string;
  readonly valueDate: string;
  readonly description: string | null;
  readonly reference: string | null;
  readonly externalId: string | null;
  readonly initiatedBy: StatementParty | null;
  readonly signedBy: readonly StatementParty[];
  readonly counterparty: { readonly accountId: string; readonly name: string } | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
};

export type StatementParty = { readonly id: string; readonly name: string | null };

export type StatementShare = {
  readonly partyId: string | null;
  readonly credits: StatementSum;
  readonly debits: StatementSum;
};

export type StatementSum = { readonly count: number; readonly sum: string };

export type StreamedEvent = {
  readonly id?: string | undefined;
  readonly event:
    | 'party.created'
    | 'party.updated'
    | 'party.erased'
    | 'account.opened'
    | 'account.updated'
    | 'account.closed'
    | 'transaction.booked'
    | 'payment_order.waiting'
    | 'payment_order.signed'
    | 'payment_order.booked'
    | 'payment_order.rejected'
    | 'payment_order.cancelled'
    | 'payment_order.expired'
    | 'hold.placed'
    | 'hold.extended'
    | 'hold.captured'
    | 'hold.voided'
    | 'hold.expired'
    | 'project.opened'
    | 'project.assigned'
    | 'project.closed'
    | 'project.expired'
    | 'proposal.made'
    | 'proposal.signed'
    | 'proposal.accepted'
    | 'proposal.rejected'
    | 'proposal.withdrawn'
    | 'holder.invited'
    | 'holder.joined'
    | 'holder.declined'
    | 'holder.invitation_expired'
    | 'holder.changed'
    | 'holder.left'
    | 'holder.removed'
    | 'holder.deceased'
    | 'mandate.changed'
    | 'restriction.placed'
    | 'restriction.lifted'
    | 'account_change.waiting'
    | 'account_change.signed'
    | 'account_change.applied'
    | 'account_change.rejected'
    | 'account_change.cancelled'
    | 'account_change.expired'
    | 'standing_order.waiting'
    | 'standing_order.signed'
    | 'standing_order.activated'
    | 'standing_order.rejected'
    | 'standing_order.expired'
    | 'standing_order.paused'
    | 'standing_order.resumed'
    | 'standing_order.cancelled'
    | 'standing_order.completed'
    | 'standing_order.run_booked'
    | 'standing_order.run_refused'
    | 'standing_order.run_skipped'
    | 'statement.issued'
    | 'webhook_endpoint.disabled'
    | 'log.continued'
    | 'log_forked';
  readonly data: string;
};

export type Transaction = {
  readonly id: string;
  readonly kind: 'transaction';
  readonly type: 'deposit' | 'withdrawal' | 'transfer' | 'multi_leg' | 'capture' | 'reversal';
  readonly status: 'booked';
  readonly amount: string | null;
  readonly currency: string | null;
  readonly bookedAt: string;
  readonly valueDate: string;
  readonly initiatedBy: string | null;
  readonly authentication: Authentication | null;
  readonly description: string | null;
  readonly reference: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  readonly externalId: string | null;
  readonly signedBy: readonly string[];
  readonly origin: {
    readonly type: 'payment_order' | 'hold' | 'proposal' | 'reversal' | 'standing_order';
    readonly id: string;
  } | null;
  readonly reversedBy: string | null;
  readonly reversedAmount: string | null;
  readonly entries: readonly TransactionEntry[];
};

export type TransactionEntry = {
  readonly accountId: string;
  readonly amount: string;
  readonly currency?: string | undefined;
  readonly balanceAfter?: string | undefined;
  readonly version?: number | undefined;
};

export type Warning = { readonly code: 'band_without_ceiling'; readonly path: string; readonly message: string };

export type WebhookAttempt =
  | {
      readonly at: string;
      readonly status: number;
      readonly answer: string;
      readonly retryAfterSeconds?: number | undefined;
      readonly ms: number;
    }
  | {
      readonly at: string;
      readonly failure:
        | 'target_not_allowed'
        | 'secret_unreadable'
        | 'name_not_resolved'
        | 'connection_failed'
        | 'tls_failed'
        | 'answer_unreadable'
        | 'timeout'
        | 'stopped';
      readonly detail: string;
      readonly ms: number;
    };

export type WebhookDelivery = {
  readonly id: string;
  readonly endpointId: string;
  readonly webhookId: string;
  readonly type: string;
  readonly accountId: string | null;
  readonly status: 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  readonly answers: readonly WebhookAttempt[];
  readonly nextAttemptAt: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
};

export type WebhookEndpoint = {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  readonly eventTypes: readonly string[] | null;
  readonly accountIds: readonly string[] | null;
  readonly ordered: boolean;
  readonly status: 'active' | 'disabled';
  readonly disabledReason: ('requested' | 'gone' | 'failing') | null;
  readonly disabledAt: string | null;
  readonly failingSince: string | null;
  readonly previousSecretUntil: string | null;
  readonly createdAt: string;
};

export type Weights = Readonly<Record<string, number>>;

export type WholeStatement = {
  readonly statement: Statement;
  readonly account: { readonly name: string; readonly externalId: string | null };
  readonly holders: readonly StatementParty[];
  readonly lines: readonly StatementLine[];
};

export type ErrorCode = Problem['code'];

/** What each call takes and answers; `dryAnswer` with `dryRun: true`, where that makes a difference. */

export interface Operations {
  /** Move money from one account to another. */
  createTransfer: {
    input: {
      readonly fromAccountId: string;
      readonly toAccountId: string;
      readonly amount: Amount;
      readonly currency: Currency;
      readonly initiatedBy?: string | null | undefined;
      readonly description?: string | null | undefined;
      readonly reference?: string | null | undefined;
      readonly valueDate?: string | null | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
      readonly externalId?: string | null | undefined;
      readonly expiresAt?: string | null | undefined;
    };
    answer: Transaction | PaymentOrder;
    dryAnswer: DryRunTransaction | DryRunPaymentOrder;
  };
  /** Pay money in from outside the ledger. */
  createDeposit: {
    input: { readonly accountId: string } & {
      readonly amount: Amount;
      readonly currency: Currency;
      readonly initiatedBy?: string | null | undefined;
      readonly description?: string | null | undefined;
      readonly reference?: string | null | undefined;
      readonly valueDate?: string | null | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
      readonly externalId?: string | null | undefined;
    };
    answer: Transaction;
    dryAnswer: DryRunTransaction;
  };
  /** Pay money out of the ledger. */
  createWithdrawal: {
    input: { readonly accountId: string } & {
      readonly amount: Amount;
      readonly currency: Currency;
      readonly initiatedBy?: string | null | undefined;
      readonly description?: string | null | undefined;
      readonly reference?: string | null | undefined;
      readonly valueDate?: string | null | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
      readonly externalId?: string | null | undefined;
      readonly expiresAt?: string | null | undefined;
    };
    answer: Transaction | PaymentOrder;
    dryAnswer: DryRunTransaction | DryRunPaymentOrder;
  };
  /** Move money between 2 to 100 accounts at once. */
  createTransaction: {
    input: {
      readonly entries: readonly {
        readonly accountId: string;
        readonly amount: SignedAmount;
        readonly currency: Currency;
      }[];
      readonly initiatedBy?: string | null | undefined;
      readonly description?: string | null | undefined;
      readonly reference?: string | null | undefined;
      readonly valueDate?: string | null | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
      readonly externalId?: string | null | undefined;
    };
    answer: Transaction;
    dryAnswer: DryRunTransaction;
  };
  /** List transactions, of one account or with a key of the service of all. */
  listTransactions: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly from?: string | undefined;
      readonly to?: string | undefined;
      readonly valueFrom?: string | undefined;
      readonly valueTo?: string | undefined;
      readonly type?: 'deposit' | 'withdrawal' | 'transfer' | 'multi_leg' | 'capture' | 'reversal' | undefined;
      readonly amountFrom?: string | undefined;
      readonly amountTo?: string | undefined;
      readonly initiatedBy?: string | undefined;
      readonly counterpartyAccountId?: string | undefined;
      readonly reference?: string | undefined;
      readonly metadata?: Readonly<Record<string, string>> | undefined;
      readonly accountId?: string | undefined;
    };
    answer: { readonly data: readonly Transaction[]; readonly nextCursor: string | null };
  };
  /** Take a transaction back, wholly or partly. */
  createReversal: {
    input: { readonly transactionId: string } & {
      readonly amount?: Amount | null | undefined;
      readonly reason: string;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
    };
    answer: Transaction;
    dryAnswer: DryRunTransaction;
  };
  /** Move money up to 1,000 times, all or each by itself. */
  createBatch: {
    input: {
      readonly atomic: boolean;
      readonly items: readonly (
        | {
            readonly type: 'deposit';
            readonly idempotencyKey?: string | null | undefined;
            readonly accountId: string;
            readonly amount: Amount;
            readonly currency: Currency;
            readonly initiatedBy?: string | null | undefined;
            readonly description?: string | null | undefined;
            readonly reference?: string | null | undefined;
            readonly valueDate?: string | null | undefined;
            readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
            readonly externalId?: string | null | undefined;
          }
        | {
            readonly type: 'withdrawal';
            readonly idempotencyKey?: string | null | undefined;
            readonly accountId: string;
            readonly amount: Amount;
            readonly currency: Currency;
            readonly initiatedBy?: string | null | undefined;
            readonly description?: string | null | undefined;
            readonly reference?: string | null | undefined;
            readonly valueDate?: string | null | undefined;
            readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
            readonly externalId?: string | null | undefined;
            readonly expiresAt?: string | null | undefined;
          }
        | {
            readonly type: 'transfer';
            readonly idempotencyKey?: string | null | undefined;
            readonly fromAccountId: string;
            readonly toAccountId: string;
            readonly amount: Amount;
            readonly currency: Currency;
            readonly initiatedBy?: string | null | undefined;
            readonly description?: string | null | undefined;
            readonly reference?: string | null | undefined;
            readonly valueDate?: string | null | undefined;
            readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
            readonly externalId?: string | null | undefined;
            readonly expiresAt?: string | null | undefined;
          }
        | {
            readonly type: 'multi_leg';
            readonly idempotencyKey?: string | null | undefined;
            readonly entries: readonly {
              readonly accountId: string;
              readonly amount: SignedAmount;
              readonly currency: Currency;
            }[];
            readonly initiatedBy?: string | null | undefined;
            readonly description?: string | null | undefined;
            readonly reference?: string | null | undefined;
            readonly valueDate?: string | null | undefined;
            readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
            readonly externalId?: string | null | undefined;
          }
      )[];
    };
    answer: {
      readonly results: readonly (
        | {
            readonly status: number;
            readonly replayed?: true | undefined;
            readonly transaction: Transaction | DryRunTransaction;
          }
        | {
            readonly status: number;
            readonly replayed?: true | undefined;
            readonly paymentOrder: PaymentOrder | DryRunPaymentOrder;
          }
        | {
            readonly status: number;
            readonly replayed?: true | undefined;
            readonly problem: {
              readonly type: string;
              readonly title: string;
              readonly status: number;
              readonly detail: string;
              readonly code:
                | 'malformed_request'
                | 'headers_too_large'
                | 'request_timeout'
                | 'malformed_json'
                | 'validation_failed'
                | 'invalid_cursor'
                | 'cursor_outdated'
                | 'log_forked'
                | 'unauthorized'
                | 'payload_too_large'
                | 'unsupported_media_type'
                | 'not_acceptable'
                | 'route_not_found'
                | 'method_not_allowed'
                | 'account_not_found'
                | 'party_holds_accounts'
                | 'party_not_found'
                | 'transaction_not_found'
                | 'not_a_holder'
                | 'right_missing'
                | 'own_signature_required'
                | 'payment_order_not_found'
                | 'hold_not_found'
                | 'failed_work_not_found'
                | 'event_not_found'
                | 'project_not_found'
                | 'proposal_not_found'
                | 'holder_not_found'
                | 'restriction_not_found'
                | 'account_change_not_found'
                | 'standing_order_not_found'
                | 'statement_not_found'
                | 'api_key_not_found'
                | 'webhook_endpoint_not_found'
                | 'webhook_delivery_not_found'
                | 'clearing_account'
                | 'account_closed'
                | 'currency_mismatch'
                | 'insufficient_funds'
                | 'balance_limit_exceeded'
                | 'balance_not_zero'
                | 'account_restricted'
                | 'limit_exceeded'
                | 'batch_item_refused'
                | 'signatures_missing'
                | 'mandate_unreachable'
                | 'too_many_payment_orders'
                | 'too_many_changes'
                | 'payment_order_not_pending'
                | 'instruction_mismatch'
                | 'instruction_altered'
                | 'already_decided'
                | 'hold_not_active'
                | 'hold_amount_exceeded'
                | 'project_already_assigned'
                | 'project_not_open'
                | 'proposal_not_pending'
                | 'too_many_proposals'
                | 'already_reversed'
                | 'reversal_not_possible'
                | 'account_change_not_pending'
                | 'already_a_holder'
                | 'invitation_not_open'
                | 'last_owner'
                | 'too_many_holders'
                | 'restriction_in_place'
                | 'restriction_not_active'
                | 'overdraft_in_use'
                | 'standing_order_not_open'
                | 'too_many_standing_orders'
                | 'api_key_ended'
                | 'too_many_webhook_endpoints'
                | 'webhook_endpoint_disabled'
                | 'webhook_delivery_pending'
                | 'period_not_over'
                | 'statement_covered'
                | 'too_many_entries'
                | 'foreign_site'
                | 'key_not_allowed'
                | 'scope_missing'
                | 'expiry_exceeded'
                | 'version_mismatch'
                | 'external_id_taken'
                | 'external_id_differs'
                | 'idempotency_key_reused'
                | 'idempotency_in_progress'
                | 'account_locked'
                | 'ledger_busy'
                | 'database_unavailable'
                | 'clock_unreliable'
                | 'booked_in_the_future'
                | 'token_keys_unavailable'
                | 'outcome_unknown'
                | 'tls_required'
                | 'too_many_requests'
                | 'too_many_streams'
                | 'lab_busy'
                | 'not_ready'
                | 'internal_error';
              readonly [more: string]: unknown;
            };
          }
      )[];
    };
    dryAnswer: {
      readonly results: readonly (
        | {
            readonly status: number;
            readonly replayed?: true | undefined;
            readonly transaction: Transaction | DryRunTransaction;
          }
        | {
            readonly status: number;
            readonly replayed?: true | undefined;
            readonly paymentOrder: PaymentOrder | DryRunPaymentOrder;
          }
        | {
            readonly status: number;
            readonly replayed?: true | undefined;
            readonly problem: {
              readonly type: string;
              readonly title: string;
              readonly status: number;
              readonly detail: string;
              readonly code:
                | 'malformed_request'
                | 'headers_too_large'
                | 'request_timeout'
                | 'malformed_json'
                | 'validation_failed'
                | 'invalid_cursor'
                | 'cursor_outdated'
                | 'log_forked'
                | 'unauthorized'
                | 'payload_too_large'
                | 'unsupported_media_type'
                | 'not_acceptable'
                | 'route_not_found'
                | 'method_not_allowed'
                | 'account_not_found'
                | 'party_holds_accounts'
                | 'party_not_found'
                | 'transaction_not_found'
                | 'not_a_holder'
                | 'right_missing'
                | 'own_signature_required'
                | 'payment_order_not_found'
                | 'hold_not_found'
                | 'failed_work_not_found'
                | 'event_not_found'
                | 'project_not_found'
                | 'proposal_not_found'
                | 'holder_not_found'
                | 'restriction_not_found'
                | 'account_change_not_found'
                | 'standing_order_not_found'
                | 'statement_not_found'
                | 'api_key_not_found'
                | 'webhook_endpoint_not_found'
                | 'webhook_delivery_not_found'
                | 'clearing_account'
                | 'account_closed'
                | 'currency_mismatch'
                | 'insufficient_funds'
                | 'balance_limit_exceeded'
                | 'balance_not_zero'
                | 'account_restricted'
                | 'limit_exceeded'
                | 'batch_item_refused'
                | 'signatures_missing'
                | 'mandate_unreachable'
                | 'too_many_payment_orders'
                | 'too_many_changes'
                | 'payment_order_not_pending'
                | 'instruction_mismatch'
                | 'instruction_altered'
                | 'already_decided'
                | 'hold_not_active'
                | 'hold_amount_exceeded'
                | 'project_already_assigned'
                | 'project_not_open'
                | 'proposal_not_pending'
                | 'too_many_proposals'
                | 'already_reversed'
                | 'reversal_not_possible'
                | 'account_change_not_pending'
                | 'already_a_holder'
                | 'invitation_not_open'
                | 'last_owner'
                | 'too_many_holders'
                | 'restriction_in_place'
                | 'restriction_not_active'
                | 'overdraft_in_use'
                | 'standing_order_not_open'
                | 'too_many_standing_orders'
                | 'api_key_ended'
                | 'too_many_webhook_endpoints'
                | 'webhook_endpoint_disabled'
                | 'webhook_delivery_pending'
                | 'period_not_over'
                | 'statement_covered'
                | 'too_many_entries'
                | 'foreign_site'
                | 'key_not_allowed'
                | 'scope_missing'
                | 'expiry_exceeded'
                | 'version_mismatch'
                | 'external_id_taken'
                | 'external_id_differs'
                | 'idempotency_key_reused'
                | 'idempotency_in_progress'
                | 'account_locked'
                | 'ledger_busy'
                | 'database_unavailable'
                | 'clock_unreliable'
                | 'booked_in_the_future'
                | 'token_keys_unavailable'
                | 'outcome_unknown'
                | 'tls_required'
                | 'too_many_requests'
                | 'too_many_streams'
                | 'lab_busy'
                | 'not_ready'
                | 'internal_error';
              readonly [more: string]: unknown;
            };
          }
      )[];
    };
  };
  /** List the entries of an account, all or those that match. */
  listEntries: {
    input: {
      readonly accountId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly from?: string | undefined;
      readonly to?: string | undefined;
      readonly valueFrom?: string | undefined;
      readonly valueTo?: string | undefined;
      readonly type?: 'deposit' | 'withdrawal' | 'transfer' | 'multi_leg' | 'capture' | 'reversal' | undefined;
      readonly amountFrom?: string | undefined;
      readonly amountTo?: string | undefined;
      readonly initiatedBy?: string | undefined;
      readonly counterpartyAccountId?: string | undefined;
      readonly reference?: string | undefined;
      readonly metadata?: Readonly<Record<string, string>> | undefined;
    };
    answer: { readonly data: readonly Entry[]; readonly nextCursor: string | null };
  };
  /** Find the transaction with this external id. */
  getTransactionByExternalId: {
    input: { readonly externalId: string };
    answer: Transaction;
  };
  /** Read a transaction. */
  getTransaction: {
    input: { readonly transactionId: string };
    answer: Transaction;
  };
  /** Read an account. */
  getAccount: {
    input: { readonly accountId: string };
    answer: Account;
  };
  /** Change the terms of an account. */
  updateAccount: {
    input: { readonly accountId: string } & {
      readonly name?: string | undefined;
      readonly overdraftLimit?: Amount | undefined;
      readonly timeZone?: string | undefined;
      readonly survivorship?: 'survivors' | 'estate' | undefined;
      readonly statements?: 'none' | 'daily' | 'weekly' | 'monthly' | 'quarterly' | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
    };
    answer: Account;
  };
  /** List accounts. */
  listAccounts: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly holder?: string | undefined;
      readonly currency?: Currency | undefined;
      readonly status?: 'active' | 'closed' | undefined;
      readonly ownership?: 'sole' | 'joint' | 'clearing' | undefined;
      readonly externalId?: string | undefined;
      readonly namePrefix?: string | undefined;
      readonly ids?: string | undefined;
    };
    answer: { readonly data: readonly Account[]; readonly nextCursor: string | null };
  };
  /** Open an account. */
  openAccount: {
    input: {
      readonly name: string;
      readonly currency: Currency;
      readonly ownership?: 'sole' | 'joint' | undefined;
      readonly overdraftLimit?: Amount | undefined;
      readonly holders?:
        | readonly {
            readonly partyId: string;
            readonly rights?:
              | readonly ('view' | 'deposit' | 'withdraw' | 'transfer' | 'manage' | 'delegate')[]
              | undefined;
            readonly limits?:
              | {
                  readonly perMovement?: Amount | null | undefined;
                  readonly perDay?: Amount | null | undefined;
                  readonly perMonth?: Amount | null | undefined;
                }
              | undefined;
          }[]
        | undefined;
      readonly mandate?:
        | {
            readonly bands: readonly MandateBand[];
            readonly signatures?: 'any' | 'own' | undefined;
            readonly version?: number | null | undefined;
          }
        | undefined;
      readonly timeZone?: string | undefined;
      readonly survivorship?: 'survivors' | 'estate' | undefined;
      readonly statements?: 'none' | 'daily' | 'weekly' | 'monthly' | 'quarterly' | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
      readonly externalId?: string | null | undefined;
    };
    answer: OpenedAccount;
  };
  /** Find the account with this external id. */
  getAccountByExternalId: {
    input: { readonly externalId: string };
    answer: Account;
  };
  /** Find the account with this external id, or open it. */
  getOrOpenAccount: {
    input: { readonly externalId: string } & {
      readonly name: string;
      readonly currency: Currency;
      readonly ownership?: 'sole' | 'joint' | undefined;
      readonly overdraftLimit?: Amount | undefined;
      readonly holders?:
        | readonly {
            readonly partyId: string;
            readonly rights?:
              | readonly ('view' | 'deposit' | 'withdraw' | 'transfer' | 'manage' | 'delegate')[]
              | undefined;
            readonly limits?:
              | {
                  readonly perMovement?: Amount | null | undefined;
                  readonly perDay?: Amount | null | undefined;
                  readonly perMonth?: Amount | null | undefined;
                }
              | undefined;
          }[]
        | undefined;
      readonly mandate?:
        | {
            readonly bands: readonly MandateBand[];
            readonly signatures?: 'any' | 'own' | undefined;
            readonly version?: number | null | undefined;
          }
        | undefined;
      readonly timeZone?: string | undefined;
      readonly survivorship?: 'survivors' | 'estate' | undefined;
      readonly statements?: 'none' | 'daily' | 'weekly' | 'monthly' | 'quarterly' | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
    };
    answer: OpenedAccount;
  };
  /** Close an account with nothing on it, for good. */
  closeAccount: {
    input: { readonly accountId: string };
    answer: Account;
  };
  /** Read the balance of an account, now or at an instant. */
  getBalance: {
    input: { readonly accountId: string; readonly at?: string | undefined };
    answer: BalanceAt;
  };
  /** Read how the balance of an account went, by days, weeks or months. */
  getBalanceSeries: {
    input: {
      readonly accountId: string;
      readonly from: string;
      readonly to: string;
      readonly interval?: 'day' | 'week' | 'month' | undefined;
    };
    answer: BalanceSeries;
  };
  /** Read the balances of up to 100 accounts at one moment. */
  getBalances: {
    input: { readonly at?: string | undefined; readonly accountIds: string };
    answer: { readonly data: readonly BalanceAt[] };
  };
  /** List payment orders, of one account or of all that the key may read. */
  listPaymentOrders: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly accountId?: string | undefined;
      readonly missingFrom?: string | undefined;
      readonly status?: 'waiting' | 'booked' | 'rejected' | 'cancelled' | 'expired' | undefined;
    };
    answer: { readonly data: readonly PaymentOrder[]; readonly nextCursor: string | null };
  };
  /** Read a payment order. */
  getPaymentOrder: {
    input: { readonly orderId: string };
    answer: PaymentOrder;
  };
  /** Sign a payment order; the last signature books it. */
  signPaymentOrder: {
    input: { readonly orderId: string } & {
      readonly by?: string | undefined;
      readonly decision: 'approve' | 'reject';
      readonly instructionHash: string;
    };
    answer: {
      readonly id: string;
      readonly kind: 'payment_order';
      readonly type: 'withdrawal' | 'transfer';
      readonly status: 'waiting' | 'booked' | 'rejected' | 'cancelled' | 'expired';
      readonly accountId: string;
      readonly toAccountId: string | null;
      readonly amount: string;
      readonly currency: string;
      readonly valueDate: string | null;
      readonly initiatedBy: string | null;
      readonly authentication: Authentication | null;
      readonly description: string | null;
      readonly reference: string | null;
      readonly metadata: Readonly<Record<string, unknown>> | null;
      readonly externalId: string | null;
      readonly mandateVersion: number;
      readonly instructionHash: string;
      readonly transactionId: string | null;
      readonly createdAt: string;
      readonly expiresAt: string;
      readonly finishedAt: string | null;
      readonly multiAuthorisation: MultiAuthorisation;
      readonly authorisations: readonly Authorisation[];
      readonly transaction?: Transaction | undefined;
    };
  };
  /** Take a payment order back. */
  cancelPaymentOrder: {
    input: { readonly orderId: string } & { readonly by?: string | null | undefined };
    answer: PaymentOrder;
  };
  /** Reserve money for a withdrawal or a transfer. */
  createHold: {
    input: {
      readonly accountId: string;
      readonly amount: Amount;
      readonly currency: Currency;
      readonly expiresAt?: string | null | undefined;
      readonly toAccountId?: string | null | undefined;
      readonly initiatedBy?: string | null | undefined;
      readonly description?: string | null | undefined;
      readonly reference?: string | null | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
    };
    answer: Hold;
    dryAnswer: DryRunHold;
  };
  /** List what reserves or has reserved money, of all accounts that the key may read. */
  findHolds: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly accountId?: string | undefined;
      readonly status?: 'active' | 'captured' | 'voided' | 'expired' | undefined;
    };
    answer: { readonly data: readonly Hold[]; readonly nextCursor: string | null };
  };
  /** Read a hold. */
  getHold: {
    input: { readonly holdId: string };
    answer: Hold;
  };
  /** List what reserves or has reserved money of an account. */
  listHolds: {
    input: {
      readonly accountId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly status?: 'active' | 'captured' | 'voided' | 'expired' | undefined;
    };
    answer: { readonly data: readonly Hold[]; readonly nextCursor: string | null };
  };
  /** Book what a hold has reserved, all or a part of it. */
  captureHold: {
    input: { readonly holdId: string } & {
      readonly amount?: Amount | null | undefined;
      readonly currency?: Currency | null | undefined;
      readonly final?: boolean | undefined;
      readonly by?: string | null | undefined;
    };
    answer: { readonly hold: Hold; readonly transaction: Transaction };
    dryAnswer: { readonly hold: Hold; readonly transaction: DryRunTransaction };
  };
  /** Release all that a hold still reserves. */
  voidHold: {
    input: { readonly holdId: string } & { readonly by?: string | null | undefined };
    answer: Hold;
  };
  /** Keep a hold for longer. */
  extendHold: {
    input: { readonly holdId: string } & { readonly expiresAt: string; readonly by?: string | null | undefined };
    answer: Hold;
  };
  /** List the projects of an account. */
  listProjects: {
    input: {
      readonly accountId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly status?: 'open' | 'assigned' | 'closed' | 'expired' | undefined;
    };
    answer: { readonly data: readonly Project[]; readonly nextCursor: string | null };
  };
  /** Open a project, for which proposals compete. */
  openProject: {
    input: { readonly accountId: string } & {
      readonly name: string;
      readonly description?: string | null | undefined;
      readonly expiresAt?: string | null | undefined;
      readonly by?: string | null | undefined;
    };
    answer: Project;
  };
  /** Read a project. */
  getProject: {
    input: { readonly projectId: string };
    answer: Project;
  };
  /** Close a project without accepting a proposal. */
  closeProject: {
    input: { readonly projectId: string } & { readonly by?: string | null | undefined };
    answer: Project;
  };
  /** List the proposals of a project. */
  listProposals: {
    input: {
      readonly projectId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly status?: 'pending' | 'accepted' | 'rejected' | 'withdrawn' | undefined;
    };
    answer: { readonly data: readonly Proposal[]; readonly nextCursor: string | null };
  };
  /** Make a proposal for a project. */
  createProposal: {
    input: { readonly projectId: string } & {
      readonly title: string;
      readonly description?: string | null | undefined;
      readonly amount: Amount;
      readonly currency: Currency;
      readonly toAccountId?: string | null | undefined;
      readonly by?: string | null | undefined;
    };
    answer: Proposal;
  };
  /** Read a proposal. */
  getProposal: {
    input: { readonly proposalId: string };
    answer: Proposal;
  };
  /** Withdraw a proposal. */
  withdrawProposal: {
    input: { readonly proposalId: string } & { readonly by?: string | null | undefined };
    answer: Proposal;
  };
  /** Accept a proposal; the last signature pays it. */
  acceptProposal: {
    input: { readonly proposalId: string } & {
      readonly by?: string | null | undefined;
      readonly instructionHash?: string | undefined;
    };
    answer:
      | {
          readonly id: string;
          readonly projectId: string;
          readonly accountId: string;
          readonly toAccountId: string | null;
          readonly title: string;
          readonly description: string | null;
          readonly amount: string;
          readonly currency: string;
          readonly status: 'pending' | 'accepted' | 'rejected' | 'withdrawn';
          readonly by: string | null;
          readonly instructionHash: string;
          readonly transactionId: string | null;
          readonly createdAt: string;
          readonly finishedAt: string | null;
          readonly multiAuthorisation: MultiAuthorisation;
          readonly authorisations: readonly Authorisation[];
          readonly transaction: Transaction;
        }
      | {
          readonly id: string;
          readonly projectId: string;
          readonly accountId: string;
          readonly toAccountId: string | null;
          readonly title: string;
          readonly description: string | null;
          readonly amount: string;
          readonly currency: string;
          readonly status: 'pending' | 'accepted' | 'rejected' | 'withdrawn';
          readonly by: string | null;
          readonly instructionHash: string;
          readonly transactionId: string | null;
          readonly createdAt: string;
          readonly finishedAt: string | null;
          readonly multiAuthorisation: MultiAuthorisation;
          readonly authorisations: readonly Authorisation[];
          readonly transaction: null;
        };
    dryAnswer: {
      readonly id: string;
      readonly projectId: string;
      readonly accountId: string;
      readonly toAccountId: string | null;
      readonly title: string;
      readonly description: string | null;
      readonly amount: string;
      readonly currency: string;
      readonly status: 'dry_run';
      readonly by: string | null;
      readonly instructionHash: string;
      readonly transactionId: null;
      readonly createdAt: string;
      readonly finishedAt: null;
      readonly multiAuthorisation: MultiAuthorisation;
      readonly authorisations: readonly Authorisation[];
      readonly transaction: DryRunTransaction | null;
    };
  };
  /** List who holds an account, was invited to it, or held it. */
  listHolders: {
    input: {
      readonly accountId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
    };
    answer: { readonly data: readonly NamedHolder[]; readonly nextCursor: string | null };
  };
  /** Invite a party to an account. */
  inviteHolder: {
    input: { readonly accountId: string } & {
      readonly partyId: string;
      readonly rights?: readonly ('view' | 'deposit' | 'withdraw' | 'transfer' | 'manage' | 'delegate')[] | undefined;
      readonly limits?:
        | {
            readonly perMovement?: Amount | null | undefined;
            readonly perDay?: Amount | null | undefined;
            readonly perMonth?: Amount | null | undefined;
          }
        | undefined;
      readonly expiresAt?: string | undefined;
      readonly history?: 'all' | 'joining' | undefined;
      readonly by?: string | null | undefined;
    };
    answer: HolderRecord | AccountChange;
  };
  /** Set a holder's rights and limits. */
  updateHolder: {
    input: { readonly accountId: string; readonly partyId: string } & {
      readonly rights: readonly ('view' | 'deposit' | 'withdraw' | 'transfer' | 'manage' | 'delegate')[];
      readonly limits?:
        | {
            readonly perMovement?: Amount | null | undefined;
            readonly perDay?: Amount | null | undefined;
            readonly perMonth?: Amount | null | undefined;
          }
        | undefined;
      readonly by?: string | null | undefined;
    };
    answer: HolderRecord | AccountChange;
  };
  /** Remove a holder, or withdraw an invitation. */
  removeHolder: {
    input: { readonly accountId: string; readonly partyId: string } & { readonly by?: string | null | undefined };
    answer: HolderRecord | AccountChange;
  };
  /** Accept an invitation. */
  acceptInvitation: {
    input: { readonly accountId: string; readonly partyId: string };
    answer: HolderRecord;
  };
  /** Decline an invitation. */
  declineInvitation: {
    input: { readonly accountId: string; readonly partyId: string };
    answer: HolderRecord;
  };
  /** Leave an account. */
  leaveAccount: {
    input: { readonly accountId: string; readonly partyId: string };
    answer: HolderRecord;
  };
  /** Note that a holder has died. */
  reportHolderDeath: {
    input: { readonly accountId: string; readonly partyId: string };
    answer: HolderRecord;
  };
  /** Read who must sign for money to leave an account. */
  getMandate: {
    input: { readonly accountId: string };
    answer: AccountMandate;
  };
  /** Set who must sign for money to leave an account. */
  setMandate: {
    input: { readonly accountId: string } & {
      readonly mandate: {
        readonly bands: readonly MandateBand[];
        readonly signatures?: 'any' | 'own' | undefined;
        readonly version?: number | null | undefined;
      };
      readonly by?: string | null | undefined;
    };
    answer: ChangedMandate | RequestedMandate;
  };
  /** List the versions of a mandate, the latest first. */
  listMandateVersions: {
    input: {
      readonly accountId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
    };
    answer: { readonly data: readonly MandateVersion[]; readonly nextCursor: string | null };
  };
  /** List what stops or has stopped an account. */
  listRestrictions: {
    input: {
      readonly accountId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly active?: boolean | undefined;
    };
    answer: { readonly data: readonly Restriction[]; readonly nextCursor: string | null };
  };
  /** Stop an account's debits or credits. */
  createRestriction: {
    input: { readonly accountId: string } & {
      readonly scope?: 'debits' | 'credits' | 'both' | undefined;
      readonly reason: string;
      readonly by?: string | null | undefined;
    };
    answer: Restriction;
  };
  /** Lift a restriction. */
  liftRestriction: {
    input: { readonly restrictionId: string } & {
      readonly by?: string | null | undefined;
      readonly reason?: string | null | undefined;
    };
    answer: Restriction | AccountChange;
  };
  /** List the changes of an account that take signatures. */
  listAccountChanges: {
    input: {
      readonly accountId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly missingFrom?: string | undefined;
      readonly status?: 'waiting' | 'applied' | 'rejected' | 'cancelled' | 'expired' | undefined;
    };
    answer: { readonly data: readonly AccountChange[]; readonly nextCursor: string | null };
  };
  /** List changes that take signatures, of all accounts that the key may read. */
  findAccountChanges: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly accountId?: string | undefined;
      readonly missingFrom?: string | undefined;
      readonly status?: 'waiting' | 'applied' | 'rejected' | 'cancelled' | 'expired' | undefined;
    };
    answer: { readonly data: readonly AccountChange[]; readonly nextCursor: string | null };
  };
  /** Read a change of an account. */
  getAccountChange: {
    input: { readonly changeId: string };
    answer: AccountChange;
  };
  /** Sign a change of an account. */
  signAccountChange: {
    input: { readonly changeId: string } & {
      readonly by?: string | undefined;
      readonly decision: 'approve' | 'reject';
      readonly instructionHash: string;
    };
    answer: {
      readonly id: string;
      readonly accountId: string;
      readonly kind: 'mandate' | 'holder_invitation' | 'holder_terms' | 'holder_removal' | 'restriction_lift';
      readonly change:
        | {
            readonly mandate: {
              readonly version: null;
              readonly signatures?: 'any' | 'own' | undefined;
              readonly bands: readonly MandateBand[];
            };
          }
        | { readonly holder: Holder; readonly expiresAt: string; readonly history: 'all' | 'joining' }
        | { readonly holder: Holder }
        | { readonly partyId: string }
        | { readonly restrictionId: string; readonly reason?: string | undefined };
      readonly status: 'waiting' | 'applied' | 'rejected' | 'cancelled' | 'expired';
      readonly instructionHash: string;
      readonly by: string;
      readonly authentication: Authentication | null;
      readonly createdAt: string;
      readonly expiresAt: string;
      readonly finishedAt: string | null;
      readonly multiAuthorisation: MultiAuthorisation;
      readonly authorisations: readonly Authorisation[];
      readonly applied?: HolderRecord | AccountMandate | Restriction | undefined;
    };
  };
  /** Take back a change that waits for signatures. */
  cancelAccountChange: {
    input: { readonly changeId: string } & { readonly by?: string | null | undefined };
    answer: AccountChange;
  };
  /** List parties. */
  listParties: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly externalId?: string | undefined;
      readonly namePrefix?: string | undefined;
      readonly ids?: string | undefined;
    };
    answer: { readonly data: readonly Party[]; readonly nextCursor: string | null };
  };
  /** Create a party. */
  createParty: {
    input: {
      readonly name: string;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
      readonly externalId?: string | null | undefined;
    };
    answer: Party;
  };
  /** Find the party with this external id. */
  getPartyByExternalId: {
    input: { readonly externalId: string };
    answer: Party;
  };
  /** Find the party with this external id, or create it. */
  getOrCreateParty: {
    input: { readonly externalId: string } & {
      readonly name: string;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
    };
    answer: Party;
  };
  /** Read a party; of those with whom it holds an account, a party reads the name. */
  getParty: {
    input: { readonly partyId: string };
    answer: Party | PartyName;
  };
  /** Change what is known of a party. */
  updateParty: {
    input: { readonly partyId: string } & {
      readonly name?: string | undefined;
      readonly externalId?: string | null | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
    };
    answer: Party;
  };
  /** Erase what is known of a party; the books keep its id. */
  eraseParty: {
    input: { readonly partyId: string };
    answer: Party;
  };
  /** List standing orders, of one account or of all that the key may read. */
  listStandingOrders: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly accountId?: string | undefined;
      readonly missingFrom?: string | undefined;
      readonly status?:
        | 'waiting'
        | 'active'
        | 'paused'
        | 'completed'
        | 'rejected'
        | 'cancelled'
        | 'expired'
        | undefined;
    };
    answer: { readonly data: readonly SignedStandingOrder[]; readonly nextCursor: string | null };
  };
  /** Make a standing order. */
  createStandingOrder: {
    input: {
      readonly fromAccountId: string;
      readonly toAccountId: string;
      readonly currency: Currency;
      readonly amount?: Amount | null | undefined;
      readonly sweep?: { readonly keep: Amount } | null | undefined;
      readonly topUp?: { readonly to: Amount } | null | undefined;
      readonly most?: Amount | null | undefined;
      readonly schedule: {
        readonly startsAt: string;
        readonly timeZone?: string | null | undefined;
        readonly recurrence?: string | null | undefined;
        readonly weekends?: 'keep' | 'skip' | 'next' | 'previous' | undefined;
      };
      readonly catchUp?: 'all' | 'latest' | 'none' | undefined;
      readonly retries?:
        | { readonly times?: number | undefined; readonly everyMinutes?: number | undefined }
        | undefined;
      readonly initiatedBy?: string | null | undefined;
      readonly description?: string | null | undefined;
      readonly reference?: string | null | undefined;
      readonly metadata?: Readonly<Record<string, unknown>> | null | undefined;
      readonly expiresAt?: string | null | undefined;
    };
    answer: SignedStandingOrder;
  };
  /** Read a standing order, with its last run and the next ones. */
  getStandingOrder: {
    input: { readonly orderId: string };
    answer: {
      readonly amount: string | null;
      readonly sweep: { readonly keep: string } | null;
      readonly topUp: { readonly to: string } | null;
      readonly most: string | null;
      readonly id: string;
      readonly status: 'waiting' | 'active' | 'paused' | 'completed' | 'rejected' | 'cancelled' | 'expired';
      readonly fromAccountId: string;
      readonly toAccountId: string;
      readonly currency: string;
      readonly schedule: Schedule;
      readonly catchUp: 'all' | 'latest' | 'none';
      readonly retries: { readonly times: number; readonly everyMinutes: number };
      readonly initiatedBy: string | null;
      readonly authentication: Authentication | null;
      readonly description: string | null;
      readonly reference: string | null;
      readonly metadata: Readonly<Record<string, unknown>> | null;
      readonly mandateVersion: number;
      readonly instructionHash: string;
      readonly multiAuthorisation: MultiAuthorisation;
      readonly handledUntil: string | null;
      readonly nextRunAt: string | null;
      readonly nextAttemptAt: string | null;
      readonly createdAt: string;
      readonly expiresAt: string | null;
      readonly finishedAt: string | null;
      readonly authorisations: readonly Authorisation[];
      readonly nextRuns: readonly string[];
      readonly lastRun: StandingOrderRun | null;
    };
  };
  /** List the runs of a standing order, the latest first. */
  listStandingOrderRuns: {
    input: {
      readonly orderId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
    };
    answer: { readonly data: readonly StandingOrderRun[]; readonly nextCursor: string | null };
  };
  /** Sign a standing order; the last signature makes it active. */
  signStandingOrder: {
    input: { readonly orderId: string } & {
      readonly by?: string | undefined;
      readonly decision: 'approve' | 'reject';
      readonly instructionHash: string;
    };
    answer: SignedStandingOrder;
  };
  /** Pause a standing order. */
  pauseStandingOrder: {
    input: { readonly orderId: string } & { readonly by?: string | null | undefined };
    answer: SignedStandingOrder;
  };
  /** Resume a standing order. */
  resumeStandingOrder: {
    input: { readonly orderId: string } & { readonly by?: string | null | undefined };
    answer: SignedStandingOrder;
  };
  /** Cancel a standing order. */
  cancelStandingOrder: {
    input: { readonly orderId: string } & { readonly by?: string | null | undefined };
    answer: SignedStandingOrder;
  };
  /** Issue the next statement of an account, up to the end of a day. */
  issueStatement: {
    input: { readonly accountId: string } & { readonly through: string };
    answer: Statement;
  };
  /** List the statements of an account. */
  listStatements: {
    input: {
      readonly accountId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
    };
    answer: { readonly data: readonly Statement[]; readonly nextCursor: string | null };
  };
  /** Read a statement with its lines, in a format of choice. */
  getStatement: {
    input: {
      readonly accountId: string;
      readonly number: number;
      readonly format?:
        | 'json'
        | 'csv'
        | 'camt.053'
        | 'camt.052'
        | 'mt940'
        | 'ofx'
        | 'journal'
        | 'beancount'
        | 'pdf'
        | undefined;
      readonly version?: string | undefined;
      readonly language?: 'en' | 'de' | 'es' | 'fr' | undefined;
    };
    answer: WholeStatement;
  };
  /** Draw up a statement of any days, without a number. */
  getInterimStatement: {
    input: {
      readonly accountId: string;
      readonly from: string;
      readonly to: string;
      readonly format?:
        | 'json'
        | 'csv'
        | 'camt.053'
        | 'camt.052'
        | 'mt940'
        | 'ofx'
        | 'journal'
        | 'beancount'
        | 'pdf'
        | undefined;
      readonly version?: string | undefined;
      readonly language?: 'en' | 'de' | 'es' | 'fr' | undefined;
    };
    answer: WholeStatement;
  };
  /** Register a webhook endpoint. */
  createWebhookEndpoint: {
    input: {
      readonly url: string;
      readonly description?: string | null | undefined;
      readonly eventTypes?:
        | readonly (
            | 'party.created'
            | 'party.updated'
            | 'party.erased'
            | 'account.opened'
            | 'account.updated'
            | 'account.closed'
            | 'transaction.booked'
            | 'payment_order.waiting'
            | 'payment_order.signed'
            | 'payment_order.booked'
            | 'payment_order.rejected'
            | 'payment_order.cancelled'
            | 'payment_order.expired'
            | 'hold.placed'
            | 'hold.extended'
            | 'hold.captured'
            | 'hold.voided'
            | 'hold.expired'
            | 'project.opened'
            | 'project.assigned'
            | 'project.closed'
            | 'project.expired'
            | 'proposal.made'
            | 'proposal.signed'
            | 'proposal.accepted'
            | 'proposal.rejected'
            | 'proposal.withdrawn'
            | 'holder.invited'
            | 'holder.joined'
            | 'holder.declined'
            | 'holder.invitation_expired'
            | 'holder.changed'
            | 'holder.left'
            | 'holder.removed'
            | 'holder.deceased'
            | 'mandate.changed'
            | 'restriction.placed'
            | 'restriction.lifted'
            | 'account_change.waiting'
            | 'account_change.signed'
            | 'account_change.applied'
            | 'account_change.rejected'
            | 'account_change.cancelled'
            | 'account_change.expired'
            | 'standing_order.waiting'
            | 'standing_order.signed'
            | 'standing_order.activated'
            | 'standing_order.rejected'
            | 'standing_order.expired'
            | 'standing_order.paused'
            | 'standing_order.resumed'
            | 'standing_order.cancelled'
            | 'standing_order.completed'
            | 'standing_order.run_booked'
            | 'standing_order.run_refused'
            | 'standing_order.run_skipped'
            | 'statement.issued'
            | 'webhook_endpoint.disabled'
            | 'log.continued'
          )[]
        | null
        | undefined;
      readonly accountIds?: readonly string[] | null | undefined;
      readonly ordered?: boolean | undefined;
    };
    answer: CreatedWebhookEndpoint;
  };
  /** List webhook endpoints. */
  listWebhookEndpoints: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly status?: 'active' | 'disabled' | undefined;
    };
    answer: { readonly data: readonly WebhookEndpoint[]; readonly nextCursor: string | null };
  };
  /** Give a webhook endpoint a new secret. */
  rotateWebhookSecret: {
    input: { readonly endpointId: string };
    answer: RotatedWebhookSecret;
  };
  /** Change, disable or enable a webhook endpoint. */
  updateWebhookEndpoint: {
    input: { readonly endpointId: string } & {
      readonly description?: string | null | undefined;
      readonly eventTypes?:
        | readonly (
            | 'party.created'
            | 'party.updated'
            | 'party.erased'
            | 'account.opened'
            | 'account.updated'
            | 'account.closed'
            | 'transaction.booked'
            | 'payment_order.waiting'
            | 'payment_order.signed'
            | 'payment_order.booked'
            | 'payment_order.rejected'
            | 'payment_order.cancelled'
            | 'payment_order.expired'
            | 'hold.placed'
            | 'hold.extended'
            | 'hold.captured'
            | 'hold.voided'
            | 'hold.expired'
            | 'project.opened'
            | 'project.assigned'
            | 'project.closed'
            | 'project.expired'
            | 'proposal.made'
            | 'proposal.signed'
            | 'proposal.accepted'
            | 'proposal.rejected'
            | 'proposal.withdrawn'
            | 'holder.invited'
            | 'holder.joined'
            | 'holder.declined'
            | 'holder.invitation_expired'
            | 'holder.changed'
            | 'holder.left'
            | 'holder.removed'
            | 'holder.deceased'
            | 'mandate.changed'
            | 'restriction.placed'
            | 'restriction.lifted'
            | 'account_change.waiting'
            | 'account_change.signed'
            | 'account_change.applied'
            | 'account_change.rejected'
            | 'account_change.cancelled'
            | 'account_change.expired'
            | 'standing_order.waiting'
            | 'standing_order.signed'
            | 'standing_order.activated'
            | 'standing_order.rejected'
            | 'standing_order.expired'
            | 'standing_order.paused'
            | 'standing_order.resumed'
            | 'standing_order.cancelled'
            | 'standing_order.completed'
            | 'standing_order.run_booked'
            | 'standing_order.run_refused'
            | 'standing_order.run_skipped'
            | 'statement.issued'
            | 'webhook_endpoint.disabled'
            | 'log.continued'
          )[]
        | null
        | undefined;
      readonly accountIds?: readonly string[] | null | undefined;
      readonly url?: string | undefined;
      readonly ordered?: boolean | undefined;
      readonly status?: 'active' | 'disabled' | undefined;
    };
    answer: WebhookEndpoint;
  };
  /** Read a webhook endpoint. */
  getWebhookEndpoint: {
    input: { readonly endpointId: string };
    answer: WebhookEndpoint;
  };
  /** Delete a webhook endpoint. */
  deleteWebhookEndpoint: {
    input: { readonly endpointId: string };
    answer: undefined;
  };
  /** Send a webhook endpoint a test call. */
  testWebhookEndpoint: {
    input: { readonly endpointId: string };
    answer: WebhookDelivery;
  };
  /** List what was and will be sent to a webhook endpoint. */
  listWebhookDeliveries: {
    input: {
      readonly endpointId: string;
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly status?: 'pending' | 'delivered' | 'failed' | undefined;
    };
    answer: { readonly data: readonly WebhookDelivery[]; readonly nextCursor: string | null };
  };
  /** Read a webhook delivery. */
  getWebhookDelivery: {
    input: { readonly deliveryId: string };
    answer: WebhookDelivery;
  };
  /** Send a finished webhook delivery again. */
  redeliverWebhook: {
    input: { readonly deliveryId: string };
    answer: WebhookDelivery;
  };
  /** List API keys, the ended ones too. */
  listApiKeys: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly partyId?: string | undefined;
    };
    answer: { readonly data: readonly ApiKey[]; readonly nextCursor: string | null };
  };
  /** Make an API key, of the service or of a party. */
  createApiKey: {
    input: {
      readonly name: string;
      readonly partyId?: string | null | undefined;
      readonly scopes?:
        | readonly (
            | 'accounts:read'
            | 'accounts:manage'
            | 'movements:write'
            | 'movements:unsigned'
            | 'approvals:write'
            | 'holds:write'
            | 'standing-orders:write'
            | 'events:read'
            | 'webhooks:manage'
            | 'keys:manage'
            | 'operate'
          )[]
        | undefined;
      readonly expiresAt?: string | null | undefined;
    };
    answer: MadeApiKey;
  };
  /** Read what is known of an API key. */
  getApiKey: {
    input: { readonly keyId: string };
    answer: ApiKey;
  };
  /** Make a key like this one, which goes on for a while. */
  rotateApiKey: {
    input: { readonly keyId: string } & { readonly overlapSeconds?: number | undefined };
    answer: MadeApiKey;
  };
  /** End an API key at once. */
  revokeApiKey: {
    input: { readonly keyId: string };
    answer: ApiKey;
  };
  /** Read the log of what happened, page by page. */
  listEvents: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly types?: string | undefined;
      readonly accountId?: string | undefined;
    };
    answer: { readonly data: readonly Event[]; readonly nextCursor: string | null };
  };
  /** Read an event. */
  getEvent: {
    input: { readonly eventId: string };
    answer: Event;
  };
  /** List who did what, and what was refused. */
  listAuditEntries: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
      readonly keyId?: string | undefined;
      readonly partyId?: string | undefined;
      readonly action?: string | undefined;
      readonly outcome?: 'succeeded' | 'refused' | undefined;
      readonly from?: string | undefined;
      readonly to?: string | undefined;
    };
    answer: { readonly data: readonly AuditEntry[]; readonly nextCursor: string | null };
  };
  /** List what workers could not do. */
  listFailedWork: {
    input: {
      readonly limit?: number | undefined;
      readonly cursor?: string | undefined;
      readonly order?: 'asc' | 'desc' | undefined;
    };
    answer: { readonly data: readonly FailedWork[]; readonly nextCursor: string | null };
  };
  /** Have an item that failed tried again at once. */
  requeueFailedWork: {
    input: { readonly queue: string; readonly itemId: string };
    answer: { readonly queue: string; readonly itemId: string };
  };
  /** Ask whether the process is alive. */
  getHealth: {
    input: Record<never, never>;
    answer: { readonly status: 'ok' };
  };
  /** Ask whether the process can do its work. */
  getReadiness: {
    input: Record<never, never>;
    answer: { readonly status: 'ready' };
  };
  /** Read the description of the API (OpenAPI 3.1). */
  getDescription: {
    input: Record<never, never>;
    answer: { readonly openapi: string; readonly [more: string]: unknown };
  };
}

/** Where each call goes, and where what it takes belongs; all else belongs into its body. */

export const operations = {
  createTransfer: { method: 'POST', path: '/v1/transfers', query: ['dryRun'], hasBody: true, hasKey: true },

  createDeposit: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/deposits',
    query: ['dryRun'],
    hasBody: true,
    hasKey: true,
  },

  createWithdrawal: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/withdrawals',
    query: ['dryRun'],
    hasBody: true,
    hasKey: true,
  },

  createTransaction: { method: 'POST', path: '/v1/transactions', query: ['dryRun'], hasBody: true, hasKey: true },

  listTransactions: {
    method: 'GET',
    path: '/v1/transactions',
    query: [
      'limit',
      'cursor',
      'order',
      'from',
      'to',
      'valueFrom',
      'valueTo',
      'type',
      'amountFrom',
      'amountTo',
      'initiatedBy',
      'counterpartyAccountId',
      'reference',
      'metadata',
      'accountId',
    ],
    hasBody: false,
    hasKey: false,
  },

  createReversal: {
    method: 'POST',
    path: '/v1/transactions/{transactionId}/reversals',
    query: ['dryRun'],
    hasBody: true,
    hasKey: true,
  },

  createBatch: { method: 'POST', path: '/v1/batches', query: ['dryRun'], hasBody: true, hasKey: true },

  listEntries: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/entries',
    query: [
      'limit',
      'cursor',
      'order',
      'from',
      'to',
      'valueFrom',
      'valueTo',
      'type',
      'amountFrom',
      'amountTo',
      'initiatedBy',
      'counterpartyAccountId',
      'reference',
      'metadata',
    ],
    hasBody: false,
    hasKey: false,
  },

  getTransactionByExternalId: {
    method: 'GET',
    path: '/v1/transactions/by-external-id/{externalId}',
    query: [],
    hasBody: false,
    hasKey: false,
  },

  getTransaction: { method: 'GET', path: '/v1/transactions/{transactionId}', query: [], hasBody: false, hasKey: false },

  getAccount: { method: 'GET', path: '/v1/accounts/{accountId}', query: [], hasBody: false, hasKey: false },

  updateAccount: { method: 'PATCH', path: '/v1/accounts/{accountId}', query: [], hasBody: true, hasKey: true },

  listAccounts: {
    method: 'GET',
    path: '/v1/accounts',
    query: ['limit', 'cursor', 'order', 'holder', 'currency', 'status', 'ownership', 'externalId', 'namePrefix', 'ids'],
    hasBody: false,
    hasKey: false,
  },

  openAccount: { method: 'POST', path: '/v1/accounts', query: [], hasBody: true, hasKey: true },

  getAccountByExternalId: {
    method: 'GET',
    path: '/v1/accounts/by-external-id/{externalId}',
    query: [],
    hasBody: false,
    hasKey: false,
  },

  getOrOpenAccount: {
    method: 'PUT',
    path: '/v1/accounts/by-external-id/{externalId}',
    query: [],
    hasBody: true,
    hasKey: false,
  },

  closeAccount: { method: 'POST', path: '/v1/accounts/{accountId}/close', query: [], hasBody: false, hasKey: true },

  getBalance: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/balances',
    query: ['at'],
    hasBody: false,
    hasKey: false,
  },

  getBalanceSeries: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/balance-series',
    query: ['from', 'to', 'interval'],
    hasBody: false,
    hasKey: false,
  },

  getBalances: { method: 'GET', path: '/v1/balances', query: ['at', 'accountIds'], hasBody: false, hasKey: false },

  listPaymentOrders: {
    method: 'GET',
    path: '/v1/payment-orders',
    query: ['limit', 'cursor', 'order', 'accountId', 'missingFrom', 'status'],
    hasBody: false,
    hasKey: false,
  },

  getPaymentOrder: { method: 'GET', path: '/v1/payment-orders/{orderId}', query: [], hasBody: false, hasKey: false },

  signPaymentOrder: {
    method: 'POST',
    path: '/v1/payment-orders/{orderId}/authorisations',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  cancelPaymentOrder: {
    method: 'POST',
    path: '/v1/payment-orders/{orderId}/cancel',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  createHold: { method: 'POST', path: '/v1/holds', query: ['dryRun'], hasBody: true, hasKey: true },

  findHolds: {
    method: 'GET',
    path: '/v1/holds',
    query: ['limit', 'cursor', 'order', 'accountId', 'status'],
    hasBody: false,
    hasKey: false,
  },

  getHold: { method: 'GET', path: '/v1/holds/{holdId}', query: [], hasBody: false, hasKey: false },

  listHolds: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/holds',
    query: ['limit', 'cursor', 'order', 'status'],
    hasBody: false,
    hasKey: false,
  },

  captureHold: { method: 'POST', path: '/v1/holds/{holdId}/capture', query: ['dryRun'], hasBody: true, hasKey: true },

  voidHold: { method: 'POST', path: '/v1/holds/{holdId}/void', query: [], hasBody: true, hasKey: true },

  extendHold: { method: 'POST', path: '/v1/holds/{holdId}/extend', query: [], hasBody: true, hasKey: true },

  listProjects: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/projects',
    query: ['limit', 'cursor', 'order', 'status'],
    hasBody: false,
    hasKey: false,
  },

  openProject: { method: 'POST', path: '/v1/accounts/{accountId}/projects', query: [], hasBody: true, hasKey: true },

  getProject: { method: 'GET', path: '/v1/projects/{projectId}', query: [], hasBody: false, hasKey: false },

  closeProject: { method: 'POST', path: '/v1/projects/{projectId}/close', query: [], hasBody: true, hasKey: true },

  listProposals: {
    method: 'GET',
    path: '/v1/projects/{projectId}/proposals',
    query: ['limit', 'cursor', 'order', 'status'],
    hasBody: false,
    hasKey: false,
  },

  createProposal: {
    method: 'POST',
    path: '/v1/projects/{projectId}/proposals',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  getProposal: { method: 'GET', path: '/v1/proposals/{proposalId}', query: [], hasBody: false, hasKey: false },

  withdrawProposal: {
    method: 'POST',
    path: '/v1/proposals/{proposalId}/withdraw',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  acceptProposal: {
    method: 'POST',
    path: '/v1/proposals/{proposalId}/accept',
    query: ['dryRun'],
    hasBody: true,
    hasKey: true,
  },

  listHolders: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/holders',
    query: ['limit', 'cursor', 'order'],
    hasBody: false,
    hasKey: false,
  },

  inviteHolder: { method: 'POST', path: '/v1/accounts/{accountId}/holders', query: [], hasBody: true, hasKey: true },

  updateHolder: {
    method: 'PUT',
    path: '/v1/accounts/{accountId}/holders/{partyId}',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  removeHolder: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/holders/{partyId}/remove',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  acceptInvitation: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/holders/{partyId}/accept',
    query: [],
    hasBody: false,
    hasKey: true,
  },

  declineInvitation: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/holders/{partyId}/decline',
    query: [],
    hasBody: false,
    hasKey: true,
  },

  leaveAccount: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/holders/{partyId}/leave',
    query: [],
    hasBody: false,
    hasKey: true,
  },

  reportHolderDeath: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/holders/{partyId}/death',
    query: [],
    hasBody: false,
    hasKey: true,
  },

  getMandate: { method: 'GET', path: '/v1/accounts/{accountId}/mandate', query: [], hasBody: false, hasKey: false },

  setMandate: { method: 'PUT', path: '/v1/accounts/{accountId}/mandate', query: [], hasBody: true, hasKey: true },

  listMandateVersions: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/mandate/versions',
    query: ['limit', 'cursor', 'order'],
    hasBody: false,
    hasKey: false,
  },

  listRestrictions: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/restrictions',
    query: ['limit', 'cursor', 'order', 'active'],
    hasBody: false,
    hasKey: false,
  },

  createRestriction: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/restrictions',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  liftRestriction: {
    method: 'POST',
    path: '/v1/restrictions/{restrictionId}/lift',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  listAccountChanges: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/changes',
    query: ['limit', 'cursor', 'order', 'missingFrom', 'status'],
    hasBody: false,
    hasKey: false,
  },

  findAccountChanges: {
    method: 'GET',
    path: '/v1/account-changes',
    query: ['limit', 'cursor', 'order', 'accountId', 'missingFrom', 'status'],
    hasBody: false,
    hasKey: false,
  },

  getAccountChange: { method: 'GET', path: '/v1/account-changes/{changeId}', query: [], hasBody: false, hasKey: false },

  signAccountChange: {
    method: 'POST',
    path: '/v1/account-changes/{changeId}/authorisations',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  cancelAccountChange: {
    method: 'POST',
    path: '/v1/account-changes/{changeId}/cancel',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  listParties: {
    method: 'GET',
    path: '/v1/parties',
    query: ['limit', 'cursor', 'order', 'externalId', 'namePrefix', 'ids'],
    hasBody: false,
    hasKey: false,
  },

  createParty: { method: 'POST', path: '/v1/parties', query: [], hasBody: true, hasKey: true },

  getPartyByExternalId: {
    method: 'GET',
    path: '/v1/parties/by-external-id/{externalId}',
    query: [],
    hasBody: false,
    hasKey: false,
  },

  getOrCreateParty: {
    method: 'PUT',
    path: '/v1/parties/by-external-id/{externalId}',
    query: [],
    hasBody: true,
    hasKey: false,
  },

  getParty: { method: 'GET', path: '/v1/parties/{partyId}', query: [], hasBody: false, hasKey: false },

  updateParty: { method: 'PATCH', path: '/v1/parties/{partyId}', query: [], hasBody: true, hasKey: true },

  eraseParty: { method: 'POST', path: '/v1/parties/{partyId}/erase', query: [], hasBody: false, hasKey: true },

  listStandingOrders: {
    method: 'GET',
    path: '/v1/standing-orders',
    query: ['limit', 'cursor', 'order', 'accountId', 'missingFrom', 'status'],
    hasBody: false,
    hasKey: false,
  },

  createStandingOrder: { method: 'POST', path: '/v1/standing-orders', query: [], hasBody: true, hasKey: true },

  getStandingOrder: { method: 'GET', path: '/v1/standing-orders/{orderId}', query: [], hasBody: false, hasKey: false },

  listStandingOrderRuns: {
    method: 'GET',
    path: '/v1/standing-orders/{orderId}/runs',
    query: ['limit', 'cursor', 'order'],
    hasBody: false,
    hasKey: false,
  },

  signStandingOrder: {
    method: 'POST',
    path: '/v1/standing-orders/{orderId}/authorisations',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  pauseStandingOrder: {
    method: 'POST',
    path: '/v1/standing-orders/{orderId}/pause',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  resumeStandingOrder: {
    method: 'POST',
    path: '/v1/standing-orders/{orderId}/resume',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  cancelStandingOrder: {
    method: 'POST',
    path: '/v1/standing-orders/{orderId}/cancel',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  issueStatement: {
    method: 'POST',
    path: '/v1/accounts/{accountId}/statements',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  listStatements: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/statements',
    query: ['limit', 'cursor', 'order'],
    hasBody: false,
    hasKey: false,
  },

  getStatement: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/statements/{number}',
    query: ['format', 'version', 'language'],
    hasBody: false,
    hasKey: false,
  },

  getInterimStatement: {
    method: 'GET',
    path: '/v1/accounts/{accountId}/interim-statement',
    query: ['from', 'to', 'format', 'version', 'language'],
    hasBody: false,
    hasKey: false,
  },

  createWebhookEndpoint: { method: 'POST', path: '/v1/webhook-endpoints', query: [], hasBody: true, hasKey: true },

  listWebhookEndpoints: {
    method: 'GET',
    path: '/v1/webhook-endpoints',
    query: ['limit', 'cursor', 'order', 'status'],
    hasBody: false,
    hasKey: false,
  },

  rotateWebhookSecret: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpointId}/secret-rotations',
    query: [],
    hasBody: false,
    hasKey: true,
  },

  updateWebhookEndpoint: {
    method: 'PATCH',
    path: '/v1/webhook-endpoints/{endpointId}',
    query: [],
    hasBody: true,
    hasKey: true,
  },

  getWebhookEndpoint: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpointId}',
    query: [],
    hasBody: false,
    hasKey: false,
  },

  deleteWebhookEndpoint: {
    method: 'DELETE',
    path: '/v1/webhook-endpoints/{endpointId}',
    query: [],
    hasBody: false,
    hasKey: true,
  },

  testWebhookEndpoint: {
    method: 'POST',
    path: '/v1/webhook-endpoints/{endpointId}/test',
    query: [],
    hasBody: false,
    hasKey: true,
  },

  listWebhookDeliveries: {
    method: 'GET',
    path: '/v1/webhook-endpoints/{endpointId}/deliveries',
    query: ['limit', 'cursor', 'order', 'status'],
    hasBody: false,
    hasKey: false,
  },

  getWebhookDelivery: {
    method: 'GET',
    path: '/v1/webhook-deliveries/{deliveryId}',
    query: [],
    hasBody: false,
    hasKey: false,
  },

  redeliverWebhook: {
    method: 'POST',
    path: '/v1/webhook-deliveries/{deliveryId}/redeliver',
    query: [],
    hasBody: false,
    hasKey: true,
  },

  listApiKeys: {
    method: 'GET',
    path: '/v1/api-keys',
    query: ['limit', 'cursor', 'order', 'partyId'],
    hasBody: false,
    hasKey: false,
  },

  createApiKey: { method: 'POST', path: '/v1/api-keys', query: [], hasBody: true, hasKey: true },

  getApiKey: { method: 'GET', path: '/v1/api-keys/{keyId}', query: [], hasBody: false, hasKey: false },

  rotateApiKey: { method: 'POST', path: '/v1/api-keys/{keyId}/rotate', query: [], hasBody: true, hasKey: true },

  revokeApiKey: { method: 'POST', path: '/v1/api-keys/{keyId}/revoke', query: [], hasBody: false, hasKey: true },

  listEvents: {
    method: 'GET',
    path: '/v1/events',
    query: ['limit', 'cursor', 'types', 'accountId'],
    hasBody: false,
    hasKey: false,
  },

  getEvent: { method: 'GET', path: '/v1/events/{eventId}', query: [], hasBody: false, hasKey: false },

  listAuditEntries: {
    method: 'GET',
    path: '/v1/audit',
    query: ['limit', 'cursor', 'order', 'keyId', 'partyId', 'action', 'outcome', 'from', 'to'],
    hasBody: false,
    hasKey: false,
  },

  listFailedWork: {
    method: 'GET',
    path: '/v1/failed-work',
    query: ['limit', 'cursor', 'order'],
    hasBody: false,
    hasKey: false,
  },

  requeueFailedWork: {
    method: 'POST',
    path: '/v1/failed-work/{queue}/{itemId}/requeue',
    query: [],
    hasBody: false,
    hasKey: false,
  },

  getHealth: { method: 'GET', path: '/healthz', query: [], hasBody: false, hasKey: false },

  getReadiness: { method: 'GET', path: '/readyz', query: [], hasBody: false, hasKey: false },

  getDescription: { method: 'GET', path: '/openapi.json', query: [], hasBody: false, hasKey: false },
} as const;

/** The refusals after which the same request can help. */

export const retriedCodes: readonly string[] = [
  'request_timeout',
  'idempotency_in_progress',
  'account_locked',
  'ledger_busy',
  'database_unavailable',
  'clock_unreliable',
  'booked_in_the_future',
  'outcome_unknown',
  'token_keys_unavailable',
  'too_many_requests',
  'too_many_streams',
  'lab_busy',
  'not_ready',
  'internal_error',
];
