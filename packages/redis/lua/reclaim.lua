#!lua flags=no-writes
--- Read the jobs of leases, as a claim returns them; not of those that are lost.
-- @key queues set rq:queues only routes the call in a Cluster
-- @arg prefix    string
-- @arg largest   int bytes that a value of a job may have, see lib/claimed
-- @arg leases... string per job: queue, job id, execution id
-- @reply {bytes} what lib/claimed packs
-- @include lib/claimed
-- @include lib/fields

local prefix, largest = ARGV[1], tonumber(ARGV[2])
local found = {}
for at = 3, #ARGV, 3 do
  local queue, id, execution = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local key = prefix .. 'job:' .. id
  local held = redis.pcall('HMGET', key, 'execution_id', 'status')
  if held[1] == execution and held[2] ~= 'canceled' and redis.call('HEXISTS', key, 'data') == 1 then
    appendQueue(found, queue)
    appendFull(found, id, execution, (readFields(key, largest)))
  end
end
return pack(found)
