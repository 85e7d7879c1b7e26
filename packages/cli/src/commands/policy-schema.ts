import { policyJsonSchema } from '@headgate/policy'
import { type CommandDefinition, ExitCode } from '../command.ts'

/** `headgate policy schema` */
export const definePolicySchema: CommandDefinition = (parent, select) => {
  parent
    .command('schema')
    .description('print the JSON Schema of policy files, for editors')
    .action(() =>
      select(async (io) => {
        io.writeOut(`${JSON.stringify(policyJsonSchema(), null, 2)}\n`)
        return ExitCode.Ok
      }),
    )
}
