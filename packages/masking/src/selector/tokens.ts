import type { SelectorFault } from './problem.ts'

/** A name or one of `,` `/` `(` `)`, with its place. */
export interface SelectorToken {
  readonly kind: 'name' | 'wildcard' | ',' | '/' | '(' | ')'
  /** The name without its escapes; empty for the others. */
  readonly name: string
  readonly offset: number
}

/** What the scanner found, faults of names included. */
export interface SelectorTokens {
  readonly tokens: readonly SelectorToken[]
  readonly faults: readonly SelectorFault[]
}

const TERMINALS = new Set([',', '/', '(', ')'])
const NAME_FAULT = 'ERR_MASKING_SELECTOR_NAME'

/** Characters that other path languages give a meaning, and json-mask does not: a silent leak if taken literally. */
const FOREIGN: ReadonlyMap<string, string> = new Map([
  ['.', 'write `a/b` to descend, or `\\.` for a dot in a name'],
  ['[', 'arrays need no brackets, write `items/title`; or `\\[` for a bracket in a name'],
  [']', 'arrays need no brackets, write `items/title`; or `\\]` for a bracket in a name'],
  ['$', 'paths begin at the root by themselves; or write `\\$` for a dollar in a name'],
  ['!', 'nothing can be left out; or write `\\!` for this character in a name'],
])

interface RawName {
  readonly name: string
  readonly end: number
  readonly starred: boolean
  readonly faults: readonly SelectorFault[]
}

function readName(text: string, start: number): RawName {
  const faults: SelectorFault[] = []
  let [name, at, bareStars] = ['', start, 0]
  for (; at < text.length && !TERMINALS.has(text.charAt(at)); at += 1) {
    const character = text.charAt(at)
    if (character === '\\') {
      at += 1
      if (at === text.length)
        faults.push(fault(at - 1, 'a `\\` at the end escapes nothing', 'write `\\\\` for a backslash in a name'))
    } else if (character === '*') {
      bareStars += 1
    } else {
      const mend = FOREIGN.get(character)
      if (mend !== undefined) faults.push(fault(at, `\`${character}\` has no meaning here`, mend))
    }
    name += text.charAt(at)
  }
  if (bareStars > 0 && name !== '*')
    faults.push(fault(start, '`*` stands for a whole name only', 'write `*` alone, or `\\*` for a star in a name'))
  return { name, end: at, starred: bareStars > 0 && name === '*', faults }
}

function fault(offset: number, message: string, mend: string): SelectorFault {
  return { offset, code: NAME_FAULT, message, mend }
}

function nameFaults(name: string, offset: number): SelectorFault[] {
  const faults: SelectorFault[] = []
  if (name === '__proto__') faults.push(fault(offset, '`__proto__` cannot be selected', 'select what holds it'))
  if (name === '\\*') faults.push(fault(offset, 'the name `\\*` cannot be selected', 'select what holds it'))
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}\ufeff]/u.test(name))
    faults.push(fault(offset, 'a name holds a control character', 'write the selector on one line, without controls'))
  if (name.trim() !== name)
    faults.push(fault(offset, 'a name begins or ends with a space', 'leave no space around names'))
  return faults
}

/** Cuts a selector into names and terminals by json-mask's own rules of escaping, and checks each name. */
export function scanSelector(text: string): SelectorTokens {
  const tokens: SelectorToken[] = []
  const faults: SelectorFault[] = []
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at)
    if (character === ',' || character === '/' || character === '(' || character === ')') {
      tokens.push({ kind: character, name: '', offset: at })
      at += 1
    } else {
      const { name, end, starred, faults: found } = readName(text, at)
      faults.push(...found, ...nameFaults(name, at))
      tokens.push({ kind: starred ? 'wildcard' : 'name', name, offset: at })
      at = end
    }
  }
  return { tokens, faults }
}
