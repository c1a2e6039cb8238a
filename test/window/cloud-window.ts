// The cloud view in window tests: an environment with only the simulated account, and a completed launch form.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { expect } from 'vitest'
import { bucketName } from '../fixtures/cloud-cli-workspace.ts'
import type { LinkedEngine } from '../fixtures/linked-engine.ts'
import { answerQuestions, launchApp, type LaunchedApp, type LaunchOptions } from './launch-app.ts'
import { rootKey } from '../simulator/account.ts'
import { mfaCode } from '../simulator/identity.ts'
import type { AwsSimulator } from '../simulator/simulator.ts'

/** `engine` is uploaded instead of the packed one. */
export const cloudEnvironment = (simulator: AwsSimulator, engine?: LinkedEngine) => ({
  ...simulator.environment,
  HEADROOM_ENGINE: engine?.folder ?? '',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent/config',
  AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
  HEADROOM_POLL_MS: '100',
})

/** The profile `careful`, whose role asks for the code of an MFA device; to be added to the environment of the app. */
export const writeMfaProfile = async (folder: string, simulator: AwsSimulator): Promise<Record<string, string>> => {
  const [config, credentials] = [join(folder, 'mfa-config'), join(folder, 'mfa-credentials')]
  const lines = [
    '[profile careful]',
    'region = eu-west-1',
    `role_arn = ${simulator.account.roles.get('Planner')!.arn}`,
    'source_profile = base',
    `mfa_serial = ${mfaDevice}`,
  ]
  await writeFile(config, lines.join('\n'))
  await writeFile(credentials, `[base]\naws_access_key_id = ${rootKey.id}\naws_secret_access_key = ${rootKey.secret}\n`)
  return { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: credentials }
}

const mfaDevice = 'arn:aws:iam::123456789012:mfa/phone'

export const submitMfaCode = async (page: Page): Promise<void> => {
  await page.getByLabel(`MFA code for ${mfaDevice}`).fill(mfaCode)
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** The user agrees to upload the files that a test types into the form. */
export const launchCloudApp = async (options: LaunchOptions): Promise<LaunchedApp> => {
  const window = await launchApp(options)
  await answerQuestions(window.app, 0)
  return window
}

export const openCloudView = async (page: Page): Promise<void> => {
  await page.getByRole('button', { name: 'Cloud', exact: true }).click()
  await page.getByRole('heading', { name: 'Run on Amazon SageMaker' }).waitFor()
}

/** `forecasts`: local path, or s3:// prefix. */
export const fillLaunchForm = async (page: Page, forecasts: string): Promise<void> => {
  await page.getByLabel('Forecasts', { exact: true }).fill(forecasts)
  await page.getByLabel('Bucket', { exact: true }).fill(bucketName)
  // The only role that SageMaker may assume.
  await page.getByRole('button', { name: 'Browse roles' }).click()
  await page.getByRole('listbox', { name: 'Browse roles' }).getByRole('option').click()
}

/** Runs the checks, which a launch needs, and launches. On a busy machine a check may find that the account does not answer: then once more, as a user would. */
export const launchChecked = async (page: Page): Promise<void> => {
  const step = page.getByRole('region', { name: 'Check', exact: true })
  const checks = page.getByRole('button', { name: 'Run checks', exact: true })
  const launch = page.getByRole('button', { name: 'Launch', exact: true })
  let found = ''
  for (let attempt = 0; attempt < 3; attempt++) {
    await checks.click()
    await expect.poll(() => checks.isEnabled()).toBe(true)
    if (await launch.isEnabled()) return launch.click()
    found = await step.innerText()
  }
  throw new Error(`The checks never passed: ${found}`)
}

/** Unfolds or folds a step of the launch form. */
export const toggleStep = (page: Page, title: 'Account' | 'Job'): Promise<void> =>
  page.getByRole('region', { name: title, exact: true }).getByRole('heading').getByRole('button').click()
