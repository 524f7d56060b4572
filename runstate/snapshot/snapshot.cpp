// SPDX-License-Identifier: Apache-2.0
#include <vigil/runstate/snapshot/snapshot.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace vigil::runstate {

namespace {

using byte_string = std::vector<std::uint8_t>;
using shared_source = std::shared_ptr<const byte_source>;
using failure = std::optional<std::string>; // of a source

// As PNG's: bytes that no text has, and that a conversion of line ends would spoil.
constexpr std::array<std::uint8_t, 8> k_magic{0x89, 'V', 'I', 'G', 'I', 'L', '\r', '\n'};
constexpr std::size_t k_header_bytes = k_snapshot_header_bytes;
constexpr std::uint8_t k_number = 0;
constexpr std::uint8_t k_bytes = 1;
constexpr std::size_t k_piece = std::size_t{64} * 1024; // what is read or written at a time

// One byte after another, as IEEE 802.3 defines it: reflected, polynomial 04C11DB7.
constexpr std::array<std::uint32_t, 256> crc_table()
{
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < table.size(); ++i) {
        std::uint32_t value = i;
        for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? value >> 1 ^ 0xEDB8'8320U : value >> 1;
        table[i] = value;
    }
    return table;
}

class crc32 {
public:
    void take(const std::uint8_t* bytes, std::size_t count)
    {
        static constexpr auto k_table = crc_table();
        for (std::size_t i = 0; i < count; ++i) state_ = k_table[(state_ ^ bytes[i]) & 0xFF] ^ state_ >> 8;
    }
    std::uint32_t value() const { return ~state_; }

private:
    std::uint32_t state_ = ~0U;
};

void append(byte_string& to, std::uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t number_at(const std::uint8_t* bytes, unsigned width)
{
    std::uint64_t value = 0;
    for (unsigned i = width; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

// Hands a body on in pieces. The first fault is kept; after it, nothing is handed on.
class body_writer {
public:
    explicit body_writer(const byte_sink& to) : to_(to) { piece_.reserve(k_piece); }

    void number(std::uint64_t value, unsigned width)
    {
        if (piece_.size() + width > k_piece) flush();
        append(piece_, value, width);
    }
    void text(std::string_view value)
    {
        number(value.size(), 2);
        for (const char c : value) number(static_cast<std::uint8_t>(c), 1);
    }
    void bytes(const byte_string& value)
    {
        number(value.size(), 8);
        flush();
        put(value.data(), value.size());
    }
    void bytes(const byte_source& value)
    {
        const std::uint64_t size = value.size();
        number(size, 8);
        flush();
        for (std::uint64_t at = 0; at < size && !fault_; at += piece_.size()) {
            piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(k_piece, size - at)));
            if (auto fault = value.read(at, piece_.data(), piece_.size())) fault_ = refusal{std::move(*fault)};
            if (!fault_) put(piece_.data(), piece_.size());
        }
        piece_.clear();
    }

    // The header that goes before it.
    result<snapshot_header> end()
    {
        flush();
        if (fault_) return std::move(*fault_);
        snapshot_header header{byte_string(k_magic.begin(), k_magic.end()), crc_.value()};
        append(header.bytes, k_snapshot_version, 4);
        append(header.bytes, header.checksum, 4);
        append(header.bytes, length_, 8);
        return header;
    }

private:
    void flush()
    {
        put(piece_.data(), piece_.size());
        piece_.clear();
    }
    void put(const std::uint8_t* bytes, std::size_t count)
    {
        if (fault_ || count == 0) return;
        crc_.take(bytes, count);
        length_ += count;
        fault_ = to_(bytes, count);
    }

    const byte_sink& to_;
    byte_string piece_;
    crc32 crc_;
    std::uint64_t length_ = 0;
    std::optional<refusal> fault_;
};

// A part of another source, which it keeps.
class part_of_source final : public byte_source {
public:
    part_of_source(shared_source whole, std::uint64_t begin, std::uint64_t size)
        : whole_(std::move(whole)), begin_(begin), size_(size)
    {
    }
    std::uint64_t size() const override { return size_; }
    failure read(std::uint64_t at, std::uint8_t* to, std::size_t count) const override
    {
        return whole_->read(begin_ + at, to, count);
    }

private:
    shared_source whole_;
    std::uint64_t begin_;
    std::uint64_t size_;
};

// Reads a body in pieces, from its beginning to its end. Never reads beyond that: what is missing reads as nothing, and
// `overran` tells; likewise where the source fails, and `fault` tells.
class body_reader {
public:
    body_reader(shared_source from, const reading_limits& limits)
        : from_(std::move(from)), limits_(limits), memory_left_(limits.memory)
    {
    }

    std::uint64_t number(unsigned width)
    {
        std::uint8_t bytes[8] = {};
        take(bytes, width);
        return number_at(bytes, width);
    }
    std::string text()
    {
        std::string value(number(2), '\0');
        take(reinterpret_cast<std::uint8_t*>(value.data()), value.size());
        return value;
    }
    // Held in memory, or left where they are.
    decltype(saved_field::value) bytes()
    {
        const std::uint64_t length = number(8);
        if (overran_ || length > left()) {
            overran_ = true;
            return byte_string();
        }
        if (length > limits_.field) {
            const std::uint64_t begin = at();
            skip(length);
            return std::make_shared<part_of_source>(from_, begin, length);
        }
        charge(length);
        if (overran_) return byte_string();
        byte_string value(static_cast<std::size_t>(length));
        take(value.data(), value.size());
        return value;
    }
    // Accounts for what is made of the bytes read.
    void charge(std::uint64_t memory)
    {
        overran_ = overran_ || memory > memory_left_;
        if (!overran_) memory_left_ -= memory;
    }
    // Reads on, for the checksum's sake.
    void skip(std::uint64_t count)
    {
        while (count > 0 && refill()) {
            const std::uint64_t step = std::min<std::uint64_t>(count, piece_.size() - used_);
            used_ += static_cast<std::size_t>(step);
            count -= step;
        }
    }

    std::uint64_t at() const { return read_ - (piece_.size() - used_); }
    std::uint64_t left() const { return from_->size() - at(); }
    bool overran() const { return overran_; }
    const failure& fault() const { return fault_; }
    std::uint32_t checksum() const { return crc_.value(); } // of all, once nothing is left

private:
    void take(std::uint8_t* to, std::size_t count)
    {
        if (overran_ || count > left()) {
            overran_ = true;
            return;
        }
        while (count > 0 && refill()) {
            const std::size_t step = std::min(count, piece_.size() - used_);
            std::memcpy(to, piece_.data() + used_, step);
            used_ += step;
            to += step;
            count -= step;
        }
    }
    // Has something to take; false where there is nothing any more.
    bool refill()
    {
        if (fault_) return false;
        if (used_ < piece_.size()) return true;
        piece_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(k_piece, from_->size() - read_)));
        used_ = 0;
        if (piece_.empty()) return false;
        fault_ = from_->read(read_, piece_.data(), piece_.size());
        if (fault_) {
            overran_ = true;
            return false;
        }
        crc_.take(piece_.data(), piece_.size());
        read_ += piece_.size();
        return true;
    }

    shared_source from_;
    reading_limits limits_;
    std::uint64_t memory_left_;
    byte_string piece_;
    std::size_t used_ = 0;   // of the piece
    std::uint64_t read_ = 0; // of the source
    crc32 crc_;
    bool overran_ = false;
    failure fault_;
};

