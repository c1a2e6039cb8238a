// A cloud run in the window: credentials, checks, launch, log, notification and result; and its failures.
import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bucketName, filesBelow } from '../fixtures/cloud-cli-workspace.ts'
import { ensureLinkedEngine, type LinkedEngine } from '../fixtures/linked-engine.ts'
import { makeSampleFleet, type SampleRun } from '../fixtures/sample-run.ts'
import { rootKey } from '../simulator/account.ts'
import { AwsSimulator } from '../simulator/simulator.ts'
import { waitForHeatmap } from './chart-locators.ts'
import {
  cloudEnvironment,
  fillLaunchForm,
  launchChecked,
  launchCloudApp,
  openCloudView,
  submitMfaCode,
  toggleStep,
  writeMfaProfile,
} from './cloud-window.ts'
import { answerQuestions, launchApp, questionsOf, type LaunchedApp } from './launch-app.ts'
import { recordSecretChannels } from './secret-recorder.ts'

let engine: LinkedEngine
let simulator: AwsSimulator
let fleet: SampleRun
let window: LaunchedApp

beforeAll(async () => {
  engine = await ensureLinkedEngine()
  fleet = await makeSampleFleet(24)
}, 180_000)
afterAll(() => fleet.remove())
beforeEach(async () => {
  simulator = await AwsSimulator.start({ image: engine.image })
  simulator.addBucket(bucketName)
  simulator.account.quotas.set('ml.m5.large for processing job usage', 2)
})
afterEach(async () => {
  await window.close()
  await simulator.stop()
})

/** The notifications of the app. */
const recordNotifications = (app: LaunchedApp['app']) =>
  app.evaluate(({ Notification }) => {
    const shown: string[] = []
    Object.assign(globalThis, { shownNotifications: shown })
    Notification.isSupported = () => true
    Notification.prototype.show = function show(this: { title: string; body: string }) {
      shown.push(`${this.title}: ${this.body}`)
    }
  })
const shownNotifications = (app: LaunchedApp['app']) =>
  app.evaluate(() => (globalThis as unknown as { shownNotifications: string[] }).shownNotifications)

