// For tests: messages with content in every field, made from Kafka's own definitions.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ZERO_UUID } from '@headgate/wire'

const DEFINITIONS = join(import.meta.dirname, '../../../../wire/codegen/messages')

interface FieldDefinition {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly default?: string | number | boolean
  readonly fields?: readonly FieldDefinition[]
}

interface MessageDefinition {
  readonly apiKey?: number
  readonly type: string
  readonly fields: readonly FieldDefinition[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly FieldDefinition[] }[]
}

/** A message, or a part of one, whose fields are known by name only. */
export type Fields = Record<string, unknown>

/** Gives a field its value by its path, such as `topics[].name`; `undefined` leaves it to the generator. */
export type Plant = (path: string) => unknown

const definitions: readonly MessageDefinition[] = readdirSync(DEFINITIONS)
  .filter((file) => file.endsWith('.json'))
  .map((file) => JSON.parse(readFileSync(join(DEFINITIONS, file), 'utf8').replaceAll(/^\s*\/\/.*$/gm, '')))

/** A message with every array filled, nothing null, and every number small. */
export function createMessage(
  apiKey: number,
  type: 'request' | 'response',
  version: number,
  plant: Plant,
  elements = 2,
): Fields {
  const definition = definitions.find((each) => each.apiKey === apiKey && each.type === type)
  if (definition === undefined) throw new Error(`no definition of ${type} ${apiKey}`)
  return new Generator(definition, version, plant, elements).struct(definition.fields, '')
}

class Generator {
  readonly #definition: MessageDefinition
  readonly #version: number
  readonly #plant: Plant
  readonly #elements: number
  #count = 0

  constructor(definition: MessageDefinition, version: number, plant: Plant, elements: number) {
    this.#definition = definition
    this.#version = version
    this.#plant = plant
    this.#elements = elements
  }

  struct(fields: readonly FieldDefinition[], prefix: string): Fields {
    return Object.fromEntries(
      fields.map((field) => {
        const name = field.name.charAt(0).toLowerCase() + field.name.slice(1)
        return [name, this.#field(field, `${prefix}${name}`)]
      }),
    )
  }

  #field(field: FieldDefinition, path: string): unknown {
    const isArray = field.type.startsWith('[]')
    const type = isArray ? field.type.slice(2) : field.type
    if (!isIn(field.versions, this.#version)) return this.#defaultOf(field, type, isArray)
    const elementPath = isArray ? `${path}[]` : path
    const one = (): unknown => this.#plant(elementPath) ?? this.#value(field, type, elementPath)
    return isArray ? Array.from({ length: this.#elements }, one) : one()
  }

  #value(field: FieldDefinition, type: string, path: string): unknown {
    const fields = this.#fieldsOf(field, type)
    if (fields !== undefined) return this.struct(fields, `${path}.`)
    this.#count += 1
    if (type === 'string') return `any-${this.#count}`
    if (type === 'bool') return this.#count % 2 === 0
    if (type === 'bytes' || type === 'records') return Buffer.from(`bytes-${this.#count}`)
    if (type === 'uuid') return uuidOf(this.#count)
    return type === 'int64' ? BigInt(this.#count % 100) : this.#count % 100
  }

  /** Kafka's default: what a field has in a version that does not know it. */
  #defaultOf(field: FieldDefinition, type: string, isArray: boolean): unknown {
    if (field.default === 'null') return null
    if (isArray) return []
    const fields = this.#fieldsOf(field, type)
    if (fields !== undefined) return this.#defaults(fields)
    if (type === 'string') return field.default ?? ''
    if (type === 'bool') return String(field.default) === 'true'
    if (type === 'bytes' || type === 'records') return Buffer.alloc(0)
    if (type === 'uuid') return ZERO_UUID
    return type === 'int64' ? BigInt(field.default?.toString() ?? 0) : Number(field.default ?? 0)
  }

  #defaults(fields: readonly FieldDefinition[]): Fields {
    return new Generator(this.#definition, -1, () => undefined, 0).struct(fields, '')
  }

  #fieldsOf(field: FieldDefinition, type: string): readonly FieldDefinition[] | undefined {
    return field.fields ?? this.#definition.commonStructs?.find(({ name }) => name === type)?.fields
  }
}

/** A uuid of its own for each number. */
export function uuidOf(number: number): string {
  const bytes = Buffer.alloc(16, 0xee)
  bytes.writeUInt32BE(number, 12)
  return bytes.toString('base64url')
}

function isIn(versions: string, version: number): boolean {
  const [first = 'none', last] = versions.replace('+', '-Infinity').split('-')
  return first !== 'none' && version >= Number(first) && version <= Number(last ?? first)
}
