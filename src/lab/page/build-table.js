/**
 * A table of the page. A cell is a text, or a text with a class; nothing of it is read as HTML.
 *
 * @typedef {string | { text: string, class: string }} Cell
 * @param {string} caption
 * @param {readonly string[]} columns
 * @param {readonly (readonly Cell[])[]} rows
 */
export function buildTable(caption, columns, rows) {
  const table = document.createElement('table');
  table.append(element('caption', caption), element('thead', ''), element('tbody', ''));
  const [head, body] = [table.tHead, table.tBodies[0]];
  const titles = head.insertRow();
  for (const column of columns) {
    const title = element('th', column);
    title.setAttribute('scope', 'col');
    titles.append(title);
  }
  for (const cells of rows) {
    const row = body.insertRow();
    for (const cell of cells) row.append(cellOf(cell));
  }
  return table;
}

/** @param {string} name @param {string} text */
export function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** @param {Cell} cell */
function cellOf(cell) {
  if (typeof cell === 'string') return element('td', cell);
  const made = element('td', cell.text);
  made.className = cell.class;
  return made;
}
