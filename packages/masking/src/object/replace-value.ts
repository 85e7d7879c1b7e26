import { countChange, type Work } from '../json/work.ts'
import type { Action } from '../strategy/action.ts'
import { checkJson, checkScalar } from './json-kind.ts'
import { WithheldSignal } from './withheld-signal.ts'

/** Gives what the action leaves of a value. */
export function replacementOf(work: Work, value: unknown, action: Action, depth: number): unknown {
  if (value === null || value === undefined) return value
  if (Array.isArray(value)) return replaceArray(work, value, action, depth)
  if (typeof value === 'object') return replaceContainer(work, value, action, action.fixed.object, depth)
  checkScalar(value)
  const shown = replaceScalar(value, action)
  if (shown === undefined) throw new WithheldSignal('token-key-missing')
  return changed(work, value, shown, action)
}

function replaceScalar(value: unknown, action: Action): unknown {
  if (typeof value === 'string') return action.maskText(value)
  return typeof value === 'number' ? action.maskNumber(value, String(value)) : JSON.parse(action.fixed.boolean)
}

function replaceArray(work: Work, value: readonly unknown[], action: Action, depth: number): unknown {
  if (!action.elementwise) return replaceContainer(work, value, action, action.fixed.array ?? '[]', depth)
  if (depth === 0) throw new WithheldSignal('too-deep')
  const shown = value.map((element) => replacementOf(work, element, action, depth - 1))
  return shown.every((element, index) => Object.is(element, value[index])) ? value : shown
}

function replaceContainer(work: Work, value: object, action: Action, text: string, depth: number): unknown {
  checkJson(value, depth)
  const isEmpty = Object.keys(value).length === 0
  return isEmpty && text !== 'null' ? value : changed(work, value, JSON.parse(text), action)
}

function changed(work: Work, value: unknown, shown: unknown, { target }: Action): unknown {
  if (Object.is(value, shown)) return value
  countChange(work, target)
  return shown
}
