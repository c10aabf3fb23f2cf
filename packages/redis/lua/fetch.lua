#!lua flags=no-writes
--- Read whole jobs.
-- @key first hash rq:job:<id> the first of them; only routes the call in a Cluster
-- @arg prefix string
-- @arg ids... string
-- @reply {bytes[][]} names and values of each job's hash; empty if there is no such job,
--   or its key is no hash

local prefix = ARGV[1]
local jobs = {}
for at = 2, #ARGV do
  local job = redis.pcall('HGETALL', prefix .. 'job:' .. ARGV[at])
  jobs[at - 1] = job.err and {} or job
end
return jobs
