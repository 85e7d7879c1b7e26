/** Emits the functions that write a struct. */
import { capital, differsFromDefault, fieldType, needsArrayFunction } from './field-values.ts'
import type { FunctionTable } from './functions.ts'
import type { Field, Message, ScalarName, Struct } from './model.ts'
import { condition } from './versions.ts'

/** The exported encoder of a message. */
export function emitEncoder(message: Message, functions: FunctionTable): string[] {
  const { name } = message.body
  const { first, last } = message.versions
  return [
    `/** Writes a ${name} of version ${first} to ${last}. */`,
    `export function encode${name}(writer: Writer, message: ${name}, version: number): void {`,
    `  assertVersion('${name}', version, ${first}, ${last})`,
    `  ${functions.call(`write${name}`, 'writer, message')}`,
    '}',
    '',
  ]
}

/** The writer of one struct and of its array fields. */
export function emitWriter(struct: Struct, message: Message, functions: FunctionTable): string[] {
  return new WriterEmitter(struct, message, functions).emit()
}

class WriterEmitter {
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
    const arrays = fields.flatMap((field) => (needsArrayFunction(field) ? this.#arrayWriter(field) : []))
    const body = [...fields.flatMap((field) => this.#statement(field)), ...this.#tags()]
    const parameters = `writer: Writer, value: ${name}`
    return [...arrays, ...this.#functions.define(`write${name}`, parameters, 'void', this.#flexible, body)]
  }

  #statement(field: Field): string[] {
    if (field.tag !== undefined) return []
    const gate = condition(this.#struct.versions, field.versions)
    const write = this.#write(field, 'writer', 'flexible')
    if (gate === 'true') return write.map((line) => `  ${line}`)
    const refusal = field.ignorable
      ? ''
      : `else if (${differsFromDefault(field, `value.${field.name}`)}) refuseField('${field.name}', version)`
    if (write.length === 1) return [`  if (${gate}) ${write[0]}`, ...(refusal === '' ? [] : [`  ${refusal}`])]
    return [`  if (${gate}) {`, ...write.map((line) => `    ${line}`), `  } ${refusal}`.trimEnd()]
  }

  #write(field: Field, writer: string, flexible: string): string[] {
    const value = `value.${field.name}`
    if (needsArrayFunction(field)) {
      return [this.#functions.call(`write${this.#struct.name}${capital(field.name)}Array`, `${writer}, ${value}`)]
    }
    if (field.isArray) return [`${writer}.int32Array(${value}, ${flexible}, '${field.name}')`]
    if ('scalar' in field.element) return writeScalar(field.element.scalar, field, value, writer, flexible)
    const write = this.#functions.call(`write${field.element.struct.name}`, `${writer}, ${value}`)
    if (field.nullable === undefined) return [write]
    if (condition(field.versions, field.nullable) !== 'true') {
      throw new Error(`${field.name}: a struct that is null in a part of its versions is not written`)
    }
    return [`${writer}.structPresent(${value} !== null)`, `if (${value} !== null) ${write}`]
  }

  #tags(): string[] {
    if (this.#message.flexible === undefined) return []
    const known = this.#struct.fields.filter((field) => field.tag !== undefined)
    const source = known.length > 0 ? 'tags' : 'value.unknownTags'
    const lines = known.flatMap((field) => this.#knownTag(field))
    if (known.length > 0) lines.unshift('  let tags = value.unknownTags')
    if (this.#flexible === 'true') return [...lines, `  writer.tags(${source})`]
    if (this.#flexible === 'false') return [...lines, '  refuseTags(value.unknownTags, version)']
    return [...lines, `  if (flexible) writer.tags(${source})`, '  else refuseTags(value.unknownTags, version)']
  }

  #knownTag(field: Field): string[] {
    const gate = condition(this.#struct.versions, field.versions)
    const differs = differsFromDefault(field, `value.${field.name}`)
    const [write, ...more] = this.#write(field, 'tag', 'true')
    if (more.length > 0) throw new Error(`${field.name}: a tagged field of this kind is not written`)
    const add = `tags = withTag(tags, ${field.tag?.number}, (tag) => ${write})`
    if (gate === 'true') return [`  if (${differs}) {`, `    ${add}`, '  }']
    if (field.ignorable) return [`  if (${gate} && ${differs}) {`, `    ${add}`, '  }']
    return [`  if (${differs}) {`, `    if (!(${gate})) refuseField('${field.name}', version)`, `    ${add}`, '  }']
  }

  #arrayWriter(field: Field): string[] {
    const element =
      'struct' in field.element
        ? this.#functions.call(`write${field.element.struct.name}`, 'writer, value')
        : writeScalar(field.element.scalar, { ...field, nullable: undefined }, 'value', 'writer', 'flexible')[0]
    const body = [
      ...nullArray(field),
      '  writer.arrayLength(values.length, flexible)',
      `  for (const value of values) ${element}`,
    ]
    const name = `write${this.#struct.name}${capital(field.name)}Array`
    const flexible = condition(field.versions, this.#message.flexible)
    return this.#functions.define(name, `writer: Writer, values: ${fieldType(field)}`, 'void', flexible, body)
  }
}

function writeScalar(scalar: ScalarName, field: Field, value: string, writer: string, flexible: string): string[] {
  if (scalar === 'string' || scalar === 'bytes' || scalar === 'records') {
    const [plain, nullable] = scalar === 'string' ? ['string', 'nullableString'] : ['byteString', 'nullableByteString']
    const args = `(${value}, ${flexible}, '${field.name}')`
    const gate = condition(field.versions, field.nullable)
    if (gate === 'true' || gate === 'false') return [`${writer}.${gate === 'true' ? nullable : plain}${args}`]
    return [`if (${gate}) ${writer}.${nullable}${args}`, `else ${writer}.${plain}${args}`]
  }
  const hasName = scalar !== 'bool' && scalar !== 'float64'
  return [`${writer}.${scalar}(${value}${hasName ? `, '${field.name}'` : ''})`]
}

function nullArray(field: Field): string[] {
  const gate = condition(field.versions, field.nullable)
  if (gate === 'false') return []
  return [
    '  if (values === null) {',
    ...(gate === 'true' ? [] : [`    if (!(${gate})) refuseField('${field.name}', version)`]),
    '    return writer.nullArray(flexible)',
    '  }',
  ]
}
