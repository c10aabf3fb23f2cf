#!lua flags=allow-oom
--- Take the slots of a rate limit away from jobs that are gone or over, drop who cannot wait, let the next ones in.
-- @key limits set of names of limits
-- @arg prefix string
-- @arg limit string
-- @arg stamp string ISO time
-- @reply int how many slots were freed
-- @include lib/time
-- @include lib/rate_limit

local limitsKey = KEYS[1]
local prefix, limit, stamp = ARGV[1], ARGV[2], ARGV[3]
--- The longest waiting are looked at; the others are when it is their turn.
local LOOKED_AT = 1000

local key = prefix .. 'rl:' .. limit
local freed = freeDeadSlots(prefix, limit, 0, -1)
for _, id in ipairs(redis.call('ZRANGE', key .. ':rate_limited', 0, LOOKED_AT - 1)) do
  local job = redis.call('HMGET', prefix .. 'job:' .. id, 'status', 'rate_limit_key')
  if job[1] ~= 'rate_limited' or job[2] ~= limit then redis.call('ZREM', key .. ':rate_limited', id) end
end
local concurrency = tonumber(redis.call('HGET', key, 'concurrency'))
if concurrency then fillSlots(prefix, limit, concurrency, clock(), stamp) end
if redis.call('EXISTS', key .. ':allowed', key .. ':rate_limited') == 0 then
  redis.call('DEL', key)
  redis.call('SREM', limitsKey, limit)
end
return freed
