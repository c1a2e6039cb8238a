// `npm run docs:figures`: writes docs/figures.md from the schemas of the artefacts and the sources of the figures.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runnerImport } from 'vite'
import { figuresPage } from './figures/figures-page.mjs'
import { projectFolder } from './setup/project-folders.mjs'

const { module } = await runnerImport(join(projectFolder, 'src-shared', 'artefacts', 'server-risk.ts'), {
  configFile: false,
  root: projectFolder,
  logLevel: 'error',
})
writeFileSync(join(projectFolder, 'docs', 'figures.md'), figuresPage(module.serverRiskRowSchema))
