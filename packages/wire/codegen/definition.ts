/**
 * The shape of Kafka's message definitions: JSON with `//` comments.
 *
 * @module
 * @see Kafka `clients/src/main/resources/common/message/README.md`
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A field as a definition file writes it. */
export interface FieldDefinition {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly flexibleVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly ignorable?: boolean
  readonly mapKey?: boolean
  readonly entityType?: string
  readonly zeroCopy?: boolean
  readonly about?: string
  readonly fields?: readonly FieldDefinition[]
}

/** A struct that several fields of a message share. */
export interface StructDefinition {
  readonly name: string
  readonly versions: string
  readonly fields: readonly FieldDefinition[]
}

/** A definition file. */
export interface MessageDefinition {
  readonly file: string
  readonly name: string
  readonly type: 'request' | 'response' | 'header' | 'data'
  readonly apiKey?: number
  readonly listeners?: readonly string[]
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly latestVersionUnstable?: boolean
  readonly deprecatedVersions?: string
  readonly fields: readonly FieldDefinition[]
  readonly commonStructs?: readonly StructDefinition[]
}

const MESSAGE_KEYS = new Set(
  'apiKey type listeners name validVersions deprecatedVersions flexibleVersions latestVersionUnstable fields commonStructs'.split(
    ' ',
  ),
)
const FIELD_KEYS = new Set(
  'name type versions nullableVersions taggedVersions flexibleVersions tag default ignorable mapKey entityType zeroCopy about fields'.split(
    ' ',
  ),
)

/** Reads one definition; refuses members that this generator does not know, since they may change the encoding. */
function parseDefinition(file: string, text: string): MessageDefinition {
  const json = JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as Omit<MessageDefinition, 'file'>
  expectKeys(file, json, MESSAGE_KEYS)
  const structs = json.commonStructs ?? []
  for (const field of [...json.fields, ...structs.flatMap((struct) => struct.fields)]) checkField(file, field)
  return { file, ...json }
}

/** Reads every definition of a folder, in the order of their names. */
export function readDefinitions(folder: string): MessageDefinition[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  return files.sort().map((file) => parseDefinition(file, readFileSync(join(folder, file), 'utf8')))
}

function checkField(file: string, field: FieldDefinition): void {
  expectKeys(`${file}: ${field.name}`, field, FIELD_KEYS)
  for (const child of field.fields ?? []) checkField(file, child)
}

function expectKeys(where: string, value: object, known: ReadonlySet<string>): void {
  const unknown = Object.keys(value).filter((key) => !known.has(key))
  if (unknown.length > 0) throw new Error(`${where}: unknown member ${unknown.join(', ')}`)
}
