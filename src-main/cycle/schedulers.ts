// The schedulers that a plan can be written for.
export const schedulers = ['cron', 'systemd', 'task-scheduler'] as const
export type Scheduler = (typeof schedulers)[number]

export interface TimeOfDay {
  readonly hour: number
  readonly minute: number
}
