import { printable } from '../printable.ts'
import { checkGrantable, checkIdentifier, LABEL_PREFIX } from './names.ts'
import { type Fault, placeBeside, type SourceProblem } from './problem.ts'
import { parseInstant } from './schedule.ts'
import { isMapping, listAt, member } from './source-values.ts'
import { verbs } from './verbs.ts'
import type { ValuePath, YamlSource } from './yaml-source.ts'

/*
 * What one value alone cannot tell. These checks read raw values, so that they speak also when the schema has found
 * something else in the same file; whatever has not the right shape they pass over, for the schema has named it.
 */

/**
 * Checks rules, labels and owners across all files of a policy.
 *
 * @param isWhole whether every file could be read; without that, no label is called unknown.
 */
export function crossCheck(files: readonly YamlSource[], isWhole: boolean): SourceProblem[] {
  const rules = files.flatMap((file) => listAt(file.value, 'rules').map((rule, index) => ({ file, rule, index })))
  const defined = new Set(
    files.flatMap((file) => listAt(file.value, 'topics').flatMap((topic) => listAt(topic, 'labels'))),
  )
  const isLabelKnown = (label: string): boolean => !isWhole || defined.has(label)
  const firstWithId = new Map<unknown, SourceProblem>()
  const problems = rules.flatMap(({ file, rule, index }) => {
    const at = (path: ValuePath, fault: Fault): SourceProblem => ({
      ...file.positionOf(['rules', index, ...path]),
      ...fault,
    })
    return [
      ...checkId(rule, at, firstWithId),
      ...checkEffect(rule, at),
      ...checkWho(rule, at),
      ...checkWhen(member(rule, 'when'), at),
      ...['may', 'never'].flatMap((effect) => checkAccess(effect, member(rule, effect), at, isLabelKnown)),
    ]
  })
  return [...problems, ...files.flatMap(checkOwners)]
}

type LabelTest = (label: string) => boolean

type Place = (path: ValuePath, fault: Fault) => SourceProblem

function checkId(rule: unknown, at: Place, firstWithId: Map<unknown, SourceProblem>): SourceProblem[] {
  const id = member(rule, 'id')
  if (typeof id !== 'string') return []
  const first = firstWithId.get(id)
  const problem = at(['id'], {
    code: 'ERR_POLICY_DUPLICATE_RULE',
    message: `\`${printable(id)}\` is the id of another rule too`,
    mend: 'give each rule an id of its own',
  })
  if (first !== undefined) return [{ ...problem, message: `${problem.message} (${placeBeside(problem, first)})` }]
  firstWithId.set(id, problem)
  return []
}

function checkEffect(rule: unknown, at: Place): SourceProblem[] {
  if (!isMapping(rule) || 'may' in rule !== 'never' in rule) return []
  const message = 'may' in rule ? 'a rule has both `may` and `never`' : 'a rule has neither `may` nor `never`'
  const mend = 'may' in rule ? 'make two rules of it' : 'add what the rule grants or denies'
  return [at([], { code: 'ERR_POLICY_EFFECT', message, mend })]
}

function checkWho(rule: unknown, at: Place): SourceProblem[] {
  const who = member(rule, 'who')
  const empty = (path: ValuePath, mend: string): SourceProblem =>
    at(path, { code: 'ERR_POLICY_EMPTY', message: `\`${String(path.at(-1))}\` is empty`, mend })
  if (isMapping(who) && Object.keys(who).length === 0) return [empty(['who'], 'write `who: everyone` if that is meant')]
  const not = member(who, 'not')
  const paths: ValuePath[] = [
    ['who', 'claims'],
    ['who', 'not'],
    ['who', 'not', 'claims'],
  ]
  const values = [member(who, 'claims'), not, member(not, 'claims')]
  return paths.flatMap((path, index) => {
    const value = values[index]
    return isMapping(value) && Object.keys(value).length === 0 ? [empty(path, 'fill it or remove it')] : []
  })
}

function checkWhen(when: unknown, at: Place): SourceProblem[] {
  if (!isMapping(when)) return []
  const fault = scheduleFault(when)
  return fault === undefined ? [] : [at(['when'], fault)]
}

