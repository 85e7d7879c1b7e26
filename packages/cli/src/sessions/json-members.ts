import { type JsonObject, jsonObject, numberMember, textMember } from '../json-value.ts'
import { terminalText } from './terminal-text.ts'

/** A text of an answer, safe for a terminal; empty where there is none. */
export function textOf(object: JsonObject | undefined, name: string): string {
  return terminalText(textMember(object, name) ?? '')
}

/** A number of an answer; 0 where there is none. */
export function numberOf(object: JsonObject | undefined, name: string): number {
  return numberMember(object, name) ?? 0
}

/** The objects of a list in an answer. */
export function objectsOf(object: JsonObject | undefined, name: string): readonly JsonObject[] {
  const list = object?.[name]
  return Array.isArray(list) ? list.map(jsonObject).filter((entry) => entry !== undefined) : []
}

/** The texts of a list in an answer, safe for a terminal. */
export function textsOf(object: JsonObject | undefined, name: string): readonly string[] {
  const list = object?.[name]
  return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string').map(terminalText) : []
}

/** An object in an answer. */
export function objectOf(object: JsonObject | undefined, name: string): JsonObject | undefined {
  return jsonObject(object?.[name])
}

/** A moment as every command tells it, to the second; RFC 3339 in. */
export function momentOf(object: JsonObject | undefined, name: string): string {
  return textOf(object, name)
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}
