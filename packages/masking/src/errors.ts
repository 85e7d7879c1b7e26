import { HeadgateError } from '@headgate/core'

/** A selector was read by json-mask in another way than it was checked; it is not used. */
export class SelectorCompileError extends HeadgateError<'ERR_MASKING_SELECTOR_COMPILE'> {
  readonly code = 'ERR_MASKING_SELECTOR_COMPILE'
}

/** A selector of a rule has problems; `parseSelector` tells them all, with their places. */
export class SelectorInvalidError extends HeadgateError<'ERR_MASKING_SELECTOR_INVALID'> {
  readonly code = 'ERR_MASKING_SELECTOR_INVALID'
}

/** A strategy is unknown, or its argument is out of range. */
export class StrategyInvalidError extends HeadgateError<'ERR_MASKING_STRATEGY_INVALID'> {
  readonly code = 'ERR_MASKING_STRATEGY_INVALID'
}

/** A rule selects nothing, or names a key or a detector that cannot be. */
export class RuleInvalidError extends HeadgateError<'ERR_MASKING_RULE_INVALID'> {
  readonly code = 'ERR_MASKING_RULE_INVALID'
}

/** A key for tokens is too short, or its id cannot stand in a token. */
export class TokenKeyInvalidError extends HeadgateError<'ERR_MASKING_TOKEN_KEY_INVALID'> {
  readonly code = 'ERR_MASKING_TOKEN_KEY_INVALID'
}

/** Rules together give more states than a plan may have. */
export class PlanTooLargeError extends HeadgateError<'ERR_MASKING_PLAN_TOO_LARGE'> {
  readonly code = 'ERR_MASKING_PLAN_TOO_LARGE'
}