std::string hexadecimal(std::uint32_t value)
{
    char text[9];
    std::snprintf(text, sizeof text, "%08x", value);
    return text;
}

// What a header says of the body.
struct seal {
    std::uint32_t version;
    std::uint32_t checksum;
    std::uint64_t length;
};

refusal is_truncated(std::uint64_t expected, std::uint64_t found, const char* where = "")
{
    return {"is truncated: " + std::to_string(expected) + " bytes expected, " + std::to_string(found) + " found" +
            where};
}

// What the header says, where the file can be what it says; or what is wrong with it.
result<seal> read_header(const byte_source& file, std::uint64_t most_of_body)
{
    if (file.size() == 0) return refusal{"is empty"};
    std::array<std::uint8_t, k_header_bytes> bytes{};
    const std::size_t there = static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), bytes.size()));
    if (auto fault = file.read(0, bytes.data(), there)) return refusal{std::move(*fault)};
    const std::size_t common = std::min(there, k_magic.size());
    if (!std::equal(bytes.begin(), bytes.begin() + common, k_magic.begin())) return refusal{"is not a Vigil snapshot"};
    if (there < k_header_bytes) return is_truncated(k_header_bytes, there);

    const seal body{static_cast<std::uint32_t>(number_at(&bytes[8], 4)),
                    static_cast<std::uint32_t>(number_at(&bytes[12], 4)), number_at(&bytes[16], 8)};
    if (body.version != k_snapshot_version) {
        return refusal{"has format version " + std::to_string(body.version) +
                       (body.version > k_snapshot_version ? ", newer than" : ", not") + " version " +
                       std::to_string(k_snapshot_version) + ", which this program reads"};
    }
    const std::uint64_t found = file.size() - k_header_bytes;
    if (body.length > found) return is_truncated(body.length, found, " after its header");
    if (body.length < found)
        return refusal{"is corrupted: " + std::to_string(found - body.length) + " bytes follow its end"};
    if (body.length > most_of_body) {
        return refusal{"is too large for this machine: the state in it has " + std::to_string(body.length) +
                       " bytes, this machine's has " + std::to_string(most_of_body) + " at most"};
    }
    return body;
}

