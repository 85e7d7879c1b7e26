/** What differs between two runs of the same program whatever it imports, and what stands for it in a transcript. */
const NORMALISED: readonly { readonly what: string; readonly pattern: RegExp; readonly as: string }[] = [
  {
    what: 'member ids, which the broker makes from the client id and a random one',
    pattern: /\b[\w-]+-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g,
    as: '<member>',
  },
  { what: 'moments, in milliseconds', pattern: /"1[789]\d{11}"/g, as: '"<time>"' },
  { what: 'addresses of brokers', pattern: /"host":"[\w.]+","nodeId":(\d+),"port":\d+/g, as: '"nodeId":$1' },
  {
    what: 'the host of a member of a group: what brokers see is the gateway',
    pattern: /"clientHost":"[/\w.]*"/g,
    as: '"clientHost":"<host>"',
  },
]

/** Members that kafkajs's objects have and that no type of it declares: they lead to raw records, and are not copied. */
const UNDECLARED = [
  'batchContext',
  'fetchedOffset',
  'isControlRecord',
  'magicByte',
  'messagesWithinOffset',
  'rawMessages',
]
const HEX_FROM = /[^\x20-\x7e]/

function plain(_: string, value: unknown): unknown {
  if (value instanceof Map || value instanceof Set) return [...value]
  if (typeof value === 'function') return '<function>'
  const bytes = value as { readonly type?: unknown; readonly data?: unknown } | null
  // A Buffer has become this by its own toJSON.
  if (bytes?.type === 'Buffer' && Array.isArray(bytes.data)) {
    const buffer = Buffer.from(bytes.data as number[])
    const text = buffer.toString('utf8')
    return HEX_FROM.test(text) ? `0x${buffer.toString('hex')}` : text
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  // The order of members is not part of an interface.
  const declared = Object.entries(value).filter(([name]) => !UNDECLARED.includes(name))
  return Object.fromEntries(declared.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function describe(error: unknown): object {
  const { name, message, retriable, type, code } = error as Record<string, unknown>
  return { error: name, message, retriable, type, code }
}

/** What a program prints, in lines that can be compared, and the methods that it called. */
export class Transcript {
  readonly lines: string[] = []
  /** `producer.send` and the like. */
  readonly called: Set<string> = new Set()

  say(label: string, value: unknown): void {
    const text = JSON.stringify(value, plain) ?? 'undefined'
    this.lines.push(`${label}: ${NORMALISED.reduce((line, { pattern, as }) => line.replace(pattern, as), text)}`)
  }

  /** Prints what comes of a call: what it gives, or its error. */
  async attempt<T>(label: string, call: () => T | Promise<T>): Promise<T | undefined> {
    try {
      const value = await call()
      this.say(label, value)
      return value
    } catch (error) {
      this.say(label, describe(error))
      return undefined
    }
  }

  /** The same object, whose calls are kept. */
  watch<T extends object>(name: string, object: T): T {
    return new Proxy(object, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key)
        if (typeof member !== 'function') return member
        this.called.add(`${name}.${String(key)}`)
        return member.bind(target)
      },
    })
  }
}
