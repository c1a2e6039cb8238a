// `npm run docs:architecture`: prints the import table into docs/ARCHITECTURE.md.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withImportTable } from './architecture/import-table.mjs'
import { projectFolder } from './setup/project-folders.mjs'

const page = join(projectFolder, 'docs', 'ARCHITECTURE.md')
writeFileSync(page, withImportTable(readFileSync(page, 'utf8')))
