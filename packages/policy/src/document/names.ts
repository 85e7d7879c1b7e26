import { isGlob } from '../glob.ts'
import { INTERNAL_TOPIC_PREFIX, MAX_NAME_LENGTH } from '../operation.ts'
import { isVisible, printable } from '../printable.ts'
import type { Fault } from './problem.ts'

// The longest topic name that Kafka accepts.
const MAX_TOPIC_NAME_LENGTH = 249

/** Starts a selector that means the topics which carry a label. */
export const LABEL_PREFIX = 'label:'

const TOPIC_NAME = /^[a-zA-Z0-9._-]+$/
const TOPIC_PATTERN = /^[a-zA-Z0-9._*-]+$/
const IDENTIFIER = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$/

const nameFault = (message: string, mend: string): Fault => ({ code: 'ERR_POLICY_NAME', message, mend })

/** Checks that a text is there, is not too long, and shows every character it has. */
export function checkText(name: string, maxLength: number): Fault | undefined {
  if (name === '') return nameFault('a name must not be empty', 'write the name or remove the entry')
  if (name.length > maxLength) {
    return nameFault(`the name is longer than ${maxLength} characters`, 'shorten it, or use a `*` pattern')
  }
  if (isVisible(name)) return undefined
  return nameFault(`\`${printable(name)}\` has an invisible or direction-changing character`, 'type the name anew')
}

function checkStars(pattern: string): Fault | undefined {
  if (!pattern.includes('**')) return undefined
  return {
    code: 'ERR_POLICY_PATTERN',
    message: `\`${printable(pattern)}\` has stars in a row, which mean the same as one`,
    mend: 'write a single `*`; it matches any run of characters, dots included',
  }
}

/** Checks an identifier of the policy's own: a rule id or a label. */
export function checkIdentifier(name: string): Fault | undefined {
  if (IDENTIFIER.test(name)) return undefined
  return nameFault(
    `\`${printable(name)}\` is no identifier`,
    'use 1 to 100 of the letters a to z and A to Z, digits, `.`, `_` and `-`, a letter or digit first',
  )
}

/** Checks an exact name in `who`: an issuer, a subject or a group. Opaque text, and never a pattern. */
export function checkExactName(name: string): Fault | undefined {
  const fault = checkText(name, MAX_NAME_LENGTH)
  if (fault !== undefined || !isGlob(name)) return fault
  return {
    code: 'ERR_POLICY_PATTERN',
    message: `\`${printable(name)}\` would be taken literally: names in \`who\` are exact`,
    mend: 'list the names, match a group, or write `who: everyone`',
  }
}

/** Checks a literal or a pattern for consumer groups or transactional ids, which are opaque text. */
export function checkOpaqueSelector(selector: string): Fault | undefined {
  return checkText(selector, MAX_NAME_LENGTH) ?? checkStars(selector)
}

/** Tells whether a topic can have this name, by Kafka's own rule. */
export function isTopicName(name: string): boolean {
  return name.length <= MAX_TOPIC_NAME_LENGTH && TOPIC_NAME.test(name) && name !== '.' && name !== '..'
}

/** Checks a literal topic name by Kafka's own rule, or a pattern that such a name could match. */
export function checkTopicPattern(selector: string): Fault | undefined {
  const fault = checkText(selector, MAX_TOPIC_NAME_LENGTH) ?? checkStars(selector)
  if (fault !== undefined) return fault
  if (isGlob(selector) ? TOPIC_PATTERN.test(selector) : isTopicName(selector)) return undefined
  return nameFault(
    `\`${printable(selector)}\` can name no topic`,
    'topic names have letters, digits, `.`, `_` and `-` only and are not `.` or `..`',
  )
}

/** Checks what a topic verb takes: a literal, a pattern or `label:<label>`. */
export function checkTopicSelector(selector: string): Fault | undefined {
  return selector.startsWith(LABEL_PREFIX)
    ? checkIdentifier(selector.slice(LABEL_PREFIX.length))
    : checkTopicPattern(selector)
}

/** Checks that a granted topic selector can grant anything: a pattern never reaches internal topics. */
export function checkGrantable(selector: string): Fault | undefined {
  if (!isGlob(selector) || !selector.startsWith(INTERNAL_TOPIC_PREFIX)) return undefined
  return {
    code: 'ERR_POLICY_INTERNAL_TOPIC',
    message: `\`${printable(selector)}\` grants nothing: no pattern reaches topics that start with \`__\``,
    mend: 'name each internal topic in full',
  }
}
