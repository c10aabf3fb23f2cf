#!lua flags=allow-oom
--- Forget jobs that waited and might expire, and whose time is over or whose note cannot be read. What was left of
-- their ids in lists is removed by now.
-- @key expiring hash rq:expiring
-- @arg prefix string
-- @arg ids... string
-- @reply {int} number of jobs forgotten
-- @include lib/expiring
-- @include lib/time

local prefix = ARGV[1]

--- Whether nothing is left of a job that is gone. Its entry in the schedule is for the scheduler and for maintenance: a
-- Python program may have written the entry of another job, and write that job in its next command.
local function isRemoved(id, queue, limit)
  if limit then redis.pcall('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id) end
  return not redis.pcall('ZSCORE', prefix .. 'scheduled:' .. queue, id)
end

local _, nowMs = clock()
local forgotten = 0
for at = 2, #ARGV do
  local id = ARGV[at]
  local expiresMs, queue, limit = readExpiring(prefix, id)
  local isOver = expiresMs and expiresMs <= nowMs
    and (redis.call('EXISTS', prefix .. 'job:' .. id) == 1 or isRemoved(id, queue, limit))
  if isOver or not expiresMs then
    forgetExpiring(prefix, id)
    forgotten = forgotten + 1
  end
end
return forgotten
