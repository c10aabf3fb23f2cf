--- Milliseconds since the epoch as RQ writes times: 2026-11-24T01:02:03.000004Z. The days are counted from 0000-03-01,
-- in eras of 400 years, so that a leap day is the last day of its year.
local function timeText(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400) + 719468
  local era = math.floor(days / 146097)
  local dayOfEra = days - era * 146097
  local yearOfEra = math.floor((dayOfEra - math.floor(dayOfEra / 1460) + math.floor(dayOfEra / 36524)
    - math.floor(dayOfEra / 146096)) / 365)
  local dayOfYear = dayOfEra - (365 * yearOfEra + math.floor(yearOfEra / 4) - math.floor(yearOfEra / 100))
  local monthFromMarch = math.floor((5 * dayOfYear + 2) / 153)
  local day = dayOfYear - math.floor((153 * monthFromMarch + 2) / 5) + 1
  local month = monthFromMarch < 10 and monthFromMarch + 3 or monthFromMarch - 9
  local year = yearOfEra + era * 400 + (month <= 2 and 1 or 0)
  local ofDay = seconds % 86400
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03d000Z', year, month, day, math.floor(ofDay / 3600),
    math.floor(ofDay % 3600 / 60), ofDay % 60, ms % 1000)
end

--- Seconds since the epoch of a time as RQ writes them, with microseconds, as a score; nil for another text.
local function secondsOfText(text)
  local year, month, day, hour, minute, second, fraction =
    string.match(text or '', '^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d)%.?(%d*)Z?$')
  if not year then return nil end
  local marchYear = tonumber(year) - (tonumber(month) <= 2 and 1 or 0)
  local era = math.floor(marchYear / 400)
  local yearOfEra = marchYear - era * 400
  local monthFromMarch = (tonumber(month) + 9) % 12
  local dayOfYear = math.floor((153 * monthFromMarch + 2) / 5) + tonumber(day) - 1
  local dayOfEra = yearOfEra * 365 + math.floor(yearOfEra / 4) - math.floor(yearOfEra / 100) + dayOfYear
  local days = era * 146097 + dayOfEra - 719468
  local seconds = days * 86400 + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
  return string.format('%d.%s', seconds, string.sub(fraction .. '000000', 1, 6))
end