function scheduleFault(when: object): Fault | undefined {
  const code = 'ERR_POLICY_SCHEDULE'
  if (Object.keys(when).length === 0) {
    return { code: 'ERR_POLICY_EMPTY', message: '`when` is empty', mend: 'fill it or remove it' }
  }
  const isOnWallClock = 'days' in when || 'between' in when
  if (isOnWallClock && !('in' in when)) {
    return {
      code,
      message: '`days` and `between` need a time zone',
      mend: 'add `in`, such as `in: Europe/Berlin` or `in: UTC`',
    }
  }
  if (!isOnWallClock && 'in' in when) {
    return {
      code,
      message: '`in` is for `days` and `between` alone',
      mend: 'remove it: `from` and `until` have offsets of their own',
    }
  }
  const [from, until] = ['from', 'until'].map((key) => {
    const text = member(when, key)
    return typeof text === 'string' ? parseInstant(text) : undefined
  })
  if (from === undefined || until === undefined || from < until) return undefined
  return { code, message: '`until` is no later than `from`, so that the rule never applies', mend: 'put them in order' }
}

function checkOwners(file: YamlSource): SourceProblem[] {
  return listAt(file.value, 'owners').flatMap((entry, index): SourceProblem[] => {
    const of = member(entry, 'of')
    if (!isMapping(of) || Object.keys(of).length > 0) return []
    const mend = 'name the services'
    return [{ ...file.positionOf(['owners', index, 'of']), code: 'ERR_POLICY_EMPTY', message: '`of` is empty', mend }]
  })
}

function checkAccess(effect: string, access: unknown, at: Place, isLabelKnown: LabelTest): SourceProblem[] {
  if (!isMapping(access)) return []
  const problems = topicSelectorsOf(access).flatMap(([path, selector]) => {
    const fault = checkLabel(selector, isLabelKnown) ?? (effect === 'may' ? checkGrantable(selector) : undefined)
    return fault === undefined ? [] : [at([effect, ...path], fault)]
  })
  const words = [...verbs].filter(([name]) => name in access)
  problems.push(...checkRights(effect, access, at))
  if (words.length === 0 && !('cluster' in access)) {
    const message = `\`${effect}\` names nothing to do`
    problems.push(at([effect], { code: 'ERR_POLICY_EMPTY', message, mend: 'add a verb such as `consume: […]`' }))
  }
  if ('partitions' in access && !words.some(([, meaning]) => meaning.partitioned)) {
    const message = '`partitions` limits nothing without `consume` or `produce` beside it'
    problems.push(
      at([effect, 'partitions'], { code: 'ERR_POLICY_PARTITIONS', message, mend: 'remove it or add the verb' }),
    )
  }
  return problems
}

/** `unmask`, `only` and `without-approval` say something of what verbs beside them grant. */
function checkRights(effect: string, access: object, at: Place): SourceProblem[] {
  const problems: SourceProblem[] = []
  if ('unmask' in access && !('consume' in access)) {
    const message = '`unmask` shows nothing without `consume` beside it'
    const mend = 'add `consume` with the topics that it is for'
    problems.push(at([effect, 'unmask'], { code: 'ERR_POLICY_UNMASK', message, mend }))
  }
  if ('only' in access && !('consume' in access || 'replay' in access)) {
    const message = '`only` narrows nothing without `consume` or `replay` beside it'
    const mend = 'add the verb with the topics that it is for'
    problems.push(at([effect, 'only'], { code: 'ERR_POLICY_ONLY', message, mend }))
  }
  if ('without-approval' in access && !('consume' in access || 'produce' in access)) {
    const message = '`without-approval` frees nothing without `consume` or `produce` beside it'
    const mend = 'add the verb with the topics that it is for'
    problems.push(at([effect, 'without-approval'], { code: 'ERR_POLICY_APPROVAL', message, mend }))
  }
  return problems
}

function topicSelectorsOf(access: object): [path: ValuePath, selector: string][] {
  return [...verbs]
    .filter(([, meaning]) => meaning.resourceType === 'topic')
    .flatMap(([name]) => listAt(access, name).map((selector, index): [ValuePath, unknown] => [[name, index], selector]))
    .filter((entry): entry is [ValuePath, string] => typeof entry[1] === 'string')
}

function checkLabel(selector: string, isKnown: LabelTest): Fault | undefined {
  const label = selector.slice(LABEL_PREFIX.length)
  if (!selector.startsWith(LABEL_PREFIX) || checkIdentifier(label) !== undefined || isKnown(label)) return undefined
  return {
    code: 'ERR_POLICY_UNKNOWN_LABEL',
    message: `no entry of \`topics\` gives the label of \`${printable(selector)}\``,
    mend: 'add the label to an entry of `topics`, or mend its spelling',
  }
}