// About what a section or a field takes in memory, beside its bytes.
constexpr std::uint64_t k_memory_of_a_field = sizeof(snapshot_section) + 64;

std::optional<saved_field> read_field(body_reader& in)
{
    saved_field field{in.text(), {}};
    in.charge(k_memory_of_a_field + field.name.size());
    const std::uint64_t kind = in.number(1);
    if (kind > k_bytes) return std::nullopt;
    if (kind == k_number) {
        field.value = in.number(8);
    } else {
        field.value = in.bytes();
    }
    if (in.overran()) return std::nullopt;
    return field;
}

// The sections of a body; nothing where they cannot be made out.
std::optional<snapshot> read_sections(body_reader& in)
{
    snapshot state;
    for (std::uint64_t sections = in.number(4); sections > 0; --sections) {
        snapshot_section section;
        section.name = in.text();
        section.instance = static_cast<std::uint32_t>(in.number(4));
        in.charge(k_memory_of_a_field + section.name.size());
        for (std::uint64_t fields = in.number(4); fields > 0; --fields) {
            auto field = read_field(in);
            if (!field) return std::nullopt;
            section.fields.push_back(std::move(*field));
        }
        if (in.overran()) return std::nullopt;
        state.push_back(std::move(section));
    }
    if (in.overran() || in.left() != 0) return std::nullopt;
    return state;
}

// Bytes in memory that outlive it.
class bytes_at_hand final : public byte_source {
public:
    explicit bytes_at_hand(const byte_string& bytes) : bytes_(bytes) {}
    std::uint64_t size() const override { return bytes_.size(); }
    failure read(std::uint64_t at, std::uint8_t* to, std::size_t count) const override
    {
        std::memcpy(to, bytes_.data() + at, count);
        return std::nullopt;
    }

private:
    const byte_string& bytes_;
};

} // namespace

result<snapshot_header> encode_body(const snapshot& state, const byte_sink& to)
{
    body_writer body(to);
    body.number(state.size(), 4);
    for (const snapshot_section& section : state) {
        body.text(section.name);
        body.number(section.instance, 4);
        body.number(section.fields.size(), 4);
        for (const saved_field& field : section.fields) {
            body.text(field.name);
            if (const auto* number = std::get_if<std::uint64_t>(&field.value)) {
                body.number(k_number, 1);
                body.number(*number, 8);
                continue;
            }
            body.number(k_bytes, 1);
            if (const auto* held = std::get_if<byte_string>(&field.value)) {
                body.bytes(*held);
            } else {
                body.bytes(*std::get<shared_source>(field.value));
            }
        }
    }
    return body.end();
}

std::vector<std::uint8_t> encode_snapshot(const snapshot& state)
{
    byte_string bytes(k_header_bytes);
    const auto encoded = encode_body(state, [&bytes](const std::uint8_t* piece, std::size_t count) {
        bytes.insert(bytes.end(), piece, piece + count);
        return std::nullopt;
    });
    const byte_string& header = encoded->bytes;
    std::copy(header.begin(), header.end(), bytes.begin());
    return bytes;
}

result<stored_snapshot> decode_snapshot(const shared_source& file, const reading_limits& limits)
{
    const auto header = read_header(*file, limits.body);
    if (!header) return header.why();
    const seal& expected = *header;
    body_reader in(std::make_shared<part_of_source>(file, k_header_bytes, expected.length), limits);
    auto state = read_sections(in);
    const std::uint64_t malformed_at = k_header_bytes + in.at();
    in.skip(in.left());
    if (in.fault()) return refusal{*in.fault()};
    if (in.checksum() != expected.checksum) {
        return refusal{"is corrupted: its checksum is " + hexadecimal(expected.checksum) + ", that of its contents " +
                       hexadecimal(in.checksum())};
    }
    // The checksum holds: what is wrong now was written so.
    if (!state) return refusal{"is corrupted: no field can be read at byte " + std::to_string(malformed_at)};
    return stored_snapshot{std::move(*state), expected.checksum};
}

result<snapshot> decode_snapshot(const std::vector<std::uint8_t>& bytes)
{
    auto decoded = decode_snapshot(std::make_shared<bytes_at_hand>(bytes), {UINT64_MAX, UINT64_MAX, UINT64_MAX});
    if (!decoded) return std::move(decoded).why();
    return std::move(decoded->state);
}

} // namespace vigil::runstate
