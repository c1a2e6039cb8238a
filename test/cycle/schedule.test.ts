// Entries of schedulers, with the characters that each of them reads in its own way.
import { expect, test } from 'vitest'
import type { CyclePlan } from '../../src-main/cycle/cycle-plan.ts'
import { scheduleText } from '../../src-main/cycle/schedule.ts'

const plan = {
  name: 'Pay & 100 %',
  file: "/srv/it's 5%/plan.yaml",
  outputs: [
    { kind: 'metrics', file: '/var/a.prom' },
    { kind: 'webhook', service: 'slack', url: 'https://hooks.example.com/${SLACK}/${SLACK}', when: 'always' },
    { kind: 'mail', password: '${SMTP}' },
  ],
} as unknown as CyclePlan
const program = ['/usr/bin/node', '/opt/$x/cli.cjs']
const at = { hour: 2, minute: 5 }

test('cron', () => {
  expect(scheduleText('cron', plan, at, program, 'ada')).toBe(
    `# Needs a line SLACK=... before it.
# Needs a line SMTP=... before it.
5 2 * * * '/usr/bin/node' '/opt/$x/cli.cjs' 'cycle' '/srv/it'\\''s 5\\%/plan.yaml' '--quiet'
`,
  )
})

test('systemd', () => {
  const text = scheduleText('systemd', plan, at, program, 'ada')
  expect(text).toContain(`Description=Headroom: Pay & 100 %%
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
# Reads the inputs, and writes history and outputs.
User=ada
WorkingDirectory=/srv/it's 5%%
# Holds SLACK=..., SMTP=...; readable by root alone.
EnvironmentFile=/etc/headroom-cycle.env
ExecStart="/usr/bin/node" "/opt/$$x/cli.cjs" "cycle" "/srv/it's 5%%/plan.yaml" "--quiet"
`)
  expect(text).toContain('OnCalendar=*-*-* 02:05:00\nPersistent=true\n')
})

test('the Task Scheduler', () => {
  const text = scheduleText(
    'task-scheduler',
    { ...plan, file: 'C:\\Plans of a\\plan.yaml' },
    at,
    ['C:\\Program Files\\node.exe', 'C:\\cli.cjs'],
    'ada',
  )
  expect(text).toContain('<StartBoundary>2020-01-01T02:05:00</StartBoundary>')
  expect(text).toContain('<Description>Headroom: Pay &#38; 100 %</Description>')
  expect(text).toContain('<Command>C:\\Program Files\\node.exe</Command>')
  expect(text).toContain('<Arguments>C:\\cli.cjs cycle &#34;C:\\Plans of a\\plan.yaml&#34; --quiet</Arguments>')
})

test('an entry holds no secret line for a plan without one', () => {
  const bare = { ...plan, outputs: [] }
  expect(scheduleText('cron', bare, at, program, 'ada')).not.toContain('#')
  expect(scheduleText('systemd', bare, at, program, 'ada')).not.toContain('EnvironmentFile')
})

test.each(['cron', 'systemd', 'task-scheduler'] as const)('no name or path adds a line to an entry of %s', (scheduler) => {
  const lines = (text: string): number => text.split('\n').length
  const evil = { ...plan, name: 'a\nExecStartPre=/bin/evil\\' }
  expect(lines(scheduleText(scheduler, evil, at, program, 'ada'))).toBe(lines(scheduleText(scheduler, plan, at, program, 'ada')))
  expect(scheduleText(scheduler, evil, at, program, 'ada')).not.toMatch(/^ExecStartPre|\\$/m)
  expect(() => scheduleText(scheduler, { ...plan, file: '/data/a\n* * * * * evil/plan.yaml' }, at, program, 'ada')).toThrow(
    'control character',
  )
})
