import type { LogFields, LogPort } from '@headgate/core'
import { recordForSweep } from '../sweep/recorder.ts'

/** One line that a gateway wrote. */
export interface LogLine extends LogFields {
  readonly level: string
  readonly message: string
}

/** A log port that keeps its lines, and the lines. */
export interface LogCollector {
  readonly port: LogPort
  readonly lines: LogLine[]
}

/** Collects log lines; `tell`, where given, hears each of them too. */
export function collectLog(tell?: (line: LogLine) => void): LogCollector {
  const lines: LogLine[] = []
  const at = (level: string) => (fields: LogFields, message: string) => {
    const line = { ...fields, level, message }
    lines.push(line)
    recordForSweep('log', JSON.stringify(line))
    tell?.(line)
  }
  return { lines, port: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } }
}
