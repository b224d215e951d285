/**
 * The currencies that accounts are opened in, with the number of decimals of each ("minor unit exponent").
 * Source: ISO 4217:2015, list one as maintained by its agency, without the codes that have no minor unit
 * (precious metals, bond market units, testing codes). `Intl` is no substitute: it follows CLDR, which gives
 * HUF and IQD the decimals used in cash, not those of the standard.
 */
const codesByExponent = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
      CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
      HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU
      MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR
      SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED
      VES WST XAD XCD XCG YER ZAR ZMW ZWG`,
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
} as const;

/**
 * Currencies that were withdrawn: the decimals of each, the month it was withdrawn in, and what took its place.
 * Accounts in them live on until they are closed, and no new ones are opened. A code that leaves the table above moves
 * here. Source: ISO 4217 list three of 2026-01-01, from 1999 on, without what never had a minor unit. That list has no
 * decimals; these are the ones from when the code was on list one.
 */
const withdrawn = `
  ADP 0 2003-07 EUR; AFA 2 2003-01 AFN; ANG 2 2025-03 XCG; AON 2 2000-02 AOA; AOR 2 2000-02 AOA; ATS 2 2002-03 EUR;
  AYM 2 2005-10 AZN; AZM 2 2005-12 AZN; BEF 0 2002-03 EUR; BGL 2 2003-11 BGN; BGN 2 2026-01 EUR; BYB 0 2001-01 BYR;
  BYR 0 2017-01 BYN; CHC 2 2004-11 CHW; CSD 2 2006-10 RSD; CUC 2 2021-06 CUP; CYP 2 2008-01 EUR; DEM 2 2002-03 EUR;
  ECS 2 2000-09 USD; ECV 2 2000-09 USD; EEK 2 2011-01 EUR; ESP 0 2002-03 EUR; FIM 2 2002-03 EUR; FRF 2 2002-03 EUR;
  GHC 2 2008-01 GHS; GHP 2 2007-06 GHS; GRD 0 2002-03 EUR; HRK 2 2023-01 EUR; IEP 2 2002-03 EUR; ITL 0 2002-03 EUR;
  LTL 2 2014-12 EUR; LUF 0 2002-03 EUR; LVL 2 2014-01 EUR; MGF 0 2004-12 MGA; MRO 2 2017-12 MRU; MTL 2 2008-01 EUR;
  MZM 2 2006-06 MZN; NLG 2 2002-03 EUR; PTE 0 2002-03 EUR; ROL 2 2005-06 RON; RUR 2 2004-01 RUB; SDD 2 2007-07 SDG;
  SIT 2 2007-01 EUR; SKK 2 2009-01 EUR; SLL 2 2023-12 SLE; SRG 2 2003-12 SRD; STD 2 2017-12 STN; TJR 2 2001-04 TJS;
  TMM 2 2009-01 TMT; TPE 0 2002-11 USD; TRL 0 2005-12 TRY; USS 2 2014-03 USD; VEB 2 2008-01 VEF; VEF 2 2018-08 VES;
  XEU 2 1999-01 EUR; YUM 2 2003-07 CSD; ZMK 2 2012-12 ZMW; ZRN 2 1999-06 CDF; ZWD 2 2008-08 ZWR; ZWL 2 2024-09 ZWG;
  ZWN 2 2006-09 ZWR; ZWR 2 2009-06 ZWL`;

export interface WithdrawnCurrency {
  /** The month of the withdrawal, such as "2026-01". */
  readonly since: string;
  readonly replacedBy: string;
}

/** The finest scale that a column for amounts can hold, NUMERIC(22, 4). */
const columnDecimals = 4;

const inUse = new Map(
  Object.entries(codesByExponent).flatMap(([exponent, codes]) =>
    codes.split(/\s+/).map((code): [string, number] => [code, Number.parseInt(exponent, 10)]),
  ),
);

const withdrawnRows = withdrawn.split(';').map((row) => row.trim().split(' ') as [string, string, string, string]);

const exponents: ReadonlyMap<string, number> = new Map([
  ...inUse,
  ...withdrawnRows.map(([code, exponent]): [string, number] => [code, Number.parseInt(exponent, 10)]),
]);

/** Every currency code that an account can be opened in, in alphabetical order. */
export const currencyCodes: readonly string[] = [...inUse.keys()].sort();

/** The currencies that accounts can have from earlier, in alphabetical order. */
export const withdrawnCurrencies: ReadonlyMap<string, WithdrawnCurrency> = new Map(
  withdrawnRows.map(([code, _exponent, since, replacedBy]) => [code, { since, replacedBy }]),
);

/** Whether the decimals of a currency are known, in use or withdrawn, so that amounts in it can be read. */
export function isCurrencyCode(code: string): boolean {
  return exponents.has(code);
}

/**
 * The number of decimals of a currency: 0 for JPY, 2 for USD, 3 for KWD, 4 for UYW; of a withdrawn one those that it
 * had.
 *
 * A code that is in neither table has as many as the database can hold, so that its account can be listed, read,
 * emptied by what names no amount (a reversal, a hold that is captured whole) and closed: a later build may have
 * opened it, and what the books hold must never keep other accounts from being read. Amounts in it are not read from
 * requests, because nothing says how many decimals they may have.
 *
 * Throws a RangeError for what cannot be the code of an account, which is a programming error.
 */
export function currencyExponent(code: string): number {
  const exponent = exponents.get(code);
  if (exponent !== undefined) return exponent;
  if (!/^[A-Z]{3}$/.test(code)) throw new RangeError(`unknown currency ${code}`);
  return columnDecimals;
}
