#!lua flags=allow-oom
--- List ids that were set aside because their key is no job. Those whose key is gone, or is a job by now, are dropped.
-- @key broken zset rq:broken:<q> ids by the time when they were found
-- @arg prefix string
-- @arg most   int
-- @reply {string[]} for each: id, when it was found in epoch seconds, type of its key; a hash has no data

local brokenKey = KEYS[1]
local prefix, most = ARGV[1], tonumber(ARGV[2])

local found = {}
local entries = redis.call('ZRANGE', brokenKey, 0, most - 1, 'WITHSCORES')
for at = 1, #entries, 2 do
  local id = entries[at]
  local key = prefix .. 'job:' .. id
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' or (kind == 'hash' and redis.call('HEXISTS', key, 'data') == 1) then
    redis.call('ZREM', brokenKey, id)
  else
    found[#found + 1] = id
    found[#found + 1] = entries[at + 1]
    found[#found + 1] = kind
  end
end
return found
