#!lua flags=allow-oom
--- Look at some of the unique keys of a queue, and drop those that no job holds.
-- @key unique hash rq:unique:<q>
-- @arg prefix string
-- @arg queue  string
-- @arg cursor string 0 = from the start
-- @arg most   int about how many to look at
-- @reply {string} cursor of the next call, 0 = that was all
-- @include lib/unique_key

local uniqueKey = KEYS[1]
local prefix, queue, cursor, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local page = attempt('HSCAN', uniqueKey, cursor, 'COUNT', most)
if not page then return '0' end
local _, nowMs = clock()
local entries = page[2]
for at = 1, #entries, 2 do
  local key, entry = entries[at], entries[at + 1]
  if not holderOf(prefix, queue, key, entry, nowMs) then redis.call('HDEL', uniqueKey, key) end
end
return page[1]
