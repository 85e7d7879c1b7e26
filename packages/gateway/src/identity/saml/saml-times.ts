import type { Element } from '@xmldom/xmldom'
import { SamlMalformedError } from './saml-errors.ts'
import { attributeOf } from './saml-xml.ts'

/** Clocks of two machines differ: an assertion from the near future is taken, one past its end never. */
export const CLOCK_TOLERANCE_MS = 10_000

// SAML core section 1.3.3: UTC, and no other form of it.
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

/** Reads an attribute that is a time, as milliseconds since the Unix epoch; `undefined` where it is absent. */
export function timeOf(element: Element, name: string): number | undefined {
  const text = attributeOf(element, name)
  if (text === undefined) return undefined
  const unixMs = DATE_TIME.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(unixMs)) throw new SamlMalformedError(`its ${name} is no time in UTC`)
  return unixMs
}
