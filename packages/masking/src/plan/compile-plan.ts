import { type DetectorName, detectorOf } from '../detect/detectors.ts'
import type { Detector } from '../detect/find.ts'
import { RuleInvalidError, SelectorInvalidError } from '../errors.ts'
import { WATCH_DIGITS, WATCH_SIGNS } from '../json/scan-text.ts'
import type { MaskedField } from '../result.ts'
import { parseSelector, type Selector } from '../selector/parse-selector.ts'
import { canonicalText, type SelectorNode } from '../selector/selector-node.ts'
import { type Action, createAbsence, createAction, onMembersOnly } from '../strategy/action.ts'
import { checkStrategy } from '../strategy/parse-strategy.ts'
import { strategyRank } from '../strategy/strategy.ts'
import { Tokenizer, type TokenKey } from '../strategy/token.ts'
import { foldKey } from './fold-key.ts'
import { keptRoot } from './kept-place.ts'
import { KeyTable } from './key-table.ts'
import { PathGraph } from './path-graph.ts'
import type { MaskRule, Unmask } from './rule.ts'
import { EMPTY_STATE, type State, strongerAction } from './state.ts'

/** What a plan may need besides its rules. */
export interface PlanOptions {
  readonly unmask?: Unmask
  /** Selectors: members that none of them selects are removed. An empty list keeps no member; left out, all stay. */
  readonly only?: readonly string[]
  /** Keys for tokens, the current one first. Without them a value that is no token yet withholds its record. */
  readonly tokenKeys?: readonly TokenKey[]
  /** Longer records are withheld unread. Default 4 MiB, at most 128 MiB. */
  readonly maxBytes?: number
  /** Deeper records are withheld. Default 256 levels, at most 512. */
  readonly maxDepth?: number
}

/** A detector and what is done with its finds. */
export interface PlannedDetector {
  readonly detector: Detector
  readonly action: Action
}

/** Rules made ready for many records: frozen, without state, safe to share. Made by {@link compilePlan} alone. */
export interface MaskPlan {
  /** What is counted: paths (`card/number`), keys (`anywhere:ssn`) and detectors (`detect:us-ssn`), by the rules' own words. */
  readonly targets: readonly string[]
  readonly maxBytes: number
  readonly maxDepth: number
  /** What stands for each target that was masked once. @internal */
  readonly once: readonly MaskedField[]
  /** A zero for each target. @internal */
  readonly zeros: readonly number[]
  /** @internal */
  readonly root: State
  /** @internal */
  readonly anywhere: KeyTable<Action>
  /** The same for values of which a list keeps but members. @internal */
  readonly anywhereOnMembers: KeyTable<Action>
  /** @internal */
  readonly detectors: readonly PlannedDetector[]
  /** What texts are scanned for, as `scanText` takes it. @internal */
  readonly watched: number
  /** Whether every key and text must be looked at. @internal */
  readonly everywhere: boolean
  /** A list says what is kept. */
  readonly isKeepList: boolean
  /** Nothing is masked, and everything is kept. */
  readonly isEmpty: boolean
}

const DEFAULT_MAX_BYTES = 4 * 1024 * 1024
const MOST_BYTES = 128 * 1024 * 1024
const DEFAULT_MAX_DEPTH = 256
const MOST_DEPTH = 512

/** Gathers what the rules say, each target once. */
class PlanDraft {
  readonly targets: string[] = []
  readonly anywhere = new Map<string, Action>()
  readonly detectors = new Map<DetectorName, Action>()
  readonly paths: PathGraph
  readonly #tokenizer: Tokenizer

