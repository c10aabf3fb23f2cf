#!lua flags=no-writes
--- Find the entries of a part of a registry whose job is gone, or whose key is of another type.
-- @key registry zset rq:failed:<q>
-- @arg prefix string
-- @arg first  int index
-- @arg last   int index
-- @reply {string[]} their ids

local registryKey = KEYS[1]
local prefix, first, last = ARGV[1], ARGV[2], ARGV[3]

local gone = {}
for _, id in ipairs(redis.call('ZRANGE', registryKey, first, last)) do
  if redis.call('TYPE', prefix .. 'job:' .. id).ok ~= 'hash' then gone[#gone + 1] = id end
end
return gone
