#!lua flags=no-writes
--- Read the leases of a job.
-- @key wip zset rq:wip:<q> leases of its queue
-- @key job hash rq:job:<id>
-- @arg id string
-- @reply {string[]} execution ids (empty in versions of Python RQ without executions), each followed by the end of its
--   lease in epoch seconds
-- @include lib/time

local wipKey, jobKey = KEYS[1], KEYS[2]
local id = ARGV[1]

local own = redis.call('HGET', jobKey, 'execution_id')
local found = {}
local leases = redis.call('ZRANGE', wipKey, 0, -1, 'WITHSCORES')
for at = 1, #leases, 2 do
  local job, execution = string.match(leases[at], '^([^:]+):?(.*)$')
  if job == id then
    local slackMs = execution == own and PYTHON_SLACK_MS or 0
    found[#found + 1] = execution
    found[#found + 1] = score(tonumber(leases[at + 1]) * 1000 - slackMs)
  end
end
return found
