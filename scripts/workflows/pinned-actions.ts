/**
 * The actions that workflows here may use: the commit that a release was made from, because a tag can be moved, and the
 * inputs that it takes at that commit. To update one, read its `action.yml` at the new tag.
 */
export const pinnedActions: Readonly<Record<string, PinnedAction>> = {
  'actions/checkout': {
    release: 'v7.0.1',
    commit: '3d3c42e5aac5ba805825da76410c181273ba90b1',
    inputs: ['repository', 'ref', 'token', 'persist-credentials', 'path', 'fetch-depth', 'fetch-tags', 'submodules'],
  },
  'actions/setup-node': {
    release: 'v7.0.0',
    commit: '820762786026740c76f36085b0efc47a31fe5020',
    inputs: ['node-version', 'node-version-file', 'registry-url', 'scope', 'cache', 'package-manager-cache'],
  },
  // Not actions/cache itself, which saves nothing when its job fails.
  'actions/cache/restore': {
    release: 'v5.0.5',
    commit: '27d5ce7f107fe9357f9df03efb73ab90386fccae',
    inputs: ['path', 'key', 'restore-keys', 'fail-on-cache-miss', 'lookup-only'],
  },
  'actions/cache/save': {
    release: 'v5.0.5',
    commit: '27d5ce7f107fe9357f9df03efb73ab90386fccae',
    inputs: ['path', 'key'],
  },
  'actions/upload-artifact': {
    release: 'v7.0.0',
    commit: 'bbbca2ddaa5d8feaa63e36b76fdaad77386f024f',
    inputs: ['name', 'path', 'if-no-files-found', 'retention-days', 'compression-level', 'overwrite'],
  },
  'actions/download-artifact': {
    release: 'v8.0.1',
    commit: '3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c',
    inputs: ['name', 'path', 'pattern', 'merge-multiple'],
  },
}

export interface PinnedAction {
  readonly release: string
  readonly commit: string
  /** Those that somebody here may want; not all of them. */
  readonly inputs: readonly string[]
}
