#!lua flags=allow-oom
--- Bring the order in which the jobs of a registry ended into line with it, a page of both: add those that another
-- program has listed there, or that ended before the queue had a limit, and drop those that are there no longer.
-- @key registry zset rq:failed:<q>
-- @arg prefix string
-- @arg queue  string
-- @arg kind   string finished or failed
-- @arg first  int index
-- @arg last   int index
-- @reply {'done' | 'unlimited'} unlimited: the queue has no limit for them, so there is no order
-- @include lib/newest
-- @include lib/time_text

local registryKey = KEYS[1]
local prefix, queue, kind, first, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local order = orderOf(prefix, kind, queue)
if not limitsOf(prefix, queue)[kind] then return 'unlimited' end

--- Of the page of one sorted set: the members that the other one does not have.
local function missing(key, other)
  local absent = {}
  for _, id in ipairs(attempt('ZRANGE', key, first, last) or {}) do
    if not attempt('ZSCORE', other, id) then absent[#absent + 1] = id end
  end
  return absent
end

local ended = {}
for _, id in ipairs(missing(registryKey, order)) do
  -- One without the time of its end counts as the oldest.
  ended[#ended + 1] = secondsOfText(redis.pcall('HMGET', prefix .. 'job:' .. id, 'ended_at')[1]) or 0
  ended[#ended + 1] = id
end
local leftOver = missing(order, registryKey)
if #leftOver > 0 then redis.call('ZREM', order, unpack(leftOver)) end
if #ended > 0 then attempt('ZADD', order, unpack(ended)) end
return 'done'
