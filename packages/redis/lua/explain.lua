#!lua flags=no-writes
--- Read all that bears on whether a job will run.
-- @key job hash
-- @arg prefix string
-- @arg id string
-- @reply empty when there is no such job; else its fields, its index in its queue, its due time, 1 when workers are suspended,
--   1 when its queue is paused,
--   how many workers listen, flat list of dependencies and their statuses, holders of its rate limit, how many wait before it,
--   1 when it is among the many dependents of a job that are being released

local jobKey = KEYS[1]
local prefix, id = ARGV[1], ARGV[2]

local fields = redis.call('HGETALL', jobKey)
if #fields == 0 then return {} end
local job = redis.call('HMGET', jobKey, 'origin', 'rate_limit_key')
local queue, limit = job[1] or '', job[2]

local dependencies, releasing = {}, 0
for _, dependency in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. id .. ':dependencies')) do
  local key = prefix .. 'job:' .. dependency
  dependencies[#dependencies + 1] = dependency
  releasing = math.max(releasing, redis.call('SISMEMBER', prefix .. 'releasing:' .. dependency, id))
  dependencies[#dependencies + 1] = redis.call('HGET', key, 'status') or (redis.call('EXISTS', key) == 1 and 'created') or ''
end

return {
  fields,
  redis.call('LPOS', prefix .. 'queue:' .. queue, id),
  redis.call('ZSCORE', prefix .. 'scheduled:' .. queue, id),
  redis.call('EXISTS', prefix .. 'suspended'),
  redis.call('EXISTS', prefix .. 'paused:' .. queue),
  redis.call('SCARD', prefix .. 'workers:' .. queue),
  dependencies,
  limit and redis.call('ZRANGE', prefix .. 'rl:' .. limit .. ':allowed', 0, -1) or {},
  limit and redis.call('ZRANK', prefix .. 'rl:' .. limit .. ':rate_limited', id) or false,
  releasing,
}
