/** Emits the functions that read a struct. */
import { capital, defaultValue, elementType, fieldType, needsArrayFunction } from './field-values.ts'
import type { FunctionTable } from './functions.ts'
import type { Field, Message, ScalarName, Struct } from './model.ts'
import { minElementBytes } from './sizes.ts'
import { condition } from './versions.ts'

const LINE_WIDTH = 120

/** The exported decoder of a message. */
export function emitDecoder(message: Message, functions: FunctionTable): string[] {
  const { name } = message.body
  const { first, last } = message.versions
  return [
    `/** Reads a ${name} of version ${first} to ${last}; what follows it is left to the caller. */`,
    `export function decode${name}(reader: Reader, version: number): ${name} {`,
    `  assertVersion('${name}', version, ${first}, ${last})`,
    `  return ${functions.call(`read${name}`, 'reader')}`,
    '}',
    '',
  ]
}

/** The reader of one struct, of its array fields and of its tagged fields. */
export function emitReader(struct: Struct, message: Message, functions: FunctionTable): string[] {
  return new ReaderEmitter(struct, message, functions).emit()
}

class ReaderEmitter {
  readonly #struct: Struct
  readonly #message: Message
  readonly #functions: FunctionTable
  readonly #flexible: string

  constructor(struct: Struct, message: Message, functions: FunctionTable) {
    this.#struct = struct
    this.#message = message
    this.#functions = functions
    this.#flexible = condition(struct.versions, message.flexible)
  }

  emit(): string[] {
    const { name, fields } = this.#struct
    const arrays = fields.flatMap((field) => (needsArrayFunction(field) ? this.#arrayReader(field) : []))
    const tagged = fields.filter((field) => field.tag !== undefined)
    const tags = tagged.length > 0 ? this.#tagReader(tagged) : []
    const literal = fields.map((field) => `    ${this.#property(field)},`)
    const body = tagged.length > 0 ? this.#bodyWithTags(literal) : this.#bodyWithoutTags(literal)
    return [...arrays, ...tags, ...this.#functions.define(`read${name}`, 'reader: Reader', name, this.#flexible, body)]
  }

  #bodyWithoutTags(literal: string[]): string[] {
    const lines = ['  return {', ...literal]
    if (this.#message.flexible !== undefined) {
      if (this.#flexible === 'true') lines.push('    unknownTags: reader.unknownTags(),')
      else if (this.#flexible === 'false') lines.push('    unknownTags: undefined,')
      else lines.push('    unknownTags: flexible ? reader.unknownTags() : undefined,')
    }
    return [...lines, '  }']
  }

  #bodyWithTags(literal: string[]): string[] {
    const { name } = this.#struct
    const gate = this.#flexible === 'true' ? '' : 'if (flexible) '
    return [
      `  const value: ${name} = {`,
      ...literal,
      '    unknownTags: undefined,',
      '  }',
      `  ${gate}${this.#functions.call(`read${name}Tags`, 'reader, value')}`,
      '  return value',
    ]
  }

  #property(field: Field): string {
    const fallback = defaultValue(field)
    if (field.tag !== undefined) return `${field.name}: ${fallback}`
    const gate = condition(this.#struct.versions, field.versions)
    const read = this.#read(field, 'flexible')
    if (gate === 'true') return `${field.name}: ${read}`
    const line = `${field.name}: ${gate} ? ${read} : ${fallback}`
    if (line.length <= LINE_WIDTH - 5 && !read.includes('?')) return line
    return `${field.name}: ${gate}\n      ? ${read}\n      : ${fallback}`
  }

  #read(field: Field, flexible: string): string {
    if (needsArrayFunction(field)) {
      return this.#functions.call(`read${this.#struct.name}${capital(field.name)}Array`, 'reader')
    }
    if (field.isArray) return `reader.int32Array(${flexible}, '${field.name}')`
    if ('scalar' in field.element) return readScalar(field.element.scalar, field, flexible)
    const read = this.#functions.call(`read${field.element.struct.name}`, 'reader')
    return field.nullable === undefined ? read : `reader.structPresent('${field.name}') ? ${read} : null`
  }

  #arrayReader(field: Field): string[] {
    const bytes = minElementBytes(field, this.#message.flexible)
    const element =
      'struct' in field.element
        ? this.#functions.call(`read${field.element.struct.name}`, 'reader')
        : readScalar(field.element.scalar, { ...field, nullable: undefined }, 'flexible')
    const body = [
      `  const count = ${arrayCount(field, `(flexible, ${bytes}, '${field.name}')`)}`,
      ...(field.nullable === undefined ? [] : ['  if (count < 0) return null']),
      `  const values: ${elementType(field)}[] = []`,
      `  for (let n = 0; n < count; n++) values.push(${element})`,
      '  return values',
    ]
    const name = `read${this.#struct.name}${capital(field.name)}Array`
    const flexible = condition(field.versions, this.#message.flexible)
    return this.#functions.define(name, 'reader: Reader', fieldType(field), flexible, body)
  }

  #tagReader(tagged: readonly Field[]): string[] {
    const { name } = this.#struct
    const versions = this.#message.flexible ?? this.#struct.versions
    const branches = tagged.flatMap((field, n) => {
      const gate = condition(versions, field.versions)
      const test = `tag === ${field.tag?.number}${gate === 'true' ? '' : ` && ${gate}`}`
      return [
        `    ${n === 0 ? '' : '} else '}if (${test}) {`,
        '      const end = reader.enterTag()',
        `      value.${field.name} = ${this.#read(field, 'true')}`,
        '      reader.leaveTag(tag, end)',
      ]
    })
    const body = [
      '  const count = reader.tagCount()',
      '  if (count === 0) return',
      '  const unknown: UnknownTag[] = []',
      '  for (let n = 0, tag = -1; n < count; n++) {',
      '    tag = reader.tag(tag)',
      ...branches,
      '    } else unknown.push(reader.unknownTag(tag))',
      '  }',
      '  if (unknown.length > 0) value.unknownTags = unknown',
    ]
    return this.#functions.define(`read${name}Tags`, `reader: Reader, value: ${name}`, 'void', 'true', body)
  }
}

function arrayCount(field: Field, args: string): string {
  const gate = condition(field.versions, field.nullable)
  if (gate === 'false') return `reader.arrayLength${args}`
  if (gate === 'true') return `reader.nullableArrayLength${args}`
  return `${gate}\n    ? reader.nullableArrayLength${args}\n    : reader.arrayLength${args}`
}

function readScalar(scalar: ScalarName, field: Field, flexible: string): string {
  if (scalar === 'string') return nullableRead(field, 'string', 'nullableString', flexible)
  if (scalar === 'bytes' || scalar === 'records') {
    return nullableRead(field, 'byteString', 'nullableByteString', flexible)
  }
  return `reader.${scalar}('${field.name}')`
}

function nullableRead(field: Field, plain: string, nullable: string, flexible: string): string {
  const args = `(${flexible}, '${field.name}')`
  const gate = condition(field.versions, field.nullable)
  if (gate === 'false') return `reader.${plain}${args}`
  if (gate === 'true') return `reader.${nullable}${args}`
  return `${gate}\n      ? reader.${nullable}${args}\n      : reader.${plain}${args}`
}