  constructor(tokenKeys: readonly TokenKey[]) {
    this.#tokenizer = new Tokenizer(tokenKeys)
    this.paths = new PathGraph(({ target }) => createAction({ type: 'default' }, target, this.#tokenizer))
  }

  add(rule: MaskRule): void {
    const { fields, anywhere = [], detect = [] } = rule
    const strategy = checkStrategy(rule.with)
    if (fields === undefined && anywhere.length + detect.length === 0)
      throw new RuleInvalidError({ message: 'a masking rule: it selects nothing' })
    const action = (name: string): Action => createAction(strategy, this.#target(name), this.#tokenizer)
    if (fields !== undefined)
      this.paths.add(readSelector(fields, 'a masking rule: `fields`').root, (path) => action(pathText(path)))
    for (const key of anywhere) this.#unite(this.anywhere, checkedKey(key), action(`anywhere:${foldKey(key)}`))
    for (const name of detect) this.#unite(this.detectors, checkedDetector(name), action(`detect:${name}`))
  }

  lift({ fields = [], anywhere = [], detect = [] }: Unmask): void {
    for (const selector of fields)
      this.paths.add(readSelector(selector, 'an exemption: `fields`').root, () => undefined)
    for (const key of anywhere) this.anywhere.delete(checkedKey(key))
    for (const name of detect) this.detectors.delete(checkedDetector(name))
  }

  /** The state of a record's root, where what no selector of a list keeps is absent. */
  compile(only: readonly string[] | undefined): State {
    if (only === undefined) {
      const root = this.paths.compile()
      return root.strongest === undefined && this.anywhere.size + this.detectors.size === 0 ? EMPTY_STATE : root
    }
    const selectors = [...new Set(only)].map((selector) => readSelector(selector, 'a keep-list: `fields`').root)
    return this.paths.compile({ place: keptRoot(selectors), absent: createAbsence(this.#target('only')) })
  }

  #target(name: string): number {
    const known = this.targets.indexOf(name)
    return known >= 0 ? known : this.targets.push(name) - 1
  }

  #unite<K>(actions: Map<K, Action>, key: K, action: Action): void {
    actions.set(key, strongerAction(actions.get(key), action) ?? action)
  }
}

function readSelector(text: string, whose: string): Selector {
  const result = parseSelector(text)
  if (result.ok) return result.selector
  const [first] = result.problems
  const place = first === undefined ? '' : `: ${first.line}:${first.column}: ${first.message}; ${first.mend}`
  throw new SelectorInvalidError({ message: `${whose}${place}` })
}

function pathText(path: readonly string[]): string {
  return path.map((name) => (name === '*' ? name : canonicalName(name))).join('/')
}

function canonicalName(name: string): string {
  const leaf: SelectorNode = { selected: true, children: new Map(), wildcard: undefined }
  return canonicalText({ selected: false, children: new Map([[name, leaf]]), wildcard: undefined })
}

function checkedKey(key: string): string {
  const folded = foldKey(key)
  if (folded === '' || /\p{Cc}/u.test(folded) || folded.trim() !== folded)
    throw new RuleInvalidError({
      message: 'a masking rule: `anywhere` holds a key that is empty, spaced or unprintable',
    })
  return folded
}

function checkedDetector(name: DetectorName): DetectorName {
  if (detectorOf(name) === undefined)
    throw new RuleInvalidError({ message: `a masking rule: \`detect\`: there is no detector \`${name}\`` })
  return name
}

function limit(value: number, most: number, name: string): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw new RuleInvalidError({ message: `a masking plan: \`${name}\` is no whole number from 1 to ${most}` })
}

function plannedDetectors(actions: ReadonlyMap<DetectorName, Action>): PlannedDetector[] {
  const planned = [...actions].flatMap(([name, action]) => {
    const detector = detectorOf(name)
    return detector === undefined ? [] : [{ detector, action }]
  })
  return planned.sort((left, right) => strategyRank(right.action.strategy) - strategyRank(left.action.strategy))
}

function watchedBy(detectors: readonly PlannedDetector[]): number {
  return detectors.reduce((all, { detector }) => all | (detector.needs === 'digits' ? WATCH_DIGITS : WATCH_SIGNS), 0)
}

function keysOnMembers(actions: ReadonlyMap<string, Action>): KeyTable<Action> {
  return new KeyTable(new Map([...actions].map(([key, action]) => [key, onMembersOnly(action)])))
}

/**
 * Makes rules ready. Their order never matters: where two meet on one value, the one that leaves less to see is applied. What
 * `only` does not keep goes first, and rules apply to what is left.
 *
 * Compile once per policy and principal; a plan costs far more than a record. Throws `ERR_MASKING_SELECTOR_INVALID`,
 * `ERR_MASKING_STRATEGY_INVALID`, `ERR_MASKING_RULE_INVALID`, `ERR_MASKING_TOKEN_KEY_INVALID`,
 * `ERR_MASKING_PLAN_TOO_LARGE`.
 */
export function compilePlan(rules: readonly MaskRule[], options: PlanOptions = {}): MaskPlan {
  const draft = new PlanDraft(options.tokenKeys ?? [])
  for (const rule of rules) draft.add(rule)
  if (options.unmask !== undefined) draft.lift(options.unmask)
  const isKeepList = options.only !== undefined
  const anywhere = new KeyTable(draft.anywhere)
  const root = draft.compile(options.only)
  const detectors = Object.freeze(plannedDetectors(draft.detectors))
  const everywhere = draft.anywhere.size + detectors.length > 0
  return Object.freeze({
    targets: Object.freeze(draft.targets),
    once: Object.freeze(draft.targets.map((field) => Object.freeze({ field, count: 1 }))),
    zeros: draft.targets.map(() => 0),
    maxBytes: limit(options.maxBytes ?? DEFAULT_MAX_BYTES, MOST_BYTES, 'maxBytes'),
    maxDepth: limit(options.maxDepth ?? DEFAULT_MAX_DEPTH, MOST_DEPTH, 'maxDepth'),
    root,
    anywhere,
    anywhereOnMembers: isKeepList ? keysOnMembers(draft.anywhere) : anywhere,
    detectors,
    watched: watchedBy(detectors),
    everywhere,
    isKeepList,
    isEmpty: root === EMPTY_STATE && !everywhere,
  })
}
