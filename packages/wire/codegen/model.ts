/**
 * What the emitters work on: names made unique, versions resolved, struct types linked.
 *
 * @module
 */
import type { FieldDefinition, MessageDefinition } from './definition.ts'
import { intersect, parseVersions, type VersionRange } from './versions.ts'

/** The types that are no struct and no array. */
export type ScalarName =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records'

/** What a field, or an element of its array, holds. */
export type ElementType = { readonly scalar: ScalarName } | { readonly struct: Struct }

/** A field with its versions cut to those of its struct. */
export interface Field {
  readonly name: string
  readonly about: string
  readonly element: ElementType
  readonly isArray: boolean
  readonly versions: VersionRange
  readonly nullable: VersionRange | undefined
  readonly tag: { readonly number: number; readonly versions: VersionRange } | undefined
  readonly default: string | undefined
  readonly ignorable: boolean
  readonly entityType: string | undefined
}

/** A message's body or a struct inside it. */
export interface Struct {
  /** The exported type's name, unique over all messages. */
  readonly name: string
  readonly versions: VersionRange
  readonly fields: readonly Field[]
}

/** A request, response or data message. */
export interface Message {
  readonly file: string
  readonly type: MessageDefinition['type']
  readonly apiKey: number | undefined
  readonly versions: VersionRange
  readonly flexible: VersionRange | undefined
  readonly body: Struct
  /** The structs below the body, each before those that use it. */
  readonly structs: readonly Struct[]
}

const SCALARS: ReadonlySet<string> = new Set([
  'bool',
  'int8',
  'int16',
  'uint16',
  'int32',
  'uint32',
  'int64',
  'float64',
  'uuid',
  'string',
  'bytes',
  'records',
])

/** Resolves definitions; an API whose newest version is unstable in one direction is so in both. */
export function createMessages(definitions: readonly MessageDefinition[]): Message[] {
  const unstable = new Set(definitions.flatMap((each) => (each.latestVersionUnstable === true ? [each.apiKey] : [])))
  unstable.delete(undefined)
  return definitions.flatMap((each) => createMessage(each, unstable.has(each.apiKey)) ?? [])
}

/**
 * Resolves a definition; `undefined` for headers, which are written by hand, and when no version is left.
 *
 * The latest version is left out when `isLatestUnstable`: only the request's definition says so.
 */
function createMessage(definition: MessageDefinition, isLatestUnstable: boolean): Message | undefined {
  const valid = parseVersions(definition.validVersions)
  if (valid === undefined || definition.type === 'header') return undefined
  // INVARIANT: a version that brokers offer only behind a flag is never decoded, so never advertised.
  const versions = { first: valid.first, last: valid.last - (isLatestUnstable ? 1 : 0) }
  const resolver = new StructResolver(definition, versions)
  const body = resolver.resolve(definition.name, definition.fields, versions)
  const { file, type, apiKey } = definition
  const flexible = intersect(versions, parseVersions(definition.flexibleVersions))
  return { file, type, apiKey, versions, flexible, body, structs: resolver.structs }
}

/** Links the struct types of one message. */
class StructResolver {
  readonly structs: Struct[] = []
  readonly #definition: MessageDefinition
  readonly #versions: VersionRange

  constructor(definition: MessageDefinition, versions: VersionRange) {
    this.#definition = definition
    this.#versions = versions
  }

  resolve(name: string, definitions: readonly FieldDefinition[], versions: VersionRange): Struct {
    const fields = definitions.flatMap((definition) => this.#field(definition, versions) ?? [])
    return { name, versions, fields }
  }

  #field(definition: FieldDefinition, outer: VersionRange): Field | undefined {
    const { name, about = '', type } = definition
    const versions = intersect(outer, parseVersions(definition.versions))
    if (versions === undefined) return undefined
    if (definition.flexibleVersions !== undefined) throw new Error(`${name}: flexibleVersions of a field`)
    const isArray = type.startsWith('[]')
    return {
      name: name.charAt(0).toLowerCase() + name.slice(1),
      about: about.trim(),
      element: this.#element(isArray ? type.slice(2) : type, definition, versions),
      isArray,
      versions,
      nullable: intersect(versions, parseVersions(definition.nullableVersions ?? 'none')),
      tag: resolveTag(definition, versions),
      default: definition.default === undefined ? undefined : String(definition.default),
      ignorable: definition.ignorable ?? false,
      entityType: definition.entityType,
    }
  }

  #element(type: string, definition: FieldDefinition, versions: VersionRange): ElementType {
    if (SCALARS.has(type)) return { scalar: type as ScalarName }
    return { struct: this.#struct(type, definition, versions) }
  }

  #struct(type: string, definition: FieldDefinition, versions: VersionRange): Struct {
    const name = type.startsWith(this.#definition.name) ? type : this.#definition.name + type
    const known = this.structs.find((struct) => struct.name === name)
    if (known !== undefined) return known
    const common = this.#definition.commonStructs?.find((struct) => struct.name === type)
    const fields = common?.fields ?? definition.fields
    if (fields === undefined) throw new Error(`${this.#definition.file}: type ${type} is unknown`)
    // INVARIANT: a shared struct lives in every version of the message that any of its users lives in.
    const struct = this.resolve(name, fields, common === undefined ? versions : this.#versions)
    this.structs.push(struct)
    return struct
  }
}

function resolveTag(definition: FieldDefinition, versions: VersionRange): Field['tag'] {
  if (definition.tag === undefined) return undefined
  const tagged = intersect(versions, parseVersions(definition.taggedVersions ?? 'none'))
  if (tagged === undefined) throw new Error(`${definition.name}: tag without versions`)
  if (tagged.first !== versions.first || tagged.last !== versions.last) {
    throw new Error(`${definition.name}: tagged in a part of its versions only`)
  }
  return { number: definition.tag, versions: tagged }
}
