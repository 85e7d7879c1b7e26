import { spawn } from 'node:child_process'
import type { CommandIo } from '../command.ts'

function openerOf(io: CommandIo): readonly string[] {
  const own = io.environment['BROWSER'] ?? ''
  if (own !== '') return [own]
  if (process.platform === 'darwin') return ['open']
  return process.platform === 'win32' ? ['rundll32', 'url.dll,FileProtocolHandler'] : ['xdg-open']
}

/** Asks the system, or the program that BROWSER names, to open an address; that it cannot is told, and ends nothing. */
export function openBrowser(io: CommandIo, address: string): void {
  const url = URL.parse(address)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return
  const [program = '', ...args] = openerOf(io)
  const opener = spawn(program, [...args, url.href], { stdio: 'ignore', detached: true })
  opener.once('error', () => io.writeError(`no browser could be opened by \`${program}\`: open the address yourself\n`))
  opener.unref()
}
