// `npm run docs:figures`: writes docs/figures.md from the schemas of the artefacts and the sources of the figures.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runnerImport } from 'vite'
import { figuresPage } from './figures/figures-page.mjs'
import { projectFolder } from './setup/project-folders.mjs'

/** @param {string} name */
const importArtefact = async (name) => {
  const path = join(projectFolder, 'src-shared', 'artefacts', name)
  return (await runnerImport(path, { configFile: false, root: projectFolder, logLevel: 'error' })).module
}

const { serverRiskRowSchema } = await importArtefact('server-risk.ts')
const { runSummarySchema } = await importArtefact('run-summary.ts')
const { recommendationsFileSchema } = await importArtefact('recommendations.ts')
const { modelAccuracySchema } = await importArtefact('model-accuracy.ts')
const { capacityReportSchema } = await importArtefact('capacity.ts')
const page = figuresPage({
  serverRisk: serverRiskRowSchema,
  summary: runSummarySchema,
  recommendations: recommendationsFileSchema,
  modelAccuracy: modelAccuracySchema,
  capacity: capacityReportSchema,
})
writeFileSync(join(projectFolder, 'docs', 'figures.md'), page)
