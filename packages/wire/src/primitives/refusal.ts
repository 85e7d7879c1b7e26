import { UnsupportedFieldError } from '../errors.ts'
import type { UnknownTags } from './tags.ts'

/**
 * Refuses a value that the version cannot carry and that is not the field's default.
 *
 * @throws {UnsupportedFieldError} `ERR_WIRE_UNSUPPORTED_FIELD` always.
 */
export function refuseField(field: string, version: number): never {
  throw new UnsupportedFieldError(field, version)
}

/**
 * Refuses tagged fields in a version that has none.
 *
 * @throws {UnsupportedFieldError} `ERR_WIRE_UNSUPPORTED_FIELD` when there are any.
 */
export function refuseTags(tags: UnknownTags | undefined, version: number): void {
  if (tags !== undefined && tags.length > 0) refuseField('unknownTags', version)
}
