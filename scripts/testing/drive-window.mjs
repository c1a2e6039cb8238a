// Shared by scripts that drive the real window: run the command line, send requests, wait until everything is drawn.
import { spawn } from 'node:child_process'
import { cliFile } from '../setup/project-folders.mjs'

/** @param {string[]} args @returns {Promise<void>} */
export const headroom = (args) =>
  new Promise((done, fail) => {
    const child = spawn(process.execPath, [cliFile, ...args, '--quiet'], { stdio: ['ignore', 'ignore', 'inherit'] })
    child.on('exit', (code) => (code === 0 ? done() : fail(new Error(`${args.join(' ')} ended with ${code}`))))
  })

/** @param {import('playwright').Page} page */
export const waitUntilSettled = (page) =>
  page.waitForFunction(
    () => document.querySelectorAll('[aria-busy="true"], .chart[data-painted="false"], .chart-wait').length === 0,
    undefined,
    { timeout: 120_000 },
  )

/** The response that the page gets; throws its error. @param {import('playwright').Page} page @param {string} channel @param {unknown} payload */
export const request = (page, channel, payload) =>
  page.evaluate(
    async ([name, body]) => {
      const answer = await globalThis.headroom.request(name, body)
      if (!answer.ok) throw new Error(`${name}: ${answer.error.message}`)
      return answer.value
    },
    /** @type {const} */ ([channel, payload]),
  )
