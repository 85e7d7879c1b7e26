import { join } from 'node:path'
import fc, { type Arbitrary } from 'fast-check'
import { readDefinitions } from '../../codegen/definition.ts'
import { createMessages, type Field, type Message, type ScalarName, type Struct } from '../../codegen/model.ts'
import { Reader } from '../primitives/reader.ts'
import { ZERO_UUID } from '../primitives/uuid.ts'
import { Writer } from '../primitives/writer.ts'
import { apiMessages } from '../registry.ts'

/** One direction of one version of an API, with a source of random messages. */
export interface MessageVersion {
  readonly name: string
  readonly apiKey: number
  readonly version: number
  readonly direction: 'request' | 'response'
  readonly arbitrary: Arbitrary<object>
  encode(message: object): Buffer
  decode(bytes: Buffer): object
}

const definitions: readonly Message[] = createMessages(
  readDefinitions(join(import.meta.dirname, '../../codegen/messages')),
)

/** Every generated message in every version. */
export function everyMessageVersion(): MessageVersion[] {
  return definitions.flatMap((message) => {
    const { apiKey, type } = message
    if (apiKey === undefined || (type !== 'request' && type !== 'response')) return []
    const { first, last } = message.versions
    return Array.from({ length: last - first + 1 }, (_, index) => messageVersion(message, apiKey, type, first + index))
  })
}

function messageVersion(
  message: Message,
  apiKey: number,
  direction: 'request' | 'response',
  version: number,
): MessageVersion {
  const spec = apiMessages.get(apiKey)
  if (spec === undefined) throw new TypeError(`api key ${apiKey} is not in the registry`)
  const [decode, encode] =
    direction === 'request' ? [spec.decodeRequest, spec.encodeRequest] : [spec.decodeResponse, spec.encodeResponse]
  return {
    name: `${message.body.name} v${version}`,
    apiKey,
    version,
    direction,
    arbitrary: structArbitrary(message.body, message, version) as Arbitrary<object>,
    encode: (value) => {
      const writer = new Writer()
      encode(writer, value, version)
      return writer.finish()
    },
    decode: (bytes) => {
      const reader = new Reader(bytes)
      const value = decode(reader, version)
      reader.expectEnd()
      return value
    },
  }
}

/** Tags that no version of any message defines. */
const unknownTags = fc
  .uniqueArray(fc.record({ tag: fc.integer({ min: 500, max: 0x7fffffff }), content: bytes() }), {
    selector: ({ tag }) => tag,
    maxLength: 2,
  })
  .map((tags) => (tags.length === 0 ? undefined : tags.toSorted((left, right) => left.tag - right.tag)))

function structArbitrary(struct: Struct, message: Message, version: number): Arbitrary<unknown> {
  const isFlexible =
    message.flexible !== undefined && version >= message.flexible.first && version <= message.flexible.last
  const fields = Object.fromEntries(struct.fields.map((field) => [field.name, fieldArbitrary(field, message, version)]))
  return fc.record({ ...fields, ...(isFlexible ? { unknownTags } : {}) })
}

function fieldArbitrary(field: Field, message: Message, version: number): Arbitrary<unknown> {
  if (version < field.versions.first || version > field.versions.last) return fc.constant(defaultOf(field))
  const element =
    'scalar' in field.element
      ? scalarArbitrary(field.element.scalar)
      : structArbitrary(field.element.struct, message, version)
  const value = field.isArray ? fc.array(element, { maxLength: 3 }) : element
  const isNullable = field.nullable !== undefined && version >= field.nullable.first && version <= field.nullable.last
  return isNullable ? fc.option(value, { freq: 4 }) : value
}

function defaultOf(field: Field): unknown {
  if (field.default === 'null') return null
  if (field.isArray) return []
  if ('struct' in field.element)
    return Object.fromEntries(field.element.struct.fields.map((inner) => [inner.name, defaultOf(inner)]))
  return scalarDefault(field.element.scalar, field.default)
}

function scalarDefault(scalar: ScalarName, text: string | undefined): unknown {
  if (scalar === 'bool') return text === 'true'
  if (scalar === 'uuid') return ZERO_UUID
  if (scalar === 'string') return text ?? ''
  if (scalar === 'bytes' || scalar === 'records') return Buffer.alloc(0)
  return scalar === 'int64' ? BigInt(text ?? '0') : Number(text ?? '0')
}

function bytes(): Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array))
}

function integer(bits: number): Arbitrary<number> {
  return fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })
}

function scalarArbitrary(scalar: ScalarName): Arbitrary<unknown> {
  return SCALARS[scalar]
}

const SCALARS: Readonly<Record<ScalarName, Arbitrary<unknown>>> = {
  bool: fc.boolean(),
  int8: integer(8),
  int16: integer(16),
  uint16: fc.integer({ min: 0, max: 0xffff }),
  int32: integer(32),
  uint32: fc.integer({ min: 0, max: 0xffffffff }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  float64: fc.double({ noNaN: true }),
  uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => Buffer.from(array).toString('base64url')),
  string: fc.string({ unit: 'grapheme', maxLength: 12 }),
  bytes: bytes(),
  records: bytes(),
}
