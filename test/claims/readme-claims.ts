/** One promise of the README. */
export interface Claim {
  /** What tests name in square brackets to prove it. */
  readonly id: string
  /** The sentence or list item that makes it, without markup. */
  readonly text: string
  /** The test file that the README links as its proof, relative to the root. */
  readonly proof: string
}

// A claim ends in `[id]`, which a link definition ties to its proof: `[id]: test/e2e/orders.test.ts`.
const DEFINITION = /^\[([a-z0-9-]+)\]:\s+(\S+\.test\.ts)\s*$/gm
const BLOCK_EDGE = /\n\s*\n|\n(?=\s*(?:[-*|]|\d+\.)\s)/

function plainText(block: string): string {
  const withoutIds = block.replace(/\[[a-z0-9-]+\]/g, '')
  const withoutLinks = withoutIds.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return withoutLinks
    .replace(/^\s*(?:[-*|]|\d+\.)\s+/, '')
    .replace(/[*`|]/g, '')
    .replace(/\s+/g, ' ')
    .replace(/ (?=[.,;:])/g, '')
    .replace(/[\s(]+(?=[.,;]?$)/, '')
    .trim()
}

/** Reads the claims of a Markdown text, in the order of their link definitions. */
export function parseClaims(markdown: string): Claim[] {
  const blocks = markdown.replace(DEFINITION, '').split(BLOCK_EDGE)
  return [...markdown.matchAll(DEFINITION)].map(([, id = '', proof = '']) => {
    const block = blocks.find((text) => text.includes(`[${id}]`))
    return { id, proof, text: block === undefined ? '' : plainText(block) }
  })
}
