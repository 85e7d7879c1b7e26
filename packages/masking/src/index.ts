export { type DetectorName, detectorNames } from './detect/detectors.ts'
export {
  PlanTooLargeError,
  RuleInvalidError,
  SelectorCompileError,
  SelectorInvalidError,
  StrategyInvalidError,
  TokenKeyInvalidError,
} from './errors.ts'
export { maskJsonBytes } from './json/mask-json-bytes.ts'
export { createMaskMemory, type MaskMemory } from './json/mask-memory.ts'
export { maskTextBytes } from './json/mask-text-bytes.ts'
export { maskJsonValue } from './object/mask-json-value.ts'
export { compilePlan, type MaskPlan, type PlanOptions } from './plan/compile-plan.ts'
export { foldKey } from './plan/fold-key.ts'
export type { MaskRule, Unmask } from './plan/rule.ts'
export { placeholderReason, placeholderValue, WITHHELD_HEADER } from './record/placeholder.ts'
export {
  compileRecordPlan,
  foldHeaderName,
  maskRecordHeader,
  maskRecordKey,
  maskRecordValue,
  type RecordPlan,
} from './record/record-plan.ts'
export type { HeaderRule, KeepList, RecordFormat, RecordRules } from './record/record-rules.ts'
export { isWithheldReason, type RecordWithheldReason } from './record/withheld-reason.ts'
export type {
  MaskBytesResult,
  MaskedField,
  MaskPartResult,
  MaskValueResult,
  Unchanged,
  Withheld,
  WithheldReason,
} from './result.ts'
export {
  MAX_SELECTOR_DEPTH,
  MAX_SELECTOR_LENGTH,
  parseSelector,
  type Selector,
  type SelectorParseResult,
} from './selector/parse-selector.ts'
export type { SelectorProblem, SelectorProblemCode } from './selector/problem.ts'
export { type SelectorNode, selectedPaths } from './selector/selector-node.ts'
export { parseStrategy } from './strategy/parse-strategy.ts'
export { type MaskStrategy, strongerStrategy } from './strategy/strategy.ts'
export type { TokenKey } from './strategy/token.ts'
