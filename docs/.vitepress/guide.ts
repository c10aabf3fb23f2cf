/** The pages in the order in which they are read. */
export const guide = [
  {
    text: 'Start',
    items: [
      { text: 'Getting started', link: '/guide/getting-started' },
      { text: 'Functions', link: '/guide/functions' },
      { text: 'Jobs by name', link: '/guide/job-definitions' },
      { text: 'Workers', link: '/guide/workers' },
      { text: 'Queues and jobs', link: '/jobs' },
      { text: 'Options', link: '/guide/options' },
      { text: 'Retries and failures', link: '/guide/failures' },
      { text: 'One job of a kind', link: '/guide/unique' },
      { text: 'Many queues in one worker', link: '/guide/many-queues' },
      { text: 'Messages of running jobs', link: '/guide/messages' },
      { text: 'How long jobs are kept', link: '/guide/keeping' },
      { text: 'Schedules', link: '/guide/schedules' },
      { text: 'Delays and cron', link: '/time' },
      { text: 'Command line', link: '/cli' },
    ],
  },
  {
    text: 'Set up',
    items: [
      { text: 'TypeScript and bundlers', link: '/guide/typescript' },
      { text: 'Frameworks and runtimes', link: '/guide/frameworks' },
      { text: 'NestJS', link: '/guide/nestjs' },
      { text: 'Connections', link: '/guide/connections' },
      { text: 'Testing', link: '/guide/testing' },
      { text: 'Tested set-ups', link: '/setups' },
    ],
  },
  {
    text: 'Run in production',
    items: [
      { text: 'Deployment', link: '/guide/deployment' },
      { text: 'Deploys: two builds at once', link: '/guide/deploys' },
      { text: 'Operations', link: '/guide/operations' },
      { text: 'Monitoring', link: '/guide/monitoring' },
      { text: 'Troubleshooting', link: '/guide/troubleshooting' },
      { text: 'What goes wrong in production', link: '/guide/production-pains' },
      { text: 'Errors', link: '/guide/errors' },
      { text: 'Security', link: '/security' },
      { text: 'Redis users (ACL)', link: '/acl' },
      { text: 'Performance', link: '/performance' },
      { text: 'Reliability', link: '/reliability' },
      { text: 'FAQ', link: '/guide/faq' },
    ],
  },
  {
    text: 'Coming from',
    items: [
      { text: 'BullMQ', link: '/guide/from-bullmq' },
      { text: 'Python RQ', link: '/guide/from-rq' },
      { text: 'Celery', link: '/guide/from-celery' },
      { text: 'Sidekiq', link: '/guide/from-sidekiq' },
      { text: 'Python and TypeScript', link: '/python' },
    ],
  },
  {
    text: 'How it works',
    items: [
      { text: 'Architecture', link: '/architecture' },
      { text: 'Redis schema', link: '/redis-schema' },
      { text: 'Decisions', link: '/adr/' },
    ],
  },
]
