import type { Rule } from '../../document/document.ts'
import { keepWords } from '../../keep-list.ts'
import { Operation } from '../../operation.ts'
import type { DecidedRequest } from '../../program/reason-text.ts'

/** What a rule shows of records in the words of `only`, where it does not show everything and records are asked for. */
export function shownPart(
  { only }: Rule,
  { operation, resourceType }: DecidedRequest,
): { readonly only?: readonly string[] } {
  const isShown = resourceType === 'topic' && (operation === Operation.Read || operation === Operation.Replay)
  return only === undefined || !isShown ? {} : { only: keepWords(only) }
}
