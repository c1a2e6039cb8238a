// The commands of shared decisions: list, add, merge.
import { Option, type Command } from 'commander'
import { recommendationKinds } from '../../src-shared/artefacts/server-risk.ts'
import { lineVerdicts } from '../notes/decision-log.ts'
import { withConnection } from './cloud-commands.ts'
import { exampleText, parseDay, sharedOptions } from './options.ts'

const examples = {
  list: ['decisions list runs', 'decisions list s3://bucket/runs/'],
  add: [
    'decisions add runs --server web-1 --recommendation "add capacity" --decision accepted --until 2027-01-15',
    'decisions add runs --server web-2 --recommendation retire --decision dismissed --reason "needed in spring" --until 2027-03-01',
  ],
  merge: ['decisions merge runs decisions-of-ada.jsonl'],
} as const

const folderArgument = 'history, run folder, file of JSON lines, or s3:// prefix'

export const addDecisionCommands = (program: Command): void => {
  const decisions = program.command('decisions').description('Accept, dismiss and follow recommendations together with other planners')

  withConnection(decisions.command('list', { isDefault: true }))
    .addHelpText('before', exampleText(examples.list))
    .description('List what is decided, and where planners differ')
    .argument('<folder>', folderArgument)
    .addOption(sharedOptions.asOf())
    .action(async (folder: string, options) => (await import('./decisions-command.ts')).listDecisions(folder, options))

  withConnection(decisions.command('add'))
    .addHelpText('before', exampleText(examples.add))
    .description('Add a decision about one recommendation')
    .argument('<folder>', folderArgument)
    .requiredOption('--server <name>', 'server that the recommendation is for')
    .addOption(new Option('--recommendation <kind>', 'what is recommended').choices(recommendationKinds).makeOptionMandatory())
    .addOption(new Option('--decision <verdict>', 'what is decided').choices(lineVerdicts).makeOptionMandatory())
    .option('--reason <text>', 'why; required with dismissed', '')
    .option('--until <day>', 'with accepted: due by this day; with dismissed: comes back on this day', parseDay)
    .option('--by <name>', 'who decides (default: the name of the system user)')
    .action(async (folder: string, options) => (await import('./decisions-command.ts')).addDecision(folder, options))

  withConnection(decisions.command('merge'))
    .addHelpText('before', exampleText(examples.merge))
    .description('Add the decisions of other files that are not there yet')
    .argument('<folder>', folderArgument)
    .argument('<other...>', 'histories, run folders, files or s3:// prefixes to read')
    .addOption(sharedOptions.quiet())
    .action(async (folder: string, others: string[], options) =>
      (await import('./decisions-command.ts')).mergeIntoDecisions(folder, others, options),
    )
}
