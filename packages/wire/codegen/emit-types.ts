/** Emits a struct's interface, its default and, where tagged fields need it, the comparison with the default. */
import { defaultValue, differsFromDefault, fieldType } from './field-values.ts'
import type { Field, Message, Struct } from './model.ts'
import { describe, sameRange } from './versions.ts'

const WIDTH = 118

/** The interface with doc comments made of the definition's own words. */
export function emitInterface(struct: Struct, message: Message): string[] {
  const about = struct === message.body ? `The body of ${struct.name}.` : `A part of ${message.body.name}.`
  const lines = [`/** ${about} */`, `export interface ${struct.name} {`]
  for (const field of struct.fields) {
    lines.push(...comment(field, struct), `  ${field.name}: ${fieldType(field)}`)
  }
  if (message.flexible !== undefined) {
    lines.push('  /** Tagged fields that the version does not define, kept as they came. */')
    lines.push('  unknownTags?: UnknownTags | undefined')
  }
  return [...lines, '}', '']
}

/** The function that gives Kafka's defaults; exported for whole messages. */
export function emitDefault(struct: Struct, message: Message): string[] {
  const isBody = struct === message.body
  const lines = isBody ? [`/** A ${struct.name} in which every field has Kafka's default. */`] : []
  lines.push(`export function default${struct.name}(): ${struct.name} {`)
  if (!isBody) lines.unshift(`/** A ${struct.name} in which every field has Kafka's default. */`)
  lines.push('  return {')
  for (const field of struct.fields) lines.push(`    ${field.name}: ${defaultValue(field)},`)
  if (message.flexible !== undefined) lines.push('    unknownTags: undefined,')
  return [...lines, '  }', '}', '']
}

/** The comparison with the default, for structs that are left out of the wire when they have it. */
export function emitIsDefault(struct: Struct): string[] {
  const tests = struct.fields.map((field) => `!(${differsFromDefault(field, `value.${field.name}`)})`)
  tests.push('(value.unknownTags?.length ?? 0) === 0')
  const simple = tests.map((test) => test.replace(/^!\((\S+) !== (\S+)\)$/, '$1 === $2'))
  return [
    `function isDefault${struct.name}(value: ${struct.name}): boolean {`,
    `  return (`,
    ...simple.map((test, n) => `    ${test}${n < simple.length - 1 ? ' &&' : ''}`),
    '  )',
    '}',
    '',
  ]
}

function comment(field: Field, struct: Struct): string[] {
  const versions = sameRange(field.versions, struct.versions) ? '' : ` (${describe(field.versions, struct.versions)})`
  const text = `${field.about}${versions}`.trim().replaceAll('*/', '* /')
  if (text === '') return []
  if (text.length <= WIDTH - 9) return [`  /** ${text} */`]
  return ['  /**', ...wrap(text, WIDTH - 5).map((line) => `   * ${line}`), '   */']
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + word.length + 1 > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return lines
}
