import type * as z from 'zod'
import { printable } from '../printable.ts'
import { nearestWord } from './nearest-word.ts'
import type { Fault, InnerFault, SourceProblem } from './problem.ts'
import { verbs } from './verbs.ts'
import type { ValuePath, YamlSource } from './yaml-source.ts'

type Issue = z.core.$ZodIssue

/** Words that the policy language has reserved; they are refused rather than read and not enforced. */
const reservedKeys: readonly string[] = Object.freeze(['rows'])

/** Keys of `may` that say nothing in `never`. */
const rights: readonly string[] = Object.freeze(['unmask', 'only', 'without-approval'])

const principalKeys = ['issuers', 'subjects', 'groups', 'kinds', 'claims']

/** The keys that are known at a place, by the last name on the way to it. */
export type KnownKeys = ReadonlyMap<string, readonly string[]>

const policyKeys: KnownKeys = new Map([
  ['', ['parts', 'topics', 'rules', 'owners']],
  ['topics', ['id', 'match', 'labels', 'discoverable', 'format', 'on-unreadable', 'mask', 'approval', 'audit']],
  ['mask', ['fields', 'anywhere', 'detect', 'headers', 'key', 'with', 'on']],
  ['approval', ['by', 'people', 'reason', 'for', 'decide-within', 'on']],
  ['owners', ['of', 'people']],
  ['of', principalKeys],
  ['rules', ['id', 'description', 'who', 'when', 'may', 'never']],
  ['when', ['from', 'until', 'days', 'between', 'in']],
  ['who', [...principalKeys, 'not']],
  ['not', principalKeys],
  ['may', [...verbs.keys(), 'cluster', 'partitions', ...rights]],
  ['never', [...verbs.keys(), 'cluster', 'partitions']],
])

/** Turns what zod found in a file into problems with their places. */
export function schemaProblems(
  file: YamlSource,
  issues: readonly Issue[],
  keys: KnownKeys = policyKeys,
  base: ValuePath = [],
): SourceProblem[] {
  return issues.flatMap((issue) => problemsOf(file, issue, keys, [...base, ...issue.path]))
}

function problemsOf(file: YamlSource, issue: Issue, keys: KnownKeys, path: ValuePath): SourceProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ ...file.keyPositionOf(path, key), ...unknownKey(key, keys, path) }))
  }
  if (issue.code === 'invalid_union') {
    const branch = likeliestBranch(issue.errors)
    if (branch !== undefined) return schemaProblems(file, branch, keys, path)
  }
  if (issue.code === 'custom') return [placeFault(file, issue.params?.['fault'] as Fault | InnerFault, path)]
  return [{ ...file.positionOf(path), ...faultOf(file, issue, path) }]
}

function placeFault(file: YamlSource, fault: Fault | InnerFault, path: ValuePath): SourceProblem {
  const { code, message, mend } = fault
  const position = 'offset' in fault ? file.positionWithin(path, fault.offset) : file.positionOf(path)
  return { ...position, code, message, mend }
}

/** The branch of a union that got past the value's own type; what it found is what the author needs to hear. */
function likeliestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((issues) => issues.some((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys'))
}

function faultOf(file: YamlSource, issue: Issue, path: ValuePath): Fault {
  const value = valueAt(file.value, path)
  if (issue.code === 'too_small') {
    return { code: 'ERR_POLICY_EMPTY', message: `${nameOf(path)} is empty`, mend: 'fill it or remove it' }
  }
  if (issue.code === 'too_big') {
    return { code: 'ERR_POLICY_TOO_LARGE', message: `${nameOf(path)} is too long`, mend: 'shorten it' }
  }
  if (issue.code === 'invalid_value' && typeof value === 'string') return unknownValue(value, issue.values.map(String))
  if (value === undefined) {
    return { code: 'ERR_POLICY_MISSING_KEY', message: `${nameOf(path)} is missing`, mend: `add ${nameOf(path)}` }
  }
  return wrongType(issue, value, path)
}

function unknownKey(key: string, keys: KnownKeys, path: ValuePath): Fault {
  const place = lastName(path)
  if (reservedKeys.includes(key)) {
    const message = `\`${key}\` is not enforced by this version, so it is refused rather than ignored`
    return { code: 'ERR_POLICY_UNSUPPORTED_KEY', message, mend: 'remove it' }
  }
  if (place === 'never' && rights.includes(key)) {
    const message = `\`${key}\` says nothing in \`never\``
    return { code: 'ERR_POLICY_UNKNOWN_KEY', message, mend: 'write it into a rule with `may`' }
  }
  if (key === 'parts') {
    return {
      code: 'ERR_POLICY_UNKNOWN_KEY',
      message: 'a part has parts of its own',
      mend: 'list every part in the entry file',
    }
  }
  const known = keys.get(place) ?? []
  const near = nearestWord(key, known)
  const mend = near === undefined ? `use ${listOf(known)}` : `did you mean \`${near}\`?`
  return { code: 'ERR_POLICY_UNKNOWN_KEY', message: `\`${printable(key)}\` is unknown here`, mend }
}

function unknownValue(value: string, known: readonly string[]): Fault {
  const near = nearestWord(value, known)
  const mend = near === undefined ? `use ${listOf(known)}` : `did you mean \`${near}\`?`
  return { code: 'ERR_POLICY_UNKNOWN_VALUE', message: `\`${printable(value)}\` is unknown here`, mend }
}

function wrongType(issue: Issue, value: unknown, path: ValuePath): Fault {
  const fault = (mend: string): Fault => ({
    code: 'ERR_POLICY_WRONG_TYPE',
    message: `${nameOf(path)} is ${kindOf(value)}, which does not fit here`,
    mend,
  })
  if (lastName(path) === 'who') return fault('write `everyone` or a mapping such as `{ groups: [analytics] }`')
  if (['for', 'decide-within'].includes(lastName(path))) {
    return fault('write a duration such as `90s`, `30m`, `1h` or `7d`')
  }
  if (lastName(path) === 'claims') return fault('write a mapping of lists, such as `{ department: [risk] }`')
  const expected = 'expected' in issue ? issue.expected : undefined
  if (expected === 'number') return fault('write a whole number')
  if (expected === 'array') return fault('write a list: `[…]`')
  if (expected === 'string') return fault('write text; quote it where YAML would read something else')
  if (expected === 'boolean') return fault('write `true` or `false`')
  if (expected === 'object') return fault('write a mapping: `{ … }`')
  return fault('write one of the forms that the reference gives for it')
}

const kindOf = (value: unknown): string =>
  value === null
    ? 'nothing'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'a mapping'
        : `a ${typeof value}`

const listOf = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ')

const lastName = (path: ValuePath): string => String(path.findLast((step) => typeof step === 'string') ?? '')

const nameOf = (path: ValuePath): string => (path.length === 0 ? 'the file' : `\`${printable(lastName(path))}\``)

function valueAt(root: unknown, path: ValuePath): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown> | null | undefined)?.[step], root)
}
