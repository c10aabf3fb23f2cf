#!lua flags=allow-oom
--- Queue jobs that a Python worker found ready and left behind (RQ's ready registry).
-- @key ready zset rq:ready:<q>
-- @arg prefix string
-- @arg queue  string
-- @arg stamp  string ISO time
-- @arg most   int
-- @reply {int} number of entries removed
-- @include lib/time
-- @include lib/place
-- @include lib/schedule

local readyKey = KEYS[1]
local prefix, queue, stamp, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local nowS = clock()
local ids = redis.call('ZRANGE', readyKey, 0, most - 1)
for _, id in ipairs(ids) do
  redis.call('ZREM', readyKey, id)
  local job = redis.call('HMGET', prefix .. 'job:' .. id, 'status', 'enqueue_at_front', 'rate_limit_key',
    'rate_limit_concurrency', 'ttl', 'enqueue_at_front_on_retry', 'ended_at')
  if job[1] == 'ready_to_enqueue' then
    local front = job[2] == '1' or (job[6] == '1' and job[7] and job[7] ~= '')
    place(prefix, id, queue, front, job[3] and job[4] and job[3], job[4], nowS, stamp)
    if tonumber(job[5]) then expireAfter(prefix, id, job[5]) end
  end
end
return #ids
