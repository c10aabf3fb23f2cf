#!lua flags=allow-oom
--- Delete up to `most` waiting jobs of a queue, head first.
-- @key queue list rq:queue:<q>
-- @arg prefix string
-- @arg most   int
-- @arg stamp  string ISO time
-- @arg forget flag remove the queue from the list of queues if it is empty afterwards
-- @reply {int} number of ids removed
-- @include lib/attempt
-- @include lib/expiring
-- @include lib/messages
-- @include lib/rate_limit
-- @include lib/registries
-- @include lib/waiters

local queueKey = KEYS[1]
local prefix, most, stamp, forget = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'

local ids = redis.call('LPOP', queueKey, most) or {}
for _, id in ipairs(ids) do
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'group_id', 'rate_limit_key', 'status', 'waiters',
    'ttl', 'messages')
  -- A list can hold an id twice. If its job runs or is over by now, only the id is removed.
  if not job[3] or job[3] == 'queued' or job[3] == 'created' then
    wake(prefix, id, job[4])
    endMessages(prefix, id, job[6])
    erase(prefix, id, job[1])
    if job[5] then forgetExpiring(prefix, id) end
    if job[2] then releaseSlot(prefix, job[2], id, stamp) end
  end
end
if forget and redis.call('EXISTS', queueKey) == 0 then attempt('SREM', prefix .. 'queues', queueKey) end
return #ids
