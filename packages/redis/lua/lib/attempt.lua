--- Commands on keys that another program may have replaced by one of another type. Redis keeps what a script has
-- written before an error, so none of them may end a script that moves jobs.

--- `fault`: as `redis.pcall` returns it, or as `pcall` catches it, which is a text up to Redis 7.0.
local function isWrongType(fault)
  local text = type(fault) == 'table' and fault.err or tostring(fault)
  return string.find(text, 'WRONGTYPE', 1, true) ~= nil
end

--- Run a command. Returns nil when the key is of another type: it is as good as none. Any other error ends the script.
local function attempt(...)
  local answer = redis.pcall(...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if not isWrongType(answer) then error(answer, 0) end
  return nil
end

--- Run a function, up to the first key of another type. Returns whether it came to its end.
local function guard(run, ...)
  local fine, fault = pcall(run, ...)
  if not fine and not isWrongType(fault) then error(fault, 0) end
  return fine
end
