import { readdirSync } from 'node:fs'
import { defineConfig } from 'vitepress'
import { guide } from './guide.ts'
import { outsideLinks } from './outside-links.ts'
import { search } from './search.ts'
import { shortCode } from './short-code.ts'

/** The address of the repository, without a slash at its end. Set by the workflow that publishes the site. */
const REPOSITORY = process.env.RQ_REPOSITORY_URL

export default defineConfig({
  title: 'rq for TypeScript',
  description: 'Background jobs on Redis for Node.js: any function, in a process of its own.',
  srcExclude: ['README.md', 'node_modules/**'],
  cleanUrls: true,
  outDir: '../.site',
  cacheDir: '../.cache/vitepress',
  markdown: {
    config: (markdown) => {
      markdown.use(outsideLinks, { docs: `${import.meta.dirname}/..`, repository: REPOSITORY })
      markdown.use(shortCode)
    },
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/guide/getting-started', activeMatch: '^/(guide|jobs|time|cli)' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
      { text: 'Errors', link: '/guide/errors' },
    ],
    sidebar: { '/api/': apiSidebar(), '/': guide },
    search: { provider: 'local', options: search },
    outline: [2, 3],
    ...(REPOSITORY !== undefined && {
      editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path`, text: 'Edit this page' },
      socialLinks: [{ icon: 'github', link: REPOSITORY }],
    }),
  },
})

/** The pages that TypeDoc has written, by kind. */
function apiSidebar() {
  const mostUsed = {
    Queue: 'classes/Queue',
    EnqueueOptions: 'interfaces/EnqueueOptions',
    Job: 'interfaces/Job',
    Worker: 'classes/Worker',
    WorkerOptions: 'interfaces/WorkerOptions',
    Retry: 'classes/Retry',
    getCurrentJob: 'functions/getCurrentJob',
    ref: 'functions/ref',
  }
  const kinds = {
    Classes: 'classes',
    Functions: 'functions',
    'Options and records': 'interfaces',
    Types: 'type-aliases',
    Constants: 'variables',
  }
  const first = Object.entries(mostUsed).map(([text, page]) => ({ text, link: `/api/${page}` }))
  const byKind = Object.entries(kinds).map(([text, folder]) => ({
    text,
    items: pagesOf(`api/${folder}`).map((name) => ({ text: name, link: `/api/${folder}/${name}` })),
  }))
  return [{ text: 'Most used', items: first }, ...byKind]
}

function pagesOf(folder: string): string[] {
  return readdirSync(new URL(`../${folder}`, import.meta.url))
    .map((file) => file.replace(/\.md$/, ''))
    .sort((a, b) => a.localeCompare(b))
}
