#!lua flags=allow-oom
--- Mark the ids of a part of a queue whose job is gone: the caller removes the marks, all at once. Marks count that are
-- there already: an earlier caller may have died before it removed them, or the reply to it was lost.
-- @key queue list rq:queue:<q>
-- @arg prefix string
-- @arg first  int index from the end, -1 = the last id
-- @arg last   int index from the end
-- @arg mark   string to write in place of such an id
-- @reply {[seen: int, marked: int]} number of ids in this part, and of marks among them

local queueKey = KEYS[1]
local prefix, first, last, mark = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]

local ids = redis.call('LRANGE', queueKey, first, last)
-- The part that is nearest to the head may be shorter.
local start = last - #ids
local marked = 0
for n, id in ipairs(ids) do
  if id == mark then
    marked = marked + 1
  elseif redis.call('EXISTS', prefix .. 'job:' .. id) == 0 then
    redis.call('LSET', queueKey, start + n, mark)
    marked = marked + 1
  end
end
return { #ids, marked }
