--- The reply of a claim: a list of strings that is packed into one (MessagePack). A reply of many strings costs Redis
-- and its client more than the jobs themselves. Each job begins with the number of strings that its fields take; ''
-- stands for a plain job.

--- A claim that has come to this many bytes ends, so that the reply is not much longer.
local MOST_BYTES = 8 * 1024 * 1024
--- What is kept of a job that is too large: fields of at most this many bytes.
local SHORT = 1024

--- Bytes of names and values, and of the longest of them.
local function bytesOf(fields)
  local bytes, longest = 0, 0
  for at = 1, #fields do
    local length = #fields[at]
    bytes = bytes + length
    if length > longest then longest = length end
  end
  return bytes, longest
end

--- The fields of a job that is too large for its worker: those that are short, an empty `data`, and in `left_out` how
-- many bytes it has.
local function shortFields(fields, bytes)
  local short = { 'data', '', 'left_out', tostring(bytes) }
  for at = 1, #fields, 2 do
    local name, value = fields[at], fields[at + 1]
    if name ~= 'data' and name ~= 'left_out' and #name <= SHORT and #value <= SHORT then
      short[#short + 1], short[#short + 2] = name, value
    end
  end
  return short
end

--- Append a plain job: '', queue, execution id, job id, created_at, enqueued_at, timeout, result_ttl, description,
-- data. Returns how many bytes its data and description have.
local function appendPlain(claimed, queue, execution, id, values, resultTtl)
  local n = #claimed
  claimed[n + 1], claimed[n + 2], claimed[n + 3], claimed[n + 4] = '', queue, execution, id
  claimed[n + 5], claimed[n + 6], claimed[n + 7], claimed[n + 8] = values[3], values[4], values[5], resultTtl
  claimed[n + 9], claimed[n + 10] = values[6], values[2]
  return #values[2] + #values[6]
end

--- Append any job: number of names and values of its fields, queue, execution id, job id, then those names and values
-- in turn. No value has more than `largest` bytes, and all together no more than twice as much: see shortFields.
-- Returns how many bytes are appended, about.
local function appendFull(claimed, queue, execution, id, fields, largest)
  local bytes, longest = bytesOf(fields)
  if longest > largest or bytes > 2 * largest then fields, bytes = shortFields(fields, bytes), 0 end
  local n = #claimed
  claimed[n + 1], claimed[n + 2], claimed[n + 3], claimed[n + 4] = tostring(#fields), queue, execution, id
  n = n + 4
  for at = 1, #fields do claimed[n + at] = fields[at] end
  return bytes
end

--- Pack the list for the client, also an empty one. A word stays as it is.
local function pack(claimed)
  return claimed == 'again' and claimed or cmsgpack.pack(claimed)
end
