import { isHeadgateError } from '@headgate/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Compression, compress, decompress } from './compression.ts'

const RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 60)
const LONG_MS = 120_000
const MIB = 1024 * 1024
const XERIAL = '82534e415050590000000001' + '00000001'

/** The code of the error; any other error fails the test. */
function outcome(codec: number, bytes: Buffer, maxBytes: number): string {
  try {
    return `${decompress(codec, bytes, maxBytes).length} bytes`
  } catch (error) {
    if (isHeadgateError(error) && error.code.startsWith('ERR_COMPRESSION_')) return error.code
    throw error
  }
}

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe.each(Object.entries(Compression))('%s', (name, codec) => {
  test('what was compressed comes back, no bytes at all and large ones in any order [wire-roundtrip]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 90_000 }), fc.integer({ min: 0, max: 12 }), (bytes, repeat) => {
        const plain = Buffer.concat(Array.from({ length: repeat }, () => Buffer.from(bytes)))

        expect(decompress(codec, compress(codec, plain), plain.length).equals(plain)).toBe(true)
        expect(decompress(codec, compress(codec, Buffer.alloc(0)), 0)).toHaveLength(0)
      }),
      { numRuns: 20 },
    )
  })

  test('text with repetitions at every distance comes back', () => {
    for (let distance = 1; distance < 70; distance += 1) {
      const word = Buffer.from(Array.from({ length: distance }, (_, n) => (n * 37 + distance) & 0xff))
      const plain = Buffer.concat(Array.from({ length: 9 }, () => word))

      expect(decompress(codec, compress(codec, plain), plain.length).equals(plain), `${distance}`).toBe(true)
    }
  })

  test('more than is allowed is refused, at the byte [wire-hostile]', () => {
    const compressed = compress(codec, Buffer.alloc(10_000_000, 'a'))

    expect(outcome(codec, compressed, 10_000_000)).toBe('10000000 bytes')
    expect(outcome(codec, compressed, 9_999_999)).toBe('ERR_COMPRESSION_TOO_LARGE')
    expect(outcome(codec, compressed, 0)).toBe('ERR_COMPRESSION_TOO_LARGE')
  })

  test('a bomb allocates no more than is allowed [wire-hostile]', () => {
    if (name === 'none') return
    const bomb = compress(codec, Buffer.alloc(64 * MIB))
    const before = process.memoryUsage().arrayBuffers

    for (let n = 0; n < 20; n += 1) expect(outcome(codec, bomb, MIB)).toBe('ERR_COMPRESSION_TOO_LARGE')
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MIB)
  })

  test(
    'what is cut, changed or random gives a coded error or bytes, never anything else [wire-hostile]',
    () => {
      const whole = compress(codec, Buffer.from('{"customer":"c-1","total":42}'.repeat(40)))
      for (let cut = 0; cut < whole.length; cut += 1) outcome(codec, whole.subarray(0, cut), 5000)
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), fc.nat(255), (random, at, byte) => {
          const changed = Buffer.from(whole)
          changed[at % whole.length] = byte
          outcome(codec, changed, 5000)
          outcome(codec, Buffer.from(random), 5000)
        }),
        { numRuns: RUNS },
      )
    },
    LONG_MS,
  )

  test('an end too early is refused [wire-hostile]', () => {
    if (name === 'none') return
    const whole = compress(codec, Buffer.from('abcdefgh'.repeat(9000)))

    for (const cut of [0, 1, 5, 20, whole.length - 1]) {
      expect(outcome(codec, whole.subarray(0, cut), MIB), `${cut}`).toBe('ERR_COMPRESSION_INVALID')
    }
  })
})

test('a codec that Kafka does not know is refused both ways', () => {
  expect(() => compress(5, Buffer.alloc(1))).toThrow(expect.objectContaining({ code: 'ERR_COMPRESSION_UNSUPPORTED' }))
  expect(outcome(7, Buffer.alloc(1), 1)).toBe('ERR_COMPRESSION_UNSUPPORTED')
})

