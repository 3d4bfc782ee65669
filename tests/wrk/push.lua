-- Pushes: the bundle of a file under a case number of its own each time, wherever the old one stands, and a fresh
-- Idempotency-Key.
-- Arguments: file, old number, old receipt number, token, prefix, most milliseconds between two requests of a connection.

local pieces, place, number, header, prefix, pause = {}, {}, 0, nil, nil, 0

function init(args)
    local file = assert(io.open(args[1], "rb"))
    local text = file:read("*a")
    file:close()
    prefix, pause = args[5], tonumber(args[6])
    math.randomseed(os.time())
    local at = 1
    while true do
        local case, last = text:find(args[2], at, true)
        local receipt, beyond = text:find(args[3], at, true)
        if receipt and (not case or receipt < case) then case, last = receipt, beyond end
        if not case then break end
        pieces[#pieces + 1] = text:sub(at, case - 1)
        pieces[#pieces + 1] = ""
        place[#place + 1] = #pieces
        at = last + 1
    end
    pieces[#pieces + 1] = text:sub(at)
    header = {
        ["Authorization"] = "Bearer " .. args[4],
        ["Content-Type"] = "application/fhir+json",
    }
end

function request()
    number = number + 1
    local case = prefix .. number
    for _, at in ipairs(place) do pieces[at] = case end
    header["Idempotency-Key"] = case
    return wrk.format("POST", "/fhir/Bundle", header, table.concat(pieces))
end

function delay()
    if pause == 0 then return 0 end
    return math.random(0, pause)
end

function done(summary, latency)
    local errors = summary.errors
    local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format("\nfigures %d %d %d %d %d\n", summary.requests, summary.duration, wrong,
        latency:percentile(50), latency:percentile(99)))
end
