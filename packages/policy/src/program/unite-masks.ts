import {
  compilePlan,
  foldKey,
  type KeepList,
  type MaskRule,
  type MaskStrategy,
  strongerStrategy,
  type Unmask,
} from '@headgate/masking'
import { canonicalJson, compareCodeUnits, digestOf, sortedUnique } from '../canonical.ts'
import type { AccessDirection, ProtectionMask, UnmaskRight } from '../document/protection.ts'
import type { HeaderMask, MaskObligation } from './decision.ts'
import type { ResidualProtection } from './residual.ts'

/** Unites rights: each lifts what it names, whatever the others do not. */
export function uniteUnmasks(rights: readonly UnmaskRight[]): UnmaskRight | undefined {
  if (rights.length <= 1) return rights[0]
  const of = <T extends string>(list: (right: UnmaskRight) => readonly T[] | undefined): T[] =>
    sortedUnique(rights.flatMap((right) => list(right) ?? [])) as T[]
  return {
    fields: of(({ fields }) => fields),
    anywhere: of(({ anywhere }) => anywhere),
    detect: of(({ detect }) => detect),
    headers: of(({ headers }) => headers),
    ...(rights.some(({ key }) => key === true) ? { key: true } : {}),
  }
}

/** Rules for values, and what is lifted from them. */
export interface ValueRules {
  readonly value: readonly MaskRule[]
  readonly unmask: Unmask
}

/** Whether nothing is left of rules. Throws `ERR_MASKING_…` when no plan can be made of them. */
export function isLiftedWhole({ value, unmask }: ValueRules): boolean {
  return value.length === 0 || compilePlan(value, { unmask }).isEmpty
}

/** What the grants that apply say of masks, and of what they show at all. */
export interface GrantedSight {
  readonly unmask: UnmaskRight | undefined
  /** `undefined` = everything. */
  readonly only: KeepList | undefined
}

/**
 * Unites what protections of one topic mask in one direction, without what is lifted, with what is shown at all. `undefined` where
 * nothing is left and everything is shown.
 *
 * INVARIANT: neither the order of protections nor that of their entries matters; of two masks of one thing the stronger
 * one stays.
 *
 * @param isNothing {@link isLiftedWhole}, or something that remembers it
 * @throws HeadgateError `ERR_MASKING_…` when no plan can be made of it, so that whoever decides denies
 */
export function uniteMasks(
  protections: readonly ResidualProtection[],
  direction: AccessDirection,
  { unmask: right, only }: GrantedSight,
  isNothing: (rules: ValueRules) => boolean,
): MaskObligation | undefined {
  const masks = masksOf(protections, direction)
  const rules = valueRules(masks, right)
  // Rules that are lifted whole are no reason to read a record, nor to withhold one that cannot be read.
  const { value, unmask } = isNothing(rules) ? noRules : rules
  const headers = headerMasks(masks, right?.headers ?? [])
  const key = right?.key === true ? undefined : strongest(masks.flatMap((mask) => (mask.key ? [mask.with] : [])))
  if (value.length + headers.length === 0 && key === undefined && only === undefined) return undefined
  const format = uniteFormats(protections)
  const shown = only === undefined ? {} : { only }
  // That a plan can be made of rules was found out above.
  if (only !== undefined) compilePlan(value, { unmask, only: only.fields })
  return createMask({ format, onUnreadable: uniteUnreadable(protections), value, headers, key, unmask, ...shown })
}

function masksOf(protections: readonly ResidualProtection[], direction: AccessDirection): readonly ProtectionMask[] {
  const masks = protections.flatMap(({ mask }) => mask.filter(({ on }) => on.includes(direction)))
  const byMeaning = new Map(masks.map((mask) => [canonicalJson({ ...mask, on: undefined }), mask]))
  return [...byMeaning].sort(([a], [b]) => compareCodeUnits(a, b)).map(([, mask]) => mask)
}

/** One format that all agree on; none or several are opaque. */
function uniteFormats(protections: readonly ResidualProtection[]): MaskObligation['format'] {
  const [format = 'opaque', ...others] = new Set(protections.flatMap((each) => each.format ?? []))
  return others.length === 0 ? format : 'opaque'
}

/** A placeholder stands where every entry that has a say wants one; where none has, nothing does. */
function uniteUnreadable(protections: readonly ResidualProtection[]): MaskObligation['onUnreadable'] {
  const said = new Set(protections.flatMap(({ onUnreadable }) => onUnreadable ?? []))
  return said.has('placeholder') && !said.has('withhold') ? 'placeholder' : 'withhold'
}

const noRules: ValueRules = { value: [], unmask: {} }

function valueRules(masks: readonly ProtectionMask[], right: UnmaskRight | undefined): ValueRules {
  const value = masks.flatMap(({ fields, anywhere, detect, with: strategy }): MaskRule[] => {
    if (fields !== undefined) return [{ fields, with: strategy }]
    if (anywhere !== undefined) return [{ anywhere, with: strategy }]
    return detect === undefined ? [] : [{ detect, with: strategy }]
  })
  return { value, unmask: right === undefined ? {} : relevantUnmask(value, right) }
}

/** Without what no rule masks, so that equal masks are equal. */
function relevantUnmask(value: readonly MaskRule[], right: UnmaskRight): Unmask {
  const keys = new Set(value.flatMap(({ anywhere = [] }) => anywhere.map(foldKey)))
  const detectors = new Set(value.flatMap(({ detect = [] }) => detect))
  const { fields = [], anywhere = [], detect = [] } = right
  const lists = {
    fields: value.length > 0 ? fields : [],
    anywhere: anywhere.filter((key) => keys.has(foldKey(key))),
    detect: detect.filter((name) => detectors.has(name)),
  }
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
}

function headerMasks(masks: readonly ProtectionMask[], lifted: readonly string[]): readonly HeaderMask[] {
  const byName = new Map<string, MaskStrategy>()
  for (const { headers = [], with: strategy } of masks) {
    for (const name of headers) {
      if (!lifted.includes(name)) byName.set(name, strongest([byName.get(name) ?? strategy, strategy]) ?? strategy)
    }
  }
  return [...byName]
    .sort(([a], [b]) => compareCodeUnits(a, b))
    .map(([name, strategy]): HeaderMask => ({ name, with: strategy }))
}

function strongest(strategies: readonly MaskStrategy[]): MaskStrategy | undefined {
  return strategies.reduce<MaskStrategy | undefined>(
    (found, each) => (found === undefined ? each : strongerStrategy(found, each)),
    undefined,
  )
}

/** Makes an obligation with its digest. */
export function createMask(whole: Omit<MaskObligation, 'digest'>): MaskObligation {
  return deepFreeze({ digest: digestOf(whole), ...whole })
}

/** Freezes a copy: what came with the residual is not touched. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map(deepFreeze)) as T
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deepFreeze(each)]))) as T
}
