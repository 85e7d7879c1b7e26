/** The fewest bytes that an element can take, against which array counts are checked before anything is allocated. */
import type { Field, ScalarName, Struct } from './model.ts'
import type { VersionRange } from './versions.ts'

const FIXED_BYTES: Readonly<Partial<Record<ScalarName, number>>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
}

/** The fewest bytes of one element of an array field, over all versions of the field. */
export function minElementBytes(field: Field, flexible: VersionRange | undefined): number {
  let least = Number.POSITIVE_INFINITY
  for (let version = field.versions.first; version <= field.versions.last; version++) {
    least = Math.min(least, elementBytes(field, version, contains(flexible, version)))
  }
  return Math.max(least, 1)
}

function elementBytes(field: Field, version: number, flexible: boolean): number {
  if ('struct' in field.element) return structBytes(field.element.struct, version, flexible)
  const { scalar } = field.element
  return FIXED_BYTES[scalar] ?? (flexible ? 1 : scalar === 'string' ? 2 : 4)
}

function structBytes(struct: Struct, version: number, flexible: boolean): number {
  let bytes = flexible ? 1 : 0
  for (const field of struct.fields) {
    if (!contains(field.versions, version) || field.tag !== undefined) continue
    if (field.isArray) bytes += flexible ? 1 : 4
    else if ('struct' in field.element && contains(field.nullable, version)) bytes += 1
    else bytes += elementBytes(field, version, flexible)
  }
  return bytes
}

function contains(range: VersionRange | undefined, version: number): boolean {
  return range !== undefined && version >= range.first && version <= range.last
}