describe('the cloud view', () => {
  it('verifies credentials, runs checks, launches, follows, notifies and opens the run', async () => {
    window = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
    const { page, app } = window
    const recorder = await recordSecretChannels(window)
    await recordNotifications(app)
    await openCloudView(page)
    await page.getByRole('button', { name: 'Verify credentials' }).click()
    await page.getByTestId('caller').waitFor()
    expect(await page.getByTestId('caller').textContent()).toContain(
      'arn:aws:iam::123456789012:user/planner · account 123456789012 · eu-west-1',
    )
    await fillLaunchForm(page, fleet.forecasts)
    // A path that is typed was not chosen in a dialog.
    await answerQuestions(app, 1)
    await page.getByRole('button', { name: 'Run checks', exact: true }).click()
    await page.getByText(`${fleet.forecasts} was not uploaded.`).waitFor()
    await answerQuestions(app, 0)
    expect(await page.getByRole('button', { name: 'Launch', exact: true }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Run checks', exact: true }).click()
    // Done steps fold up, and say what they hold.
    await page.getByText(/^fleet\.parquet to s3:\/\/.*, at most 60 min and \$10/).waitFor()
    expect(await page.getByLabel('Bucket', { exact: true }).isVisible()).toBe(false)
    await page.getByRole('region', { name: 'Check', exact: true }).getByRole('heading').getByRole('button').click()
    await page.getByRole('list', { name: 'Checks' }).waitFor()
    const states = await page
      .locator('[data-check]')
      .evaluateAll((lines) => lines.map((line) => `${line.getAttribute('data-check')} ${line.getAttribute('data-state')}`))
    expect(states.filter((state) => !state.endsWith(' ok'))).toEqual([])
    expect(states.length).toBeGreaterThan(8)
    expect(await questionsOf(app)).toEqual([fleet.forecasts])
    await page.getByRole('button', { name: 'Launch', exact: true }).click()
    // The run opens by itself.
    await waitForHeatmap(page)
    expect(await shownNotifications(app)).toEqual([expect.stringMatching(/^Cloud run downloaded: headroom-\w+ is verified and open\.$/)])
    await page.getByRole('button', { name: 'Cloud', exact: true }).click()
    expect(await page.getByTestId('run-state').textContent()).toBe('Downloaded')
    expect(await page.getByText(/, cost below \$0\.01, estimated cost up to /).count()).toBe(1)
    expect(await page.getByRole('article').textContent()).toMatch(/peak memory \d\.\d GB/)
    expect(await page.getByLabel('Instance utilisation').textContent()).toMatch(
      /^CPU \(100 % per core\)\d+ % \(max \d+ %\)Memory\d+ % \(max \d+ %\)Disk\d+ % \(max \d+ %\)$/,
    )
    await page.getByLabel('Search log').fill('"type":"finished"')
    expect(await page.getByRole('log').locator('p').allTextContents()).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d algo-1 Finished after [\d.]+ s: 24 servers, \d+ at risk$/),
    ])
    const done = await page
      .getByRole('list', { name: 'Timeline' })
      .locator('li')
      .evaluateAll((steps) => steps.map((step) => step.getAttribute('data-done')))
    expect(done).toEqual(['true', 'true', 'true', 'true'])
    await page.getByRole('button', { name: 'List jobs' }).click()
    await expect.poll(() => page.getByRole('row').filter({ hasText: 'Completed' }).count()).toBe(1)
    expect([...simulator.account.jobs.values()].map(({ status }) => status)).toEqual(['Completed'])
    for (const expectedText of ['cloud.run', 'cloud.lines', 'cloud.launch', 'arn:aws:iam::123456789012:user/planner'])
      expect(await recorder.messages()).toContain(expectedText)
    // From the second time on one click is enough; the run stays in sight while another view is open.
    await page.getByRole('button', { name: 'Overview', exact: true }).click()
    const again = page.getByRole('button', { name: /^Run in the cloud/ })
    expect(await again.innerText()).toMatch(/up to \$\d+\.\d\d/)
    simulator.faults.addToNextJob({ kind: 'slow-start', milliseconds: 60_000 })
    await again.click()
    const dock = page.getByRole('region', { name: 'Cloud run', exact: true })
    await dock.getByText(/^headroom-/).waitFor()
    await dock.getByRole('button', { name: 'Log' }).click()
    await dock.getByRole('log').waitFor()
    expect(await page.getByRole('main', { name: 'Overview' }).isVisible()).toBe(true)
    expect(await again.isDisabled()).toBe(true)
    await dock.getByRole('button', { name: 'Details' }).click()
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('button', { name: 'Stop job' }).click()
    await page.getByText('The job was stopped before it completed.').waitFor()
    expect([...simulator.account.jobs.values()].map(({ status }) => status)).toEqual(['Completed', 'Stopped'])
    // A cost above the one on the button is not launched.
    await toggleStep(page, 'Job')
    await page.getByLabel('Max runtime (min)').fill('600')
    await page.getByRole('button', { name: 'Overview', exact: true }).click()
    await again.click()
    await page.getByRole('main', { name: 'Cloud' }).waitFor()
    await page.getByText(/^All checks passed/).waitFor()
    expect(simulator.account.jobs.size).toBe(2)
    expect(await recorder.found(simulator)).toEqual([])
  })

  it('reports failed checks with a fix, and refuses to launch', async () => {
    window = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
    const { page } = window
    await openCloudView(page)
    // The first word about an endpoint that swallows requests comes within ten seconds.
    simulator.faults.add({ kind: 'delay', operation: 'GetCallerIdentity', milliseconds: 7000 })
    const askedAt = Date.now()
    await page.getByRole('button', { name: 'Verify credentials' }).click()
    await page.getByText('Waiting for an answer from 127.0.0.1.').waitFor()
    expect(Date.now() - askedAt).toBeLessThan(10_000)
    await page.getByTestId('caller').waitFor()
    expect(await page.getByText('Waiting for an answer').count()).toBe(0)
    await fillLaunchForm(page, fleet.forecasts)
    await page.getByLabel('Bucket', { exact: true }).fill('no-such-bucket')
    await page.getByRole('button', { name: 'Run checks', exact: true }).click()
    const line = page.locator('[data-check="bucket"]')
    await line.waitFor()
    expect(await line.textContent()).toContain('There is no bucket no-such-bucket. Choose another bucket, or create it.')
    expect(await page.getByRole('button', { name: 'Launch', exact: true }).isDisabled()).toBe(true)
  })

  it('shows a failed job with its cause, and stops one after confirmation', async () => {
    simulator.faults.addToNextJob({ kind: 'capacity' })
    window = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
    const { page, app } = window
    await recordNotifications(app)
    await openCloudView(page)
    await fillLaunchForm(page, fleet.forecasts)
    await launchChecked(page)
    await page.getByText('AWS has no ml.m5.large available at the moment.').waitFor()
    expect(await page.getByTestId('run-state').textContent()).toBe('Failed')
    expect(await shownNotifications(app)).toHaveLength(1)
    simulator.faults.addToNextJob({ kind: 'slow-start', milliseconds: 60_000 })
    await page.getByRole('button', { name: 'Launch', exact: true }).click()
    await page.getByRole('button', { name: 'Stop', exact: true }).click()
    await page.getByRole('button', { name: 'Stop job' }).click()
    await page.getByText('The job was stopped before it completed.').waitFor()
    expect([...simulator.account.jobs.values()].map(({ status }) => status)).toEqual(['Failed', 'Stopped'])
  })

  it('sends key, network, tags and volume from the advanced fields, and refuses invalid ones', async () => {
    simulator.faults.addToNextJob({ kind: 'capacity' })
    window = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
    const { page } = window
    await openCloudView(page)
    await fillLaunchForm(page, fleet.forecasts)
    await page.getByText('Advanced', { exact: true }).click()
    await page.getByLabel('KMS key').fill('key-1')
    await page.getByLabel('Subnets').pressSequentially('subnet-1, subnet-2')
    await page.getByLabel('Tags').fill('team=capacity, stage')
    await page.getByLabel('Volume size (GB)').fill('77')
    await page.getByLabel('Network isolation').uncheck()
    const launch = page.getByRole('button', { name: 'Launch', exact: true })
    await page.getByLabel('Security groups').fill('a,b,c,d,e,f')
    await page.getByText('Enter up to 5 security group IDs of up to 32 characters each.').waitFor()
    expect(await launch.isDisabled()).toBe(true)
    await page.getByLabel('Security groups').fill('sg-1')
    await launchChecked(page)
    await page.getByText('AWS has no ml.m5.large available at the moment.').waitFor()
    const [job] = [...simulator.account.jobs.values()]
    expect(job!.request).toMatchObject({
      NetworkConfig: {
        EnableNetworkIsolation: false,
        VpcConfig: { Subnets: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
      },
      ProcessingOutputConfig: { KmsKeyId: 'key-1' },
      ProcessingResources: { ClusterConfig: { VolumeSizeInGB: 77, VolumeKmsKeyId: 'key-1' } },
      Tags: [expect.anything(), { Key: 'team', Value: 'capacity' }, { Key: 'stage', Value: '' }],
    })
  })

  it('writes no crash dump', async () => {
    window = await launchCloudApp({ env: cloudEnvironment(simulator, engine) })
    const { page, app, folder } = window
    await openCloudView(page)
    await page.getByRole('button', { name: 'Verify credentials' }).click()
    await page.getByTestId('caller').waitFor()
    // First the page crashes, then the app.
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]!.webContents.forcefullyCrashRenderer())
    const exited = new Promise((resolve) => app.process().once('exit', resolve))
    await app.evaluate(() => process.crash()).catch(() => undefined)
    await exited
    // A separate process writes the dump a little later.
    await pause(500)
    const files = [...(await filesBelow(folder))]
    expect(files.length).toBeGreaterThan(0)
    expect(files.map(([name]) => name).filter((name) => /\.m?dmp$/.test(name))).toEqual([])
    for (const secret of [rootKey.secret, rootKey.id]) {
      expect(files.filter(([, content]) => content.includes(secret)).map(([name]) => name)).toEqual([])
    }
  })

  it('requests the MFA code in every view, and launches with it', async () => {
    simulator.faults.addToNextJob({ kind: 'capacity' })
    const env = { ...cloudEnvironment(simulator, engine), ...(await writeMfaProfile(fleet.folder, simulator)) }
    window = await launchCloudApp({ env })
    const { page } = window
    await openCloudView(page)
    await fillLaunchForm(page, fleet.forecasts)
    await page.getByLabel('Profile').selectOption('careful')
    await page.getByRole('button', { name: 'Run checks', exact: true }).click()
    await page.getByRole('dialog', { name: 'MFA code' }).waitFor()
    await page.locator('.sidebar-button[data-view="start"]').click()
    await page.getByRole('main', { name: 'Start' }).waitFor()
    expect(simulator.account.jobs.size).toBe(0)
    await submitMfaCode(page)
    await page.getByRole('button', { name: 'Cloud', exact: true }).click()
    await page.getByRole('button', { name: 'Launch', exact: true }).click()
    await page.getByText('AWS has no ml.m5.large available at the moment.').waitFor()
    expect(simulator.account.jobs.size).toBe(1)
  })

  it('signs in through the browser, and requests the code of an MFA device', async () => {
    const aws = join(fleet.folder, 'aws')
    await mkdir(join(aws, 'home'), { recursive: true })
    const files = await writeMfaProfile(aws, simulator)
    const session = [
      '',
      '[profile sso]',
      'region = eu-west-1',
      'sso_session = corp',
      'sso_account_id = 123456789012',
      'sso_role_name = Capacity',
      '[sso-session corp]',
      'sso_start_url = https://corp.example/start',
      'sso_region = eu-west-1',
    ]
    await appendFile(files['AWS_CONFIG_FILE']!, session.join('\n'))
    window = await launchApp({
      env: { AWS_ENDPOINT_URL: simulator.endpoint, AWS_EC2_METADATA_DISABLED: 'true', HOME: join(aws, 'home'), ...files },
    })
    const { page, app } = window
    const recorder = await recordSecretChannels(window)
    // The confirmation dialog, then the browser in which the user agrees.
    await app.evaluate(({ dialog, shell }) => {
      const questions: string[] = []
      Object.assign(globalThis, { questions })
      const answer = async (...args: unknown[]): Promise<{ response: number; checkboxChecked: boolean }> => {
        questions.push((args.at(-1) as { message: string }).message)
        return { response: 0, checkboxChecked: false }
      }
      dialog.showMessageBox = answer
      shell.openExternal = async (url) => {
        if (questions.length === 0) throw new Error('No confirmation dialog was shown.')
        await fetch(url)
      }
    })
    await openCloudView(page)
    await page.getByLabel('Profile').selectOption('careful')
    await page.getByRole('button', { name: 'Verify credentials' }).click()
    await submitMfaCode(page)
    await page.getByTestId('caller').getByText('assumed-role/Planner').waitFor()
    await toggleStep(page, 'Account')
    await page.getByLabel('Profile').selectOption('sso')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByTestId('caller').getByText('AWSReservedSSO_Capacity').waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
    // The keys of user, assumed role and sign-in; the token is only in the cache of the AWS CLI.
    expect(simulator.account.keys.size).toBe(3)
    simulator.signIn.accounts = [...simulator.signIn.accounts, { id: '210987654321', name: 'Sandbox', roles: ['Planner', 'ReadOnly'] }]
    await toggleStep(page, 'Account')
    await page.getByRole('button', { name: 'Browse accounts and roles' }).click()
    await page.getByRole('option', { name: 'Sandbox 210987654321/' }).click()
    await page.getByRole('option', { name: 'ReadOnly' }).click()
    expect(await page.getByLabel('Profile').inputValue()).toBe('sso@210987654321/ReadOnly')
    await page.getByRole('button', { name: 'Verify credentials' }).click()
    await page.getByTestId('caller').getByText('210987654321:assumed-role/AWSReservedSSO_ReadOnly').waitFor()
    expect(await recorder.found(simulator)).toEqual([])
    const { host } = new URL(simulator.endpoint)
    expect(await app.evaluate(() => Reflect.get(globalThis, 'questions') as string[])).toEqual([`Open ${host} in your browser?`])
  })
})
