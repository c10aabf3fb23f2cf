#!lua flags=allow-oom
--- Change how many ended jobs a queue keeps.
-- @key configuration hash rq:configuration:<q>
-- @arg prefix string
-- @arg queue  string
-- @arg limits... string the name of a field and its value, in turn; an empty value = no limit
-- @reply {[finished: string | null, failed: string | null]} the limits now
-- @include lib/newest

local configurationKey = KEYS[1]
local prefix, queue = ARGV[1], ARGV[2]

for at = 3, #ARGV, 2 do
  local field, value = ARGV[at], ARGV[at + 1]
  if value == '' then
    attempt('HDEL', configurationKey, field)
    redis.call('UNLINK', orderOf(prefix, string.match(field, '^keep_(.+)$'), queue))
  else
    redis.call('HSET', configurationKey, field, value)
  end
end
return redis.call('HMGET', configurationKey, 'keep_finished', 'keep_failed')
