import { MAX_NAME_LENGTH } from '../operation.ts'
import { printable } from '../printable.ts'
import { defaultProtectionId } from './build-protection.ts'
import { type Fault, placeBeside, type SourceProblem } from './problem.ts'
import { isMapping, listAt, member } from './source-values.ts'
import type { ValuePath, YamlSource } from './yaml-source.ts'

type Place = (path: ValuePath, fault: Fault) => SourceProblem

const targets = ['fields', 'anywhere', 'detect', 'headers', 'key'] as const
const readingTargets: readonly string[] = ['fields', 'anywhere', 'detect']

const maskFault = (message: string, mend: string): Fault => ({ code: 'ERR_POLICY_MASK', message, mend })

/** Checks the entries of `topics` across all files of a policy, on raw values. */
export function checkProtections(files: readonly YamlSource[]): SourceProblem[] {
  const firstWithId = new Map<string, SourceProblem>()
  return files.flatMap((file) =>
    listAt(file.value, 'topics').flatMap((topic, index) => {
      const at: Place = (path, fault) => ({ ...file.positionOf(['topics', index, ...path]), ...fault })
      return [...checkId(topic, at, firstWithId), ...listAt(topic, 'mask').flatMap((_, n) => checkMask(topic, n, at))]
    }),
  )
}

/** Asks name an entry by its id. */
function checkId(topic: unknown, at: Place, firstWithId: Map<string, SourceProblem>): SourceProblem[] {
  if (member(topic, 'approval') === undefined) return []
  const given = member(topic, 'id')
  const match = listAt(topic, 'match').filter((name) => typeof name === 'string')
  const id = typeof given === 'string' ? given : defaultProtectionId(match)
  const path = typeof given === 'string' ? ['id'] : ['match']
  const mend = 'give each entry with an approval an `id` of its own'
  if (id.length > MAX_NAME_LENGTH) {
    const message = 'the topics of this entry are too many to name its approval by'
    return [at(path, { code: 'ERR_POLICY_APPROVAL', message, mend: 'give the entry an `id`' })]
  }
  const first = firstWithId.get(id)
  const message = `\`${printable(id)}\` is the id of another entry with an approval too`
  const problem = at(path, { code: 'ERR_POLICY_DUPLICATE_PROTECTION', message, mend })
  if (first !== undefined) return [{ ...problem, message: `${message} (${placeBeside(problem, first)})` }]
  firstWithId.set(id, problem)
  return []
}

function checkMask(topic: unknown, index: number, at: Place): SourceProblem[] {
  const mask = listAt(topic, 'mask')[index]
  if (!isMapping(mask)) return []
  const path = ['mask', index]
  const there = targets.filter((target) => target in mask)
  if (there.length !== 1) {
    const known = targets.map((target) => `\`${target}\``).join(', ')
    const message = there.length === 0 ? 'this mask names nothing' : 'this mask names several things'
    const mend = there.length === 0 ? `add one of ${known}` : 'make an entry of each'
    return [at(path, maskFault(message, mend))]
  }
  const [target = 'fields'] = there
  return [...checkFormat(topic, target, path, at), ...checkKeyOnProduce(mask, target, path, at)]
}

function checkFormat(topic: unknown, target: string, path: ValuePath, at: Place): SourceProblem[] {
  if (!readingTargets.includes(target)) return []
  const format = member(topic, 'format')
  if (format === undefined) {
    const message = `\`${target}\` needs to know how values are read, and the entry has no \`format\``
    return [at([...path, target], maskFault(message, 'add `format: json` to the entry, or `text`'))]
  }
  if (target !== 'fields' || format !== 'text') return []
  const message = 'a text has no `fields`'
  return [at([...path, target], maskFault(message, 'use `anywhere` or `detect`, or declare `format: json`'))]
}

function checkKeyOnProduce(mask: object, target: string, path: ValuePath, at: Place): SourceProblem[] {
  const index = listAt(mask, 'on').indexOf('produce')
  if (target !== 'key' || index < 0) return []
  const message = 'a key that is masked on its way in would change the partition of its record'
  return [at([...path, 'on', index], maskFault(message, 'mask keys on `consume` only'))]
}
