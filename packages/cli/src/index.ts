export { type CommandIo, ExitCode, type SignalName } from './command.ts'
export { runCommandLine } from './command-line.ts'