describe('snappy', () => {
  test('is written as xerial frames it, in blocks of 32 KiB', () => {
    const framed = compress(Compression.snappy, Buffer.alloc(70_000))
    const lengths: number[] = []
    for (let at = 16; at < framed.length; at += 4 + framed.readInt32BE(at)) lengths.push(framed.readInt32BE(at))

    expect(framed.subarray(0, 16).toString('hex')).toBe(XERIAL)
    expect(lengths).toHaveLength(3)
  })

  test.each([
    ['raw', '03 08 616263', '3 bytes'],
    ['of two blocks', `${XERIAL} 00000005 0308616263 00000003 010061`, '4 bytes'],
    ['without blocks', XERIAL, '0 bytes'],
    ['cut in its header', XERIAL.slice(0, -2), 'ERR_COMPRESSION_INVALID'],
    ['cut in a length', `${XERIAL} 000000`, 'ERR_COMPRESSION_INVALID'],
    ['with a length past the end', `${XERIAL} 00000009 010061`, 'ERR_COMPRESSION_INVALID'],
    ['with a negative length', `${XERIAL} ffffffff 010061`, 'ERR_COMPRESSION_INVALID'],
    ['with a block of nothing', `${XERIAL} 00000000`, 'ERR_COMPRESSION_INVALID'],
    ['that gives less than it says', '04 08 616263', 'ERR_COMPRESSION_INVALID'],
    ['that gives more than it says', '02 08 616263', 'ERR_COMPRESSION_INVALID'],
    ['that copies from before its start', '08 0061 0d02', 'ERR_COMPRESSION_INVALID'],
    ['that says more than could come out', '808040 00 61', 'ERR_COMPRESSION_INVALID'],
    ['that says more than is allowed', `c0843d ${'00'.repeat(60_000)}`, 'ERR_COMPRESSION_TOO_LARGE'],
    ['whose size is no number', 'ffffffffff', 'ERR_COMPRESSION_INVALID'],
  ])('%s', (_, text, expected) => {
    expect(outcome(Compression.snappy, hex(text), 999_999)).toBe(expected)
  })

  test('many blocks of one byte end in one buffer, and their sum is known before any is inflated [wire-hostile]', () => {
    const block = hex('00000003 010061')
    const many = Buffer.concat([hex(XERIAL), Buffer.alloc(block.length * 100_000, block)])

    expect(outcome(Compression.snappy, many, 100_000)).toBe('100000 bytes')
    expect(outcome(Compression.snappy, many, 99_999)).toBe('ERR_COMPRESSION_TOO_LARGE')
  })
})

describe('lz4', () => {
  const HEAD = '04224d18 60 40 82'

  test.each([
    ['empty', `${HEAD} 00000000`, '0 bytes'],
    ['of a block that is not compressed', `${HEAD} 03000080 616263 00000000`, '3 bytes'],
    ['of literals alone', `${HEAD} 04000000 30 616263 00000000`, '3 bytes'],
    [
      'with a match that repeats itself',
      `${HEAD} 09000000 1f 61 0100 05 50 6162636465 00000000`,
      'ERR_COMPRESSION_INVALID',
    ],
    ['with a match, then literals', `${HEAD} 0b000000 1f 61 0100 05 50 6162636465 00000000`, '30 bytes'],
    ['that repeats what an earlier block gave', `${HEAD} 03000080 616263 05000000 00 0300 10 64 00000000`, '8 bytes'],
    ['with checksums of blocks', '04224d18 70 40 ad 03000080 616263 ffffffff 00000000', '3 bytes'],
    [
      'with content size and checksum',
      '04224d18 6c 40 0300000000000000 00 03000080 616263 00000000 ffffffff',
      '3 bytes',
    ],
    [
      'with a content checksum that is cut',
      '04224d18 64 40 a7 03000080 616263 00000000 ffff',
      'ERR_COMPRESSION_INVALID',
    ],
    ['followed by bytes', `${HEAD} 00000000 00`, 'ERR_COMPRESSION_INVALID'],
    ['without an end', `${HEAD} 03000080 616263`, 'ERR_COMPRESSION_INVALID'],
    ['of an unknown version', '04224d18 20 40 82 00000000', 'ERR_COMPRESSION_INVALID'],
    ['with a dictionary', '04224d18 61 40 00000000 82 00000000', 'ERR_COMPRESSION_INVALID'],
    ['of other magic', '04224d19 60 40 82 00000000', 'ERR_COMPRESSION_INVALID'],
    ['with a match at distance 0', `${HEAD} 05000000 10 61 0000 00 00000000`, 'ERR_COMPRESSION_INVALID'],
    ['with a match from before its start', `${HEAD} 05000000 10 61 0200 00 00000000`, 'ERR_COMPRESSION_INVALID'],
    ['with a length that never ends', `${HEAD} 04000000 f0 ffffff 00000000`, 'ERR_COMPRESSION_INVALID'],
    ['with literals past the block', `${HEAD} 03000000 90 6161 00000000`, 'ERR_COMPRESSION_INVALID'],
    ['with a block past the end', `${HEAD} ffffff7f 90 6161`, 'ERR_COMPRESSION_INVALID'],
  ])('%s', (_, text, expected) => {
    expect(outcome(Compression.lz4, hex(text), 1000)).toBe(expected)
  })

  test('is written in one frame of independent blocks without checksums, which every reader takes', () => {
    const frame = compress(Compression.lz4, Buffer.alloc(200_000, 'ab'))

    expect(frame.readUInt32LE(0)).toBe(0x184d2204)
    expect(frame[4]).toBe(0x60)
  })
})
