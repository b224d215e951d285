/** Letters that decomposing does not take apart, or of which the marks mean another letter. */
const spelled: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', ẞ: 'SS', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', ø: 'oe', Ø: 'OE', å: 'aa', Å: 'AA' },
  ...{ ä: 'ae', Ä: 'Ae', ö: 'oe', Ö: 'Oe', ü: 'ue', Ü: 'Ue', ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ð: 'd', Ð: 'D' },
  ...{ þ: 'th', Þ: 'Th', ı: 'i', ħ: 'h', Ħ: 'H', ŋ: 'n', Ŋ: 'N', '€': 'EUR', '£': 'GBP', '¥': 'JPY', '&': '+' },
  ...{ '’': "'", '‘': "'", '‚': "'", '“': "'", '”': "'", '„': "'", '"': "'", '«': "'", '»': "'", '–': '-', '—': '-' },
};

/** Text in ASCII, spelled as banks do: letters without their marks, and others left as they are. */
export function toLatin(text: string): string {
  return text
    .normalize('NFC')
    .replaceAll(/./gsu, (character) => spelled[character] ?? character)
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '');
}
