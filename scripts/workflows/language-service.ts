/**
 * GitHub's own parser of workflows and actions: schema, expressions, contexts. It imports JSON as bundlers let it, and
 * Node wants a word about that.
 */
import { registerHooks } from 'node:module'

registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})

export const { validate } = await import('@actions/languageservice')
export const { clearCache } = await import('@actions/languageservice/utils/workflow-cache')
