/** What a holder may do with an account. */
export const holderRights = ['view', 'deposit', 'withdraw', 'transfer', 'manage'] as const;

export type HolderRight = (typeof holderRights)[number];

/** A party's place on an account. */
export interface HolderDocument {
  partyId: string;
  rights: HolderRight[];
}
