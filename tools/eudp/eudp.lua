-- SPDX-License-Identifier: GPL-2.0
-- eudp.lua: shows datagrams of eudp in Wireshark and tshark as UDP's are shown
--
-- The payload goes to the dissector that UDP has for the port. A datagram that
-- this machine sends by a device that does checksums is captured before it has
-- its own: it is shown as bad, as UDP's would be.

local IPPROTO_EUDP = 253
local HEADER = 8
local BAD, GOOD, UNVERIFIED, NOT_PRESENT = 0, 1, 2, 3

local eudp = Proto("eudp", "Experimental User Datagram Protocol")
local status_names = {
	[BAD] = "Bad", [GOOD] = "Good",
	[UNVERIFIED] = "Unverified", [NOT_PRESENT] = "Not present"
}
local field = {
	srcport = ProtoField.uint16("eudp.srcport", "Source Port"),
	dstport = ProtoField.uint16("eudp.dstport", "Destination Port"),
	port = ProtoField.uint16("eudp.port", "Source or Destination Port"),
	length = ProtoField.uint16("eudp.length", "Length"),
	checksum = ProtoField.uint16("eudp.checksum", "Checksum", base.HEX),
	status = ProtoField.uint8("eudp.checksum.status", "Checksum Status",
		base.DEC, status_names),
	payload = ProtoField.bytes("eudp.payload", "Payload")
}
local expert = {
	checksum = ProtoExpert.new("eudp.checksum.bad", "Bad checksum",
		expert.group.CHECKSUM, expert.severity.ERROR),
	length = ProtoExpert.new("eudp.length.bad", "Bad length",
		expert.group.MALFORMED, expert.severity.ERROR)
}
eudp.fields = field
eudp.experts = expert
eudp.prefs.check = Pref.bool("Validate the checksum", true,
	"Off is for captures of a device that does checksums")

local ends = {
	{ Field.new("ip.src"), Field.new("ip.dst") },
	{ Field.new("ipv6.src"), Field.new("ipv6.dst") }
}

-- The sum of RFC 1071, not yet folded
local function sum(bytes, total)
	for i = 1, #bytes - 1, 2 do
		local high, low = bytes:byte(i, i + 1)
		total = total + high * 256 + low
	end
	if #bytes % 2 == 1 then
		total = total + bytes:byte(#bytes) * 256
	end
	return total
end

local function fold(total)
	while total > 0xffff do
		total = total % 0x10000 + math.floor(total / 0x10000)
	end
	return total
end

-- The addresses of the header of IP that is next to this one, which the field
-- that was found last has; in tunnels and quoted by ICMP there are more
local function addresses()
	local bytes, first

	for _, pair in ipairs(ends) do
		local sources, destinations = { pair[1]() }, { pair[2]() }
		local source, destination = sources[#sources], destinations[#destinations]
		if source and destination and (not first or source.offset > first) then
			first = source.offset
			bytes = source.range:bytes():raw() .. destination.range:bytes():raw()
		end
	end
	return bytes
end

-- Its status, and what it should be
local function verify(tvb, pinfo, length, checksum)
	if checksum == 0 then
		return NOT_PRESENT
	end
	if not eudp.prefs.check or pinfo.fragmented or tvb:len() < length then
		return UNVERIFIED
	end
	local ip = addresses()
	if not ip then
		return UNVERIFIED
	end
	local total = fold(sum(tvb:raw(0, length),
		sum(ip, IPPROTO_EUDP + length)))
	local right = 0xffff - fold(total + 0xffff - checksum)
	return total == 0xffff and GOOD or BAD, right == 0 and 0xffff or right
end

-- To what UDP has for one of the ports, the lower one first
local function hand_on(payload, pinfo, root, source, destination)
	local ports = DissectorTable.get("udp.port")

	for _, port in ipairs({ math.min(source, destination),
				math.max(source, destination) }) do
		if port > 0 then
			-- it fails if the payload is not what the port is for,
			-- and has shown that then
			local well, taken = pcall(ports.try, ports, port,
				payload, pinfo, root)
			if not well or taken > 0 then
				return
			end
		end
	end
	Dissector.get("data"):call(payload, pinfo, root)
end

function eudp.dissector(tvb, pinfo, root)
	if tvb:len() < HEADER then
		return 0
	end
	local source, destination = tvb(0, 2):uint(), tvb(2, 2):uint()
	local length, checksum = tvb(4, 2):uint(), tvb(6, 2):uint()

	pinfo.src_port = source
	pinfo.dst_port = destination
	pinfo.cols.protocol = "EUDP"
	pinfo.cols.info = string.format("%d → %d Len=%d", source, destination,
		length - HEADER)

	local tree = root:add(eudp, tvb(0, HEADER), string.format(
		"Experimental User Datagram Protocol, Src Port: %d, Dst Port: %d",
		source, destination))
	tree:add(field.srcport, tvb(0, 2))
	tree:add(field.dstport, tvb(2, 2))
	tree:add(field.port, tvb(0, 2)):set_hidden()
	tree:add(field.port, tvb(2, 2)):set_hidden()
	local item = tree:add(field.length, tvb(4, 2))
	if length < HEADER or length > tvb:reported_len() then
		item:add_proto_expert_info(expert.length,
			string.format("Bad length value %d", length))
		return tvb:len()
	end

	local status, right = verify(tvb, pinfo, length, checksum)
	item = tree:add(field.checksum, tvb(6, 2))
	if status == BAD then
		item:append_text(string.format(" [should be 0x%04x]", right))
		item:add_proto_expert_info(expert.checksum)
	end
	tree:add(field.status, tvb(6, 2), status):set_generated()

	local have = math.min(length, tvb:len()) - HEADER
	if have > 0 then
		tree:add(field.payload, tvb(HEADER, have))
		hand_on(tvb(HEADER, have):tvb(), pinfo, root, source, destination)
	end
	return tvb:len()
end

DissectorTable.get("ip.proto"):add(IPPROTO_EUDP, eudp)
