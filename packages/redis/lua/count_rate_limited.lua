#!lua flags=no-writes
--- Count the jobs that wait for a slot, by queue. Looks at a thousand jobs at most.
-- @key all set rq:rl-keys only routes the call in a Cluster
-- @arg prefix string
-- @arg offset int jobs of the first limit to pass over: they were counted
-- @arg limits... string names of rate limits
-- @reply {[done: int, offset: int, counts: string[]]}
--   number of limits that are counted, `offset` for the next one; names of queues, each followed by a number
-- @include lib/attempt

local prefix, offset = ARGV[1], tonumber(ARGV[2])
local MOST = 1000

local byQueue, done, left = {}, 0, MOST
for at = 3, #ARGV do
  local ids = attempt('ZRANGE', prefix .. 'rl:' .. ARGV[at] .. ':rate_limited', offset, offset + left - 1) or {}
  for _, id in ipairs(ids) do
    local queue = attempt('HGET', prefix .. 'job:' .. id, 'origin')
    if queue then byQueue[queue] = (byQueue[queue] or 0) + 1 end
  end
  if #ids == left then
    offset = offset + left
    break
  end
  left = left - #ids
  done, offset = done + 1, 0
end

local counts = {}
for queue, count in pairs(byQueue) do
  counts[#counts + 1] = queue
  counts[#counts + 1] = tostring(count)
end
return { done, offset, counts }
