#!lua flags=allow-oom
--- Take the slots of a rate limit from jobs that are gone or over, drop waiting jobs that cannot use one, and admit the
-- next ones.
-- @key limits set rq:rl-keys
-- @arg prefix string
-- @arg limit  string
-- @arg stamp  string ISO time
-- @arg first  int index of the first job that holds a slot to check, oldest first
-- @arg last   int index of the last one
-- @reply {int} number of slots freed
-- @include lib/time
-- @include lib/older_status
-- @include lib/rate_limit

local limitsKey = KEYS[1]
local prefix, limit, stamp, first, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
--- Only the first of the waiting jobs are checked; the others when it is their turn.
local MOST_CHECKED = 1000

local key = prefix .. 'rl:' .. limit
local freed = freeDeadSlots(prefix, limit, first, last)
for _, id in ipairs(attempt('ZRANGE', key .. ':rate_limited', 0, MOST_CHECKED - 1) or {}) do
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'rate_limit_key', 'origin')
  local waits = job[2] == limit and (job[1] == 'rate_limited'
    or (job[3] and not attempt('ZSCORE', key .. ':allowed', id)
      and not isTrueStatus(prefix, id, job[1] or 'created', job[3])))
  if not waits then redis.call('ZREM', key .. ':rate_limited', id) end
end
local slots = slotsOf(prefix, limit)
if slots then guard(fillSlots, prefix, limit, slots, stamp) end
if redis.call('EXISTS', key .. ':allowed', key .. ':rate_limited') == 0 then
  redis.call('DEL', key)
  redis.call('SREM', limitsKey, limit)
end
return freed
