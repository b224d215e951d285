import type { TransactionType } from '../../ledger/booked-transaction.ts';
import type { StatementLanguage } from '../statement.ts';

/** What a statement for people has in words. */
export interface StatementWords {
  readonly title: string;
  readonly interimTitle: string;
  readonly account: string;
  readonly holders: string;
  readonly period: string;
  readonly opening: string;
  readonly credits: string;
  readonly debits: string;
  readonly closing: string;
  readonly date: string;
  readonly details: string;
  readonly amount: string;
  readonly balance: string;
  readonly broughtForward: string;
  readonly carriedForward: string;
  readonly nothingBooked: string;
  readonly reference: string;
  readonly valueDate: string;
  readonly by: string;
  readonly signedBy: string;
  readonly sharesTitle: string;
  readonly party: string;
  readonly service: string;
  readonly others: string;
  /** What the numbers of the page and of all pages are put into. */
  readonly page: (page: string, pages: string) => string;
  readonly proof: string;
  readonly types: Readonly<Record<TransactionType, string>>;
}

/** The words in each language. */
export const statementWords: Readonly<Record<StatementLanguage, StatementWords>> = {
  en: {
    ...{ title: 'Account statement', interimTitle: 'Interim statement', account: 'Account', holders: 'Holders' },
    ...{ period: 'Period', opening: 'Opening balance', credits: 'Money in', debits: 'Money out' },
    ...{ closing: 'Closing balance', date: 'Date', details: 'Details', amount: 'Amount', balance: 'Balance' },
    ...{ broughtForward: 'Brought forward', carriedForward: 'Carried forward' },
    ...{ nothingBooked: 'Nothing was booked in this period.', reference: 'Reference', valueDate: 'Value date' },
    ...{ by: 'By', signedBy: 'Signed by', sharesTitle: 'Who moved how much', party: 'Party', service: 'The service' },
    others: 'Others',
    page: (page, pages) => `Page ${page} of ${pages}`,
    proof: 'The attached file has all of it for programs. SHA-256 of the statement:',
    types: {
      ...{ deposit: 'Deposit', withdrawal: 'Withdrawal', transfer: 'Transfer', multi_leg: 'Split transfer' },
      ...{ capture: 'Payment of a hold', reversal: 'Reversal' },
    },
  },
  de: {
    ...{ title: 'Kontoauszug', interimTitle: 'Zwischenauszug', account: 'Konto', holders: 'Inhaber' },
    ...{ period: 'Zeitraum', opening: 'Anfangssaldo', credits: 'Eingänge', debits: 'Ausgänge' },
    ...{ closing: 'Endsaldo', date: 'Datum', details: 'Vorgang', amount: 'Betrag', balance: 'Saldo' },
    ...{ broughtForward: 'Übertrag', carriedForward: 'Zu übertragen' },
    ...{ nothingBooked: 'In diesem Zeitraum wurde nichts gebucht.', reference: 'Referenz', valueDate: 'Wertstellung' },
    ...{ by: 'Von', signedBy: 'Unterzeichnet von', sharesTitle: 'Wer wie viel bewegt hat', party: 'Person' },
    ...{ service: 'Der Dienst', others: 'Andere' },
    page: (page, pages) => `Seite ${page} von ${pages}`,
    proof: 'Die angehängte Datei enthält alles für Programme. SHA-256 des Auszugs:',
    types: {
      ...{ deposit: 'Einzahlung', withdrawal: 'Auszahlung', transfer: 'Überweisung', multi_leg: 'Sammelbuchung' },
      ...{ capture: 'Zahlung aus Vormerkung', reversal: 'Storno' },
    },
  },
  es: {
    ...{ title: 'Extracto de cuenta', interimTitle: 'Extracto provisional', account: 'Cuenta', holders: 'Titulares' },
    ...{ period: 'Periodo', opening: 'Saldo inicial', credits: 'Ingresos', debits: 'Cargos' },
    ...{ closing: 'Saldo final', date: 'Fecha', details: 'Concepto', amount: 'Importe', balance: 'Saldo' },
    ...{ broughtForward: 'Saldo anterior', carriedForward: 'Suma y sigue' },
    ...{ nothingBooked: 'No hubo movimientos en este periodo.', reference: 'Referencia', valueDate: 'Fecha valor' },
    ...{ by: 'Por', signedBy: 'Firmado por', sharesTitle: 'Quién movió cuánto', party: 'Persona' },
    ...{ service: 'El servicio', others: 'Otros' },
    page: (page, pages) => `Página ${page} de ${pages}`,
    proof: 'El archivo adjunto contiene todo para programas. SHA-256 del extracto:',
    types: {
      ...{ deposit: 'Ingreso', withdrawal: 'Retirada', transfer: 'Transferencia', multi_leg: 'Transferencia múltiple' },
      ...{ capture: 'Cobro de una retención', reversal: 'Anulación' },
    },
  },
  fr: {
    ...{ title: 'Relevé de compte', interimTitle: 'Relevé provisoire', account: 'Compte', holders: 'Titulaires' },
    ...{ period: 'Période', opening: 'Solde initial', credits: 'Crédits', debits: 'Débits' },
    ...{ closing: 'Solde final', date: 'Date', details: 'Opération', amount: 'Montant', balance: 'Solde' },
    ...{ broughtForward: 'Report', carriedForward: 'À reporter' },
    ...{ nothingBooked: 'Aucune opération sur cette période.', reference: 'Référence', valueDate: 'Date de valeur' },
    ...{ by: 'Par', signedBy: 'Signé par', sharesTitle: 'Qui a déplacé combien', party: 'Personne' },
    ...{ service: 'Le service', others: 'Autres' },
    page: (page, pages) => `Page ${page} sur ${pages}`,
    proof: 'Le fichier joint contient tout pour les programmes. SHA-256 du relevé :',
    types: {
      ...{ deposit: 'Dépôt', withdrawal: 'Retrait', transfer: 'Virement', multi_leg: 'Virement multiple' },
      ...{ capture: 'Paiement d’une réserve', reversal: 'Annulation' },
    },
  },
};
