import { foldKey, parseSelector, parseStrategy } from '@headgate/masking'
import { isGlob } from '../glob.ts'
import { MAX_NAME_LENGTH } from '../operation.ts'
import { isVisible, printable } from '../printable.ts'
import { checkText } from './names.ts'
import type { Fault, InnerFault } from './problem.ts'

const STRATEGY_MEND =
  'write `remove`, `null`, `default`, `email`, `first-4`, `last-4`, `{ constant: … }` or `{ token: <label> }`'

const strategyFault = (message: string): Fault => ({ code: 'ERR_POLICY_STRATEGY', message, mend: STRATEGY_MEND })

/** Checks what stands behind `with`. INVARIANT: no fault quotes it, for a constant may be what is to be hidden. */
export function checkStrategy(source: unknown): Fault | undefined {
  if (source === undefined) {
    return { code: 'ERR_POLICY_MISSING_KEY', message: '`with` is missing', mend: 'add `with`' }
  }
  if (typeof source === 'object' && source !== null) {
    const keys = Object.keys(source)
    if (keys.length !== 1 || !(keys[0] === 'constant' || keys[0] === 'token')) {
      return strategyFault('a strategy that is a mapping has either `constant` or `token`, and nothing else')
    }
  }
  try {
    parseStrategy(source)
    return undefined
  } catch (error) {
    return strategyFault(error instanceof Error ? error.message : 'a masking strategy is of no known type')
  }
}

/** Checks a selector of masking: every problem, with its place in the text. */
export function checkSelector(text: string): InnerFault[] {
  if (!isVisible(text)) {
    const message = `\`${printable(text)}\` has an invisible or direction-changing character`
    return [{ code: 'ERR_POLICY_SELECTOR', message, mend: 'type the selector anew', offset: 0 }]
  }
  const result = parseSelector(text)
  if (result.ok) return []
  return result.problems.map(({ column, message, mend }) => ({
    code: 'ERR_POLICY_SELECTOR',
    message,
    mend,
    // A visible text has one line.
    offset: column - 1,
  }))
}

/** Checks a key of `anywhere`. */
export function checkAnywhereKey(key: string): Fault | undefined {
  const fault = checkLiteral(key)
  if (fault !== undefined) return fault
  const folded = foldKey(key)
  if (folded !== '' && folded.trim() === folded) return undefined
  const message = `\`${printable(key)}\` begins or ends with a space`
  return { code: 'ERR_POLICY_NAME', message, mend: 'leave no space around names' }
}

/** Checks the name of a header. */
export function checkHeaderName(name: string): Fault | undefined {
  return checkLiteral(name)
}

function checkLiteral(name: string): Fault | undefined {
  const fault = checkText(name, MAX_NAME_LENGTH)
  if (fault !== undefined || !isGlob(name)) return fault
  return {
    code: 'ERR_POLICY_PATTERN',
    message: `\`${printable(name)}\` would be taken literally: there are no patterns for keys and headers`,
    mend: 'list the names',
  }
}
