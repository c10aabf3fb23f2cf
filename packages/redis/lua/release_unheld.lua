#!lua flags=allow-oom
--- Release the deferred jobs of a part of a registry that no other job holds back any more: what they waited for is
-- gone, or ended in a program that released nothing.
-- @key deferred zset rq:deferred:<q>
-- @arg prefix string
-- @arg stamp  string ISO time
-- @arg first  int index
-- @arg last   int index
-- @reply {[seen: int, released: int]} number of entries in this part, and of those released
-- @include lib/dependents

local deferredKey = KEYS[1]
local prefix, stamp, first, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local released = 0
local ids = redis.call('ZRANGE', deferredKey, first, last)
for _, id in ipairs(ids) do
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, unpack(WAITING_FIELDS))
  local isDeferred = job[2] and (job[1] == 'deferred' or isListedDespite(prefix, id, job[1], job[2], 'deferred'))
  -- The steps of release_dependents look at all that a job with very many dependencies waits for.
  if isDeferred and attempt('HEXISTS', prefix .. 'unchecked', id) ~= 1
    and dependenciesMet(prefix, id, job[3] == '1') and releaseOne(prefix, id, job, stamp) then
    released = released + 1
  end
end
return { #ids, released }
