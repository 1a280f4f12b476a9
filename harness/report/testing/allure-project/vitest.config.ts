import { defineConfig } from 'vitest/config'
import { allureReporter } from '../../allure-reporter.ts'

const resultsDir = process.env['ALLURE_RESULTS'] ?? 'allure-results'

export default defineConfig({
  test: { name: 'sample', cache: false, include: ['*.case.ts'], reporters: [allureReporter({ resultsDir })] },
})
