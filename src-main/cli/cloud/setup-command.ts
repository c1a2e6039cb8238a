// headroom cloud setup: prints what an account needs for cloud runs, and applies nothing.
import { cloudSettingsSchema } from '../../../src-shared/cloud/cloud-settings.ts'
import { HeadroomError } from '../../../src-shared/run/errors.ts'
import { identifyCaller } from '../../cloud/account/connection.ts'
import type { SetupFormat } from '../../../src-shared/cloud/setup-formats.ts'
import { renderSetup } from '../../cloud/setup/render-setup.ts'
import { planSetup } from '../../cloud/setup/setup-plan.ts'
import { print } from '../terminal.ts'
import { withConnection } from './connection.ts'
import type { ConnectionOptions } from './launch-options.ts'

export interface SetupOptions extends ConnectionOptions {
  readonly format: SetupFormat
  readonly account?: string
  readonly bucket: string
  readonly prefix: string
  readonly forecasts: string
  readonly roleName: string
  readonly kmsKey?: string
  readonly vpc?: boolean
  readonly spark?: boolean
}

export const runSetup = async (options: SetupOptions): Promise<void> => {
  const { account, region } =
    options.account !== undefined && options.region !== undefined
      ? { account: options.account, region: options.region }
      : await withConnection(options, {}, (connection) => identifyCaller(connection))
  const plan = planSetup({
    account,
    region,
    bucket: options.bucket,
    prefix: options.prefix,
    forecastsPrefix: options.forecasts.replace(/^\/+|\/+$/g, ''),
    roleName: options.roleName,
    kmsKeyArn: options.kmsKey,
    usesVpc: options.vpc === true,
    usesSpark: options.spark === true,
  })
  const checked = cloudSettingsSchema.safeParse({ bucket: plan.bucket, prefix: plan.prefix, roleArn: plan.roleArn })
  const problem =
    checked.error?.issues[0]?.message ??
    (/^\d{12}$/.test(account) ? undefined : 'An account ID has 12 digits.') ??
    (/^[\w+=,.@-]{1,60}$/.test(plan.roleName) ? undefined : 'A role name has up to 60 letters, digits and + = , . @ - _.') ??
    (/^[\w!.*'()/-]+$/.test(plan.forecastsPrefix) ? undefined : 'A prefix is a path of plain names.') ??
    (plan.kmsKeyArn === undefined || /^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/[\w-]+$/.test(plan.kmsKeyArn)
      ? undefined
      : 'The key is named by its ARN: arn:aws:kms:REGION:ACCOUNT:key/ID.')
  if (problem !== undefined) throw new HeadroomError('usage', problem, { next: 'See headroom cloud setup --help.' })
  print(renderSetup(plan, options.format).trimEnd())
}
