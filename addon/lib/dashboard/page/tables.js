/**
 * Shows lists that change every second. Elements stay as long as what they show, so that nobody
 * loses the focus, a selection or the place where they read.
 *
 * Everything goes in as text: paths and tracebacks are made by strangers.
 */

/**
 * @param {string} tag
 * @param {{ className?: string, text?: string, [attribute: string]: string | undefined }} [options]
 * @param {Node[]} children
 * @returns {HTMLElement}
 */
export function element (tag, { className, text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag)
  if (className !== undefined) made.className = className
  if (text !== undefined) made.textContent = text
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value)
  }
  made.append(...children)
  return made
}

/**
 * @param {Element} place
 * @param {string} text
 */
export function setText (place, text) {
  if (place.textContent !== text) place.textContent = text
}

/**
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {object} how
 * @param {(item: T) => string} how.key
 * @param {(item: T) => HTMLElement} how.create
 * @param {(made: HTMLElement, item: T) => void} how.update
 */
export function showList (parent, items, { key, create, update }) {
  const children = /** @type {HTMLCollectionOf<HTMLElement>} */ (parent.children)
  const before = new Map([...children].map((child) => [child.dataset.key, child]))
  /** @type {Element | null} */
  let place = parent.firstElementChild
  for (const item of items) {
    const name = key(item)
    let made = before.get(name)
    before.delete(name)
    if (made === undefined) {
      made = create(item)
      made.dataset.key = name
    }
    update(made, item)
    if (made === place) place = place.nextElementSibling
    else parent.insertBefore(made, place)
  }
  for (const gone of before.values()) gone.remove()
}

/**
 * @template T
 * @typedef {object} Column
 * @property {string} [className]
 * @property {boolean} [isHeader] it names the row
 * @property {(item: T) => string} [text]
 * @property {(item: T) => string} [look] a class that depends on the value
 * @property {(item: T) => HTMLElement} [create] made once, in place of text
 * @property {(made: HTMLElement, item: T) => void} [update]
 */

/**
 * @template T
 * @param {HTMLTableElement} table
 * @param {T[]} rows
 * @param {(item: T) => string} key
 * @param {Column<T>[]} columns
 */
export function showTable (table, rows, key, columns) {
  const region = /** @type {HTMLElement} */ (table.parentElement)
  region.hidden = rows.length === 0
  const empty = region.nextElementSibling
  if (empty instanceof HTMLElement) empty.hidden = rows.length > 0
  showList(table.tBodies[0], rows, {
    key,
    create: (item) => element('tr', {}, ...columns.map(({ className, isHeader, create }) => {
      const cell = element(isHeader ? 'th' : 'td',
        { className, scope: isHeader ? 'row' : undefined })
      if (create !== undefined) cell.append(create(item))
      return cell
    })),
    update: (row, item) => {
      for (const [i, { className = '', text, look, update }] of columns.entries()) {
        const cell = /** @type {HTMLElement} */ (row.children[i])
        if (text !== undefined) setText(cell, text(item))
        if (look !== undefined) cell.className = `${className} ${look(item)}`
        update?.(/** @type {HTMLElement} */ (cell.firstElementChild), item)
      }
    }
  })
}
