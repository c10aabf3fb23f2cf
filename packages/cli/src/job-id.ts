/** The positional argument of commands about one job. */
export const JOB_ID = { type: 'string', demandOption: true, describe: 'Job id' } as const
