#!lua flags=allow-oom
--- Cancel a job: remove it from wherever it waits, and list it as canceled. A job that runs keeps running, and keeps
-- its slot of a rate limit.
-- @key job hash rq:job:<id>
-- @arg prefix string
-- @arg id     string
-- @arg stamp  string ISO time
-- @arg enqueueDependents      flag let the jobs that wait for it go on without it
-- @arg removeFromDependencies flag remove it from the dependents of the jobs that it waits for
-- @reply {'done' | 'missing' | 'refused' | 'more'}
--   refused: already canceled; more: done, and dependents were set aside for release_dependents
-- @include lib/attempt
-- @include lib/time
-- @include lib/dependents
-- @include lib/held_slot
-- @include lib/messages
-- @include lib/registries
-- @include lib/waiters

local jobKey = KEYS[1]
local prefix, id, stamp = ARGV[1], ARGV[2], ARGV[3]
local enqueueDependents, removeFromDependencies = ARGV[4] == '1', ARGV[5] == '1'

local job = redis.call('HMGET', jobKey, 'status', 'origin', 'waiters', 'rate_limit_key', 'execution_id', 'messages')
if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
local status, queue = job[1] or 'created', job[2]
if status == 'canceled' then return 'refused' end

local nowS = clock()
if queue then
  leave(prefix, id, status, queue, holdSlot(prefix, job[4], id, queue, job[5]))
  attempt('ZADD', prefix .. 'canceled:' .. queue, nowS, id)
end
redis.call('HSET', jobKey, 'status', 'canceled')
redis.call('HDEL', jobKey, 'run_again')
if redis.call('PERSIST', jobKey) == 1 then
  redis.call('PERSIST', jobKey .. ':dependents')
  redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
  forgetExpiring(prefix, id)
end
-- A job that runs may still read and send.
if status ~= 'started' then endMessages(prefix, id, job[6]) end
if removeFromDependencies then leaveDependencies(prefix, id) end
if job[4] then releaseSlot(prefix, job[4], id, stamp) end
local answer = 'done'
if enqueueDependents then
  local _, seen = releaseDependents(prefix, id, 'canceled', RELEASED_AT_ONCE, stamp)
  if (seen == RELEASED_AT_ONCE or checksLeft <= 0) and hasMoreSteps(prefix) then answer = 'more' end
end
wake(prefix, id, job[3])
return answer
