/** Reads from a Markdown page what the tests need: its code blocks, its links and its anchors. */

import GithubSlugger from 'github-slugger'
import MarkdownIt from 'markdown-it'

/**
 * @typedef {object} Block a fenced code block
 * @property {string} language '' if the fence does not name one
 * @property {string} code
 * @property {number} line of its first line of code, from 1
 * @property {number} section number of the heading that it stands under, from 0
 */

const parser = new MarkdownIt({ html: true })

/**
 * @param {string} text
 * @returns {{ blocks: Block[], links: { target: string, line: number }[], anchors: Set<string> }}
 */
export function parsePage (text) {
  const slugger = new GithubSlugger()
  const blocks = []
  const links = []
  const anchors = new Set()
  let section = 0
  let line = 1
  const tokens = parser.parse(text, {})
  for (const [i, token] of tokens.entries()) {
    if (token.map !== null) line = token.map[0] + 1
    switch (token.type) {
      case 'heading_open':
        section++
        anchors.add(slugger.slug(plainText(tokens[i + 1])))
        break
      case 'fence':
        blocks.push({ language: token.info.trim(), code: token.content, line: line + 1, section })
        break
      case 'code_block':
        blocks.push({ language: '', code: token.content, line, section })
        break
      case 'html_block':
        readHtml(token.content)
        break
      case 'inline':
        for (const child of token.children) {
          const target = child.attrGet('href') ?? child.attrGet('src')
          if (target !== null) links.push({ target, line })
          if (child.type === 'html_inline') readHtml(child.content)
        }
    }
  }
  return { blocks, links, anchors }

  function readHtml (html) {
    for (const [, name, value] of html.matchAll(/\b(id|href|src|srcset)="([^"]*)"/g)) {
      if (name === 'id') anchors.add(value)
      else links.push({ target: value, line })
    }
  }
}

/** The text of a heading, from which GitHub makes its anchor. */
function plainText (inline) {
  return inline.children.filter(({ type }) => type === 'text' || type === 'code_inline')
    .map(({ content }) => content).join('')
}
