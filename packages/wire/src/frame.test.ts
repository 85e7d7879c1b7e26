import { describe, expect, test } from 'vitest'
import { DEFAULT_MAX_FRAME_BYTES, encodeRequestFrame, encodeResponseFrame, FrameReader } from './frame.ts'
import { decodeRequestHeader, decodeResponseHeader } from './header.ts'
import { decodeMetadataRequest, defaultMetadataRequest, encodeMetadataRequest } from './messages/03-metadata.ts'
import { Reader } from './primitives/reader.ts'

const METADATA = 3
const API_VERSIONS = 18

function metadataFrame(apiVersion: number, clientId: string | null): Buffer {
  const header = { apiKey: METADATA, apiVersion, correlationId: 0x01020304, clientId }
  return encodeRequestFrame(header, (writer) => encodeMetadataRequest(writer, defaultMetadataRequest(), apiVersion))
}

describe('a request frame', () => {
  test('has its length, and a client id of int16 length in both header versions', () => {
    expect(metadataFrame(8, 'me').subarray(0, 16).toString('hex')).toBe(
      '00000013' + '0003' + '0008' + '01020304' + '00026d65',
    )
    expect(metadataFrame(9, 'me').subarray(12, 17).toString('hex')).toBe('00026d6500')
  })

  test.each([8, 12])('of version %i gives its header back, and where the body starts', (apiVersion) => {
    const frame = metadataFrame(apiVersion, null)
    const header = decodeRequestHeader(frame, 4)

    expect(header).toMatchObject({ apiKey: METADATA, apiVersion, correlationId: 0x01020304, clientId: null })
    const reader = new Reader(frame, header.bodyOffset)
    expect(decodeMetadataRequest(reader, apiVersion)).toEqual(defaultMetadataRequest())
    expect(() => reader.expectEnd()).not.toThrow()
  })

  test('of a version that no codec knows still gives its header', () => {
    const frame = Buffer.from('0012' + '7fff' + '00000007' + 'ffff' + '00', 'hex')

    expect(decodeRequestHeader(frame)).toMatchObject({ apiVersion: 0x7fff, correlationId: 7, bodyOffset: frame.length })
  })

  test('of an api key that is unknown, or cut anywhere, gives a coded error [wire-hostile]', () => {
    const frame = metadataFrame(12, 'me')

    expect(() => decodeRequestHeader(Buffer.from('7000000000000001ffff', 'hex'))).toThrow(
      expect.objectContaining({ code: 'ERR_WIRE_UNKNOWN_API_KEY' }),
    )
    for (let end = 4; end < 17; end++) {
      expect(() => decodeRequestHeader(frame.subarray(0, end), 4)).toThrow(
        expect.objectContaining({ code: 'ERR_WIRE_SHORT_READ' }),
      )
    }
  })
})

test('a response frame has tagged fields in its header from the flexible version on, but never for ApiVersions', () => {
  const body = (): void => {}

  expect(encodeResponseFrame(METADATA, 8, 5, body).toString('hex')).toBe('0000000400000005')
  expect(encodeResponseFrame(METADATA, 9, 5, body).toString('hex')).toBe('000000050000000500')
  expect(encodeResponseFrame(API_VERSIONS, 4, 5, body).toString('hex')).toBe('0000000400000005')
  expect(decodeResponseHeader(METADATA, 9, encodeResponseFrame(METADATA, 9, 5, body), 4)).toEqual({
    correlationId: 5,
    bodyOffset: 9,
  })
})

describe('the frame reader', () => {
  const frames = ['', 'a', 'some bytes', 'x'.repeat(300)].map((text) => Buffer.from(text))
  const stream = Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(frame.length)
      return [length, frame]
    }),
  )

  test('gives the same frames however the stream is cut', () => {
    for (let size = 1; size <= stream.length; size++) {
      const reader = new FrameReader()
      const found: Buffer[] = []
      for (let at = 0; at < stream.length; at += size) found.push(...reader.push(stream.subarray(at, at + size)))

      expect(found).toEqual(frames)
      expect(reader.heldBytes).toBe(0)
    }
  })

  test('gives a frame that lies in one chunk as a view of it', () => {
    const [, frame] = new FrameReader().push(stream)

    expect(frame?.buffer).toBe(stream.buffer)
  })

  test('refuses a length at its fourth byte, before anything is held for it [wire-hostile]', () => {
    const reader = new FrameReader(1000)

    expect(reader.push(Buffer.from('000003', 'hex'))).toEqual([])
    expect(() => reader.push(Buffer.from('e9', 'hex'))).toThrow(
      expect.objectContaining({
        code: 'ERR_WIRE_FRAME_TOO_LARGE',
        details: { frameBytes: 1001, maxFrameBytes: 1000 },
      }),
    )
    expect(() => new FrameReader().push(Buffer.from('ffffffff', 'hex'))).toThrow(
      expect.objectContaining({ code: 'ERR_WIRE_INVALID_LENGTH' }),
    )
  })

  test('holds no more than has come of a frame that announces the largest size [wire-hostile]', () => {
    const length = Buffer.alloc(4)
    length.writeInt32BE(DEFAULT_MAX_FRAME_BYTES)
    const before = process.memoryUsage().arrayBuffers
    const reader = new FrameReader()
    reader.push(length)
    reader.push(Buffer.alloc(10))

    expect(reader.heldBytes).toBe(14)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024)
  })
})
