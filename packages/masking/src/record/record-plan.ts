import { maskJsonBytes } from '../json/mask-json-bytes.ts'
import type { MaskMemory } from '../json/mask-memory.ts'
import { maskTextBytes } from '../json/mask-text-bytes.ts'
import { compilePlan, type MaskPlan, type PlanOptions } from '../plan/compile-plan.ts'
import { type MaskBytesResult, type MaskPartResult, UNCHANGED, withhold } from '../result.ts'
import type { MaskStrategy } from '../strategy/strategy.ts'
import { strategyRank } from '../strategy/strategy.ts'
import type { TokenKey } from '../strategy/token.ts'
import type { HeaderRule, KeepList, RecordFormat, RecordRules } from './record-rules.ts'
import { createWholeMask, type WholeMask } from './whole-mask.ts'

/** Rules for whole records, made ready. Frozen, without state, safe to share. Made by {@link compileRecordPlan} alone. */
export interface RecordPlan {
  /** Nothing is masked, and everything is kept. */
  readonly isEmpty: boolean
  /** Whether keys are masked, or not kept. */
  readonly masksKeys: boolean
  /** Whether headers have to be looked at. */
  readonly masksHeaders: boolean
  /** @internal */
  readonly format: RecordFormat
  /** @internal */
  readonly value: MaskPlan
  /** What looks into headers that have no rule of their own. @internal */
  readonly detection: MaskPlan
  /** @internal */
  readonly headers: ReadonlyMap<string, WholeMask>
  /** @internal */
  readonly key: WholeMask | undefined
  /** Folded names of the headers that a list keeps; `undefined` where all are kept. @internal */
  readonly keptHeaders: ReadonlySet<string> | undefined
}

const ABSENT: MaskPartResult = Object.freeze({
  status: 'removed',
  masked: Object.freeze([Object.freeze({ field: 'only', count: 1 })]),
})

/** The form in which names of headers are compared: letters of ASCII in lower case, for case is no way around a mask. */
export function foldHeaderName(name: string): string {
  return /[A-Z]/.test(name) ? name.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : name
}

/** Of several rules for one header the one that leaves less to see. */
function strongestByName(rules: readonly HeaderRule[]): Map<string, HeaderRule> {
  const rulesByName = new Map<string, HeaderRule>()
  for (const rule of rules) {
    const name = foldHeaderName(rule.name)
    const known = rulesByName.get(name)
    if (known === undefined || strategyRank(rule.with) > strategyRank(known.with)) rulesByName.set(name, rule)
  }
  return rulesByName
}

/**
 * Makes rules for whole records ready. A mask obligation of the policy is such rules.
 *
 * Compile once per policy and principal. Throws what `compilePlan` throws.
 */
export function compileRecordPlan(
  { format, value, headers, key, unmask = {}, only }: RecordRules,
  { tokenKeys = [], ...limits }: Omit<PlanOptions, 'unmask' | 'only'> = {},
): RecordPlan {
  const options: PlanOptions = { tokenKeys, ...limits }
  const plan = compilePlan(value, { ...options, unmask, ...(only === undefined ? {} : { only: [...only.fields] }) })
  const finders = value.flatMap(({ detect, with: strategy }) => (detect ? [{ detect, with: strategy }] : []))
  const detection = compilePlan(finders, { ...options, unmask: unmask.detect ? { detect: unmask.detect } : {} })
  const whole = new Map<string, WholeMask>()
  for (const [name, rule] of strongestByName(headers))
    whole.set(name, createWholeMask(rule.with, `header:${rule.name}`, tokenKeys))
  const keyMask = createKeyMask(key, only, tokenKeys)
  const masksHeaders = whole.size > 0 || !detection.isEmpty || only !== undefined
  return Object.freeze({
    isEmpty: plan.isEmpty && !masksHeaders && keyMask === undefined,
    masksKeys: keyMask !== undefined,
    masksHeaders,
    format,
    value: plan,
    detection,
    headers: whole,
    key: keyMask,
    keptHeaders: only && new Set(only.headers.map(foldHeaderName)),
  })
}

function createKeyMask(
  key: MaskStrategy | undefined,
  only: KeepList | undefined,
  tokenKeys: readonly TokenKey[],
): WholeMask | undefined {
  const mask = key === undefined ? undefined : createWholeMask(key, 'key', tokenKeys)
  return only === undefined || only.key ? mask : () => ABSENT
}

/**
 * Masks the value of a record. A tombstone has none, stays one, and is not given here; no value becomes one. A value of no
 * bytes holds nothing. What a list keeps members of is read as JSON: in any other format the value is withheld.
 */
export function maskRecordValue(plan: RecordPlan, bytes: Uint8Array, memory?: MaskMemory): MaskBytesResult {
  if (plan.value.isEmpty || bytes.length === 0) return UNCHANGED
  if (plan.format === 'json') return maskJsonBytes(plan.value, bytes, memory)
  return plan.format === 'text' ? maskTextBytes(plan.value, bytes) : withhold('no-format')
}

/** Masks the key of a record that has one. Where it is `removed` the record has none any more. */
export function maskRecordKey(plan: RecordPlan, bytes: Uint8Array): MaskPartResult {
  return plan.key === undefined ? UNCHANGED : plan.key(bytes)
}

/**
 * Masks one header: by the rule for its name, whatever the case of that, or by what is detected in it. Where it is `removed`
 * the header goes with its name; where it had no value, given as no bytes, any other result leaves it as it is.
 */
export function maskRecordHeader(plan: RecordPlan, name: string, bytes: Uint8Array): MaskPartResult {
  // INVARIANT: the plan is no pattern of its members here: they are internal, and a declaration would name them.
  const folded = foldHeaderName(name)
  if (plan.keptHeaders !== undefined && !plan.keptHeaders.has(folded)) return ABSENT
  const whole = plan.headers.get(folded)
  if (whole !== undefined) return whole(bytes)
  const result = maskTextBytes(plan.detection, bytes)
  if (result.status !== 'withheld' || result.reason !== 'not-utf8') return result
  // Ids and numbers of other programs are looked at byte by byte, and are hidden whole where something is found.
  const found = maskTextBytes(plan.detection, Buffer.from(Buffer.from(bytes).toString('latin1')))
  return found.status === 'masked' ? { ...found, bytes: Buffer.alloc(0) } : found
}
