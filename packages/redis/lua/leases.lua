#!lua flags=no-writes
--- Read the leases of a job.
-- @key wip zset rq:wip:<q> leases of its queue
-- @key job hash rq:job:<id>
-- @key executions zset rq:executions:<id> ids of executions, written at a heartbeat, and by Python RQ at the start
-- @arg id string
-- @reply {string[]} execution ids (empty in versions of Python RQ without executions), each followed by the end of its
--   lease in epoch seconds
-- @include lib/time

local wipKey, jobKey, executionsKey = KEYS[1], KEYS[2], KEYS[3]
local id = ARGV[1]

local own = redis.call('HGET', jobKey, 'execution_id')
local found = {}

--- Append an execution, if there is a lease of this name.
local function append(execution, member)
  local ends = redis.call('ZSCORE', wipKey, member)
  if not ends then return end
  local slackMs = execution == own and PYTHON_SLACK_MS or 0
  found[#found + 1] = execution
  found[#found + 1] = score(tonumber(ends) * 1000 - slackMs)
end

if own then append(own, id .. ':' .. own) end
for _, execution in ipairs(redis.call('ZRANGE', executionsKey, 0, -1)) do
  if execution ~= own then append(execution, id .. ':' .. execution) end
end
append('', id)
return found
