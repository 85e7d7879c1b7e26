/** How a field's TypeScript type, default and comparison with the default are written. */
import type { Field, ScalarName } from './model.ts'

const SCALAR_TYPES: Readonly<Record<ScalarName, string>> = {
  bool: 'boolean',
  int8: 'number',
  int16: 'number',
  uint16: 'number',
  int32: 'number',
  uint32: 'number',
  int64: 'bigint',
  float64: 'number',
  uuid: 'string',
  string: 'string',
  bytes: 'Buffer',
  records: 'Buffer',
}

/** The TypeScript type of one element, without array and null. */
export function elementType(field: Field): string {
  return 'scalar' in field.element ? SCALAR_TYPES[field.element.scalar] : field.element.struct.name
}

/** The TypeScript type of the whole field. */
export function fieldType(field: Field): string {
  const type = elementType(field) + (field.isArray ? '[]' : '')
  return field.nullable === undefined ? type : `${type} | null`
}

/** The expression of Kafka's default. */
export function defaultValue(field: Field): string {
  if (field.default === 'null') return 'null'
  if (field.isArray) return '[]'
  if ('struct' in field.element) return `default${field.element.struct.name}()`
  return scalarDefault(field.element.scalar, field.default)
}

function scalarDefault(scalar: ScalarName, text: string | undefined): string {
  switch (scalar) {
    case 'bool':
      return text ?? 'false'
    case 'uuid':
      return 'ZERO_UUID'
    case 'string':
      return `'${text ?? ''}'`
    case 'bytes':
    case 'records':
      return 'EMPTY_BYTES'
    case 'int64':
      return `${BigInt(text ?? '0')}n`
    default:
      return String(Number(text ?? '0'))
  }
}

/** The condition that `value` differs from the field's default. */
export function differsFromDefault(field: Field, value: string): string {
  if (field.default === 'null') return `${value} !== null`
  const isScalar = 'scalar' in field.element
  if (field.isArray || (isScalar && isBytes(field))) {
    return field.nullable === undefined ? `${value}.length > 0` : `${value}?.length !== 0`
  }
  if ('struct' in field.element) return `!isDefault${field.element.struct.name}(${value})`
  if (field.element.scalar === 'bool') return defaultValue(field) === 'true' ? `!${value}` : value
  return `${value} !== ${defaultValue(field)}`
}

function isBytes(field: Field): boolean {
  return 'scalar' in field.element && (field.element.scalar === 'bytes' || field.element.scalar === 'records')
}

/** Arrays of anything but int32, and those that can be null, are read and written by a function of their own. */
export function needsArrayFunction(field: Field): boolean {
  if (!field.isArray) return false
  return field.nullable !== undefined || !('scalar' in field.element) || field.element.scalar !== 'int32'
}

/** The name with an upper-case first letter. */
export function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
