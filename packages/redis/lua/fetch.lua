#!lua flags=no-writes
--- Read whole jobs. What no field of a job is may be left out.
-- @key first hash rq:job:<id> the first of them; only routes the call in a Cluster
-- @arg prefix string
-- @arg ids... string
-- @reply {bytes[][]} names and values of each job's hash; empty if there is no such job,
--   or its key is no hash
-- @include lib/fields

local prefix = ARGV[1]
local jobs = {}
for at = 2, #ARGV do
  local key = prefix .. 'job:' .. ARGV[at]
  jobs[at - 1] = redis.call('TYPE', key).ok ~= 'hash' and {} or readWhole(key)
end
return jobs
