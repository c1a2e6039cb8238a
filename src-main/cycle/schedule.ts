// A plan as an entry of the system's own scheduler: crontab, systemd or the Task Scheduler of Windows. Only text; nothing is installed.
import { dirname } from 'node:path'
import { escapeHtml } from '../../src-shared/chart-options/format.ts'
import { HeadroomError, toPlainSentence } from '../../src-shared/run/errors.ts'
import type { CyclePlan } from './cycle-plan.ts'
import type { Scheduler, TimeOfDay } from './schedulers.ts'

/** `program`: how this program is started, its arguments apart. `user`: who runs it under systemd. Throws usage for a path that would end a line of the entry. */
export const scheduleText = (
  scheduler: Scheduler,
  stated: CyclePlan,
  { hour, minute }: TimeOfDay,
  program: readonly string[],
  user: string,
): string => {
  const plan = { ...stated, name: toPlainSentence(stated.name).replace(/\\+$/, '') }
  const command = [...program, 'cycle', plan.file, '--quiet']
  if (command.some((part) => /\p{Cc}/u.test(part)))
    throw new HeadroomError('usage', 'The path of the plan holds a line break or another control character.', {
      next: 'Rename its folder or file.',
    })
  const secrets = variablesOf(plan)
  const time = `${pad(hour)}:${pad(minute)}`
  if (scheduler === 'cron') return cronText(command, secrets, { hour, minute })
  if (scheduler === 'systemd') return systemdText(plan, command, secrets, time, toPlainSentence(user))
  return taskText(plan, command, time)
}

const pad = (value: number): string => String(value).padStart(2, '0')

/** Names of the variables that the plan reads, in order. */
const variablesOf = ({ outputs }: CyclePlan): readonly string[] => {
  const texts = outputs.map((output) => (output.kind === 'webhook' ? output.url : output.kind === 'mail' ? (output.password ?? '') : ''))
  return [...new Set(texts.flatMap((text) => [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!)))].sort()
}

/** In crontab(5) a percent sign ends the command unless it is escaped. */
const cronText = (command: readonly string[], secrets: readonly string[], { hour, minute }: TimeOfDay): string => {
  const quoted = command.map((part) => `'${part.replaceAll("'", "'\\''").replaceAll('%', '\\%')}'`)
  return [...secrets.map((name) => `# Needs a line ${name}=... before it.`), `${minute} ${hour} * * * ${quoted.join(' ')}`, ''].join('\n')
}

/** systemd.syntax(7) and systemd.service(5): percent signs and dollars are doubled. */
const systemdText = (
  { name, file }: CyclePlan,
  command: readonly string[],
  secrets: readonly string[],
  time: string,
  user: string,
): string => {
  const quoted = command.map(
    (part) => `"${part.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`,
  )
  const title = `Headroom: ${name.replaceAll('%', '%%')}`
  return [
    '# /etc/systemd/system/headroom-cycle.service',
    '[Unit]',
    `Description=${title}`,
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    'Type=oneshot',
    '# Reads the inputs, and writes history and outputs.',
    `User=${user.replaceAll('%', '%%')}`,
    `WorkingDirectory=${dirname(file).replaceAll('%', '%%')}`,
    ...(secrets.length === 0 ? [] : [`# Holds ${secrets.map((secret) => `${secret}=...`).join(', ')}; readable by root alone.`]),
    ...(secrets.length === 0 ? [] : ['EnvironmentFile=/etc/headroom-cycle.env']),
    `ExecStart=${quoted.join(' ')}`,
    '',
    '# /etc/systemd/system/headroom-cycle.timer',
    '[Unit]',
    `Description=${title}`,
    '',
    '[Timer]',
    `OnCalendar=*-*-* ${time}:00`,
    'Persistent=true',
    '',
    '[Install]',
    'WantedBy=timers.target',
    '',
  ].join('\n')
}

/** Schema of the Task Scheduler, version 1.2. A start that was missed is made up for; two never run at once. */
const taskText = ({ name, file }: CyclePlan, [program, ...values]: readonly string[], time: string): string => {
  const quoted = values.map((part) => (/[\s"]/.test(part) ? `"${part.replaceAll('"', '\\"')}"` : part))
  return `<?xml version="1.0"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>${escapeHtml(`Headroom: ${name}`)}</Description>
  </RegistrationInfo>
  <Triggers>
    <CalendarTrigger>
      <StartBoundary>2020-01-01T${time}:00</StartBoundary>
      <ScheduleByDay>
        <DaysInterval>1</DaysInterval>
      </ScheduleByDay>
    </CalendarTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <StartWhenAvailable>true</StartWhenAvailable>
  </Settings>
  <Actions>
    <Exec>
      <Command>${escapeHtml(program!)}</Command>
      <Arguments>${escapeHtml(quoted.join(' '))}</Arguments>
      <WorkingDirectory>${escapeHtml(dirname(file))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
`
}
