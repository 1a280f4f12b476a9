import type { ClaimResult, ClaimStatus } from '../model/results.ts'
import { escapeHtml, htmlPage } from './html-page.ts'

/** Every claim with its status and ground, a table per document, as a self-contained page. */
export function claimsHtml(claims: readonly ClaimResult[]): string {
  const tables = [...Map.groupBy(claims, ({ document }) => document)].map(([document, rows]) =>
    [
      `<h2>${escapeHtml(rows[0]?.documentTitle ?? document)}</h2>`,
      `<table><caption>${escapeHtml(document)}: ${tally(rows)}</caption>`,
      '<thead><tr><th scope="col">Claim</th><th scope="col">Says</th><th scope="col">Status</th><th scope="col">Because</th></tr></thead>',
      `<tbody>${rows.map(rowOf).join('\n')}</tbody></table>`,
    ].join('\n'),
  )
  return htmlPage('Claims', `<h1>Claims</h1>${tables.join('\n')}`)
}

function tally(rows: readonly ClaimResult[]): string {
  return [...Map.groupBy(rows, ({ status }) => status)].map(([status, { length }]) => `${length} ${status}`).join(', ')
}

function rowOf({ id, document, says, status, because }: ClaimResult): string {
  const name = id.startsWith(`${document} `) ? id.slice(document.length + 1) : id
  const state = `<td class="${classOf(status)}"><strong>${status}</strong></td>`
  return `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(says)}</td>${state}<td>${escapeHtml(because)}</td></tr>`
}

function classOf(status: ClaimStatus): string {
  switch (status) {
    case 'confirmed':
      return 'ok'
    case 'refuted':
      return 'wrong'
    case 'depends':
    case 'inconclusive':
      return 'unsure'
    case 'not supported':
    case 'not tested':
      return 'blocked'
  }
}
