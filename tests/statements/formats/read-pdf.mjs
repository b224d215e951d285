/**
 * Reads a PDF with pdf.js, in a process of its own because that is no module of jest's, and prints as JSON what stands
 * on its pages, what its structure says of it, and what is attached. Argument: a file.
 */
import { readFileSync } from 'node:fs';
import { getDocument, VerbosityLevel } from 'pdfjs-dist/legacy/build/pdf.mjs';

const file = process.argv[2];
const document = await getDocument({
  data: new Uint8Array(readFileSync(file)),
  verbosity: VerbosityLevel.ERRORS,
  isEvalSupported: false,
}).promise;

/** The texts of marked content, by its id. */
function textsOf(items) {
  const texts = new Map();
  const open = [];
  for (const item of items) {
    if (item.type?.startsWith('beginMarkedContent')) open.push(item.id ?? null);
    else if (item.type === 'endMarkedContent') open.pop();
    else {
      const id = open.findLast((known) => known !== null);
      if (id !== undefined) texts.set(id, (texts.get(id) ?? '') + item.str + (item.hasEOL ? ' ' : ''));
    }
  }
  return texts;
}

const textIn = (node, texts) =>
  node.type === 'content'
    ? (texts.get(node.id) ?? '')
    : (node.children ?? []).map((child) => textIn(child, texts)).join('');

/** The rows of all tables, as the texts of their cells; what else there is by the name of its element. */
function collect(node, texts, found) {
  for (const child of node?.children ?? []) {
    if (child.role === 'TR') {
      const cells = (child.children ?? []).map((cell) => textIn(cell, texts));
      found.rows.push({ isHeading: child.children?.[0]?.role === 'TH', cells });
    } else if (['H1', 'H2', 'P'].includes(child.role)) found.paragraphs.push(textIn(child, texts));
    else collect(child, texts, found);
  }
}

const found = { rows: [], paragraphs: [], pages: [] };
for (let number = 1; number <= document.numPages; number++) {
  const page = await document.getPage(number);
  const { items } = await page.getTextContent({ includeMarkedContent: true });
  found.pages.push(
    items
      .map(({ str = '' }) => str)
      .join(' ')
      .replaceAll(/\s+/g, ' '),
  );
  collect(await page.getStructTree(), textsOf(items), found);
}
const attachments = Object.values((await document.getAttachments()) ?? {});
const { info } = await document.getMetadata();
process.stdout.write(
  JSON.stringify({
    ...found,
    info,
    markInfo: await document.getMarkInfo(),
    attachments: attachments.map(({ filename, content }) => ({ filename, text: Buffer.from(content).toString() })),
  }),
);
