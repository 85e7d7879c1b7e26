import { type DetectorName, detectorOf } from '../detect/detectors.ts'
import type { Detector } from '../detect/find.ts'
import { RuleInvalidError, SelectorInvalidError } from '../errors.ts'
import { WATCH_DIGITS, WATCH_SIGNS } from '../json/scan-text.ts'
import type { MaskedField } from '../result.ts'
import { parseSelector, type Selector } from '../selector/parse-selector.ts'
import { canonicalText, type SelectorNode } from '../selector/selector-node.ts'
import { type Action, createAction } from '../strategy/action.ts'
import { checkStrategy } from '../strategy/parse-strategy.ts'
import { strategyRank } from '../strategy/strategy.ts'
import { Tokenizer, type TokenKey } from '../strategy/token.ts'
import { foldKey } from './fold-key.ts'
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
  /** @internal */
  readonly detectors: readonly PlannedDetector[]
  /** What texts are scanned for, as `scanText` takes it. @internal */
  readonly watched: number
  /** Whether every key and text must be looked at. @internal */
  readonly everywhere: boolean
  /** Nothing is masked. */
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
    if (fields !== undefined) this.paths.add(readSelector(fields).root, (path) => action(pathText(path)))
    for (const key of anywhere) this.#unite(this.anywhere, checkedKey(key), action(`anywhere:${foldKey(key)}`))
    for (const name of detect) this.#unite(this.detectors, checkedDetector(name), action(`detect:${name}`))
  }

  lift({ fields = [], anywhere = [], detect = [] }: Unmask): void {
    for (const selector of fields) this.paths.add(readSelector(selector).root, () => undefined)
    for (const key of anywhere) this.anywhere.delete(checkedKey(key))
    for (const name of detect) this.detectors.delete(checkedDetector(name))
  }

  #target(name: string): number {
    const known = this.targets.indexOf(name)
    return known >= 0 ? known : this.targets.push(name) - 1
  }

  #unite<K>(actions: Map<K, Action>, key: K, action: Action): void {
    actions.set(key, strongerAction(actions.get(key), action) ?? action)
  }
}

function readSelector(text: string): Selector {
  const result = parseSelector(text)
  if (result.ok) return result.selector
  const [first] = result.problems
  const place = first === undefined ? '' : `: ${first.line}:${first.column}: ${first.message}; ${first.mend}`
  throw new SelectorInvalidError({ message: `a masking rule: \`fields\`${place}` })
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

/**
 * Makes rules ready. Their order never matters: where two meet on one value, the one that leaves less to see is applied.
 *
 * Compile once per policy and principal; a plan costs far more than a record. Throws `ERR_MASKING_SELECTOR_INVALID`,
 * `ERR_MASKING_STRATEGY_INVALID`, `ERR_MASKING_RULE_INVALID`, `ERR_MASKING_TOKEN_KEY_INVALID`,
 * `ERR_MASKING_PLAN_TOO_LARGE`.
 */
export function compilePlan(rules: readonly MaskRule[], options: PlanOptions = {}): MaskPlan {
  if (options.only !== undefined)
    throw new RuleInvalidError({ message: 'a masking plan: `only` is not applied yet, and is refused until it is' })
  const draft = new PlanDraft(options.tokenKeys ?? [])
  for (const rule of rules) draft.add(rule)
  if (options.unmask !== undefined) draft.lift(options.unmask)
  const compiled = draft.paths.compile()
  const root =
    compiled.strongest === undefined && draft.anywhere.size + draft.detectors.size === 0 ? EMPTY_STATE : compiled
  const detectors = Object.freeze(plannedDetectors(draft.detectors))
  const everywhere = draft.anywhere.size + detectors.length > 0
  return Object.freeze({
    targets: Object.freeze(draft.targets),
    once: Object.freeze(draft.targets.map((field) => Object.freeze({ field, count: 1 }))),
    zeros: draft.targets.map(() => 0),
    maxBytes: limit(options.maxBytes ?? DEFAULT_MAX_BYTES, MOST_BYTES, 'maxBytes'),
    maxDepth: limit(options.maxDepth ?? DEFAULT_MAX_DEPTH, MOST_DEPTH, 'maxDepth'),
    root,
    anywhere: new KeyTable(draft.anywhere),
    detectors,
    watched: watchedBy(detectors),
    everywhere,
    isEmpty: root === EMPTY_STATE && !everywhere,
  })
}
